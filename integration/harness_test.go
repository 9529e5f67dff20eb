// Package integration holds the tests that use everything: a server side in one
// hostile hand, members that lie, and whole rounds.
package integration

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"slices"
	"testing"
	"time"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// Eight members at gamma 1/4: A_corr = 2, t = q = 6, as many countersigners, and
// 4 in the least accepted set. The last two members are the server's.
const (
	members = 8
	corrupt = 2
	quorum  = 6
	dim     = 5
	session = "hostile"
)

// A server is the whole server side in one hostile hand: it keeps every byte
// that a member ever sent, shows each member what it likes and holds the keys
// of the corrupt members. It is write-once to nobody.
type server struct {
	t                 *testing.T
	authority, opener ed25519.PrivateKey
	roster            *wire.Roster
	model, previous   wire.Digest
	number            uint32
	r                 *secagg.Round
	members           []*member
	store             map[wire.Key][]byte
	main              *view // the story that everyone believes unless told another
}

// A member is a participant, honest unless the server uses its key, with what it
// has on disk.
type member struct {
	*secagg.Participant
	s     *server
	i     int
	cfg   secagg.Config
	mem   secagg.Memory
	disk  *secagg.State
	shown map[wire.Key][]byte // what this member alone is shown
	told  []wire.Entry        // everything it was shown in this round, in order
	sent  []wire.Entry

	restored bool // from a backup: it may say other things than it said before
}

func identity(role string, i int) ed25519.PrivateKey {
	seed := wire.Sum(fmt.Appendf(nil, "%s %d", role, i))
	return ed25519.NewKeyFromSeed(seed[:])
}

func newServer(t *testing.T) *server {
	s := &server{t: t, authority: identity("authority", 0), opener: identity("opener", 0), store: map[wire.Key][]byte{},
		model: wire.Sum([]byte("model"))}
	s.roster = &wire.Roster{Session: session, Version: 3, Opener: public(s.opener)}
	for i := range members {
		id := identity("member", i)
		m := &member{s: s, i: i, cfg: secagg.Config{Name: fmt.Sprintf("m%03d", i), Identity: id, Rand: rand.Reader,
			Authority: s.authority.Public().(ed25519.PublicKey), Policy: secagg.DefaultPolicy(), Model: s.model,
			Contribution: &secagg.Contribution{Update: update(i), Weight: uint32(i%3) + 1}}}
		s.members = append(s.members, m)
		s.roster.Members = append(s.roster.Members, wire.Member{Name: m.cfg.Name, Identity: public(id), MaxWeight: 4})
	}
	return s
}

func public(k ed25519.PrivateKey) [wire.IdentitySize]byte {
	return [32]byte(k.Public().(ed25519.PublicKey))
}

func update(i int) []float64 {
	u := make([]float64, dim)
	u[i%dim] = float64(i + 1)
	return u
}

// everyone and honest list positions, front and back the halves of the honest;
// but lists the first set without others.
func everyone() []int { return seq(0, members) }
func honest() []int   { return seq(0, members-corrupt) }
func front() []int    { return seq(0, 3) }
func back() []int     { return seq(3, 6) }

func seq(from, to int) (out []int) {
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

func but(set []int, without ...int) []int {
	return slices.DeleteFunc(slices.Clone(set), func(i int) bool { return slices.Contains(without, i) })
}

// next starts a round: members are new machines over what they remember. change
// edits the Open before it is signed.
func (s *server) next(change func(*wire.Open)) []wire.Entry {
	s.number++
	o := s.terms()
	if change != nil {
		change(o)
	}
	for _, m := range s.members {
		m.restart(nil)
		m.told = nil
	}
	s.main = &view{s: s, to: everyone()}
	es := s.opening(o, s.opener)
	s.fold(es)
	return es
}

// begin is an honest beginning.
func (s *server) begin() *view {
	s.show(everyone(), s.next(nil))
	return s.main
}

// fold is the server's own reading of the Open that members believe.
func (s *server) fold(es []wire.Entry) {
	last := len(es) - 1
	r, err := secagg.NewRound(record(es[last]))
	if err == nil && r.AddRoster(record(es[0])) == nil {
		s.r = r
	}
}

func record(e wire.Entry) wire.Record { return wire.Record{Key: e.Key, Body: e.Body} }

// terms are those of an honest Open.
func (s *server) terms() *wire.Open {
	o := &wire.Open{Version: wire.Version, Session: session, Round: s.number, Previous: s.previous, RosterRoot: s.roster.Root(),
		RosterParts: 1, Model: s.model, Update: wire.UpdateMean, Dim: dim, Bits: 16, Clip: 4, MaxWeight: 4,
		Weights: wire.WeightsPublic, Masking: wire.MaskingPairwise, Filter: wire.FilterNone, Gamma: wire.Ratio{Num: 1, Den: 4},
		Delta: wire.Ratio{Num: 1, Den: 10}, Sigma: 40, Eta: 20, Floor: 2, MinU1: 3, Finder: 1, PartSize: wire.MinPartSize}
	for i := range wire.Phases {
		o.Deadlines = append(o.Deadlines, time.UnixMilli(1_800_000_000_000).Add(time.Duration(i)*time.Minute).UnixMilli())
	}
	return o
}

// opening is the Open, signed, after the roster as the authority signed it.
func (s *server) opening(o *wire.Open, opener ed25519.PrivateKey) []wire.Entry {
	return s.openingOf(o, opener, secagg.SignRoster(s.authority, s.roster))
}

func (s *server) openingOf(o *wire.Open, opener ed25519.PrivateKey, roster []byte) []wire.Entry {
	es := wire.RosterEntries(session, o.Round, roster)
	open := wire.Entry{Key: wire.Key{Session: session, Round: o.Round, Kind: wire.KindOpen, Member: wire.Nobody},
		Body: secagg.Sign(opener, wire.KindOpen, wire.Digest{}, o)}
	return append(es, open)
}

// restart is what a crash leaves: the machine over state and memory. With a nil
// state it is the beginning of a round.
func (m *member) restart(state *secagg.State) {
	mem := m.mem
	mem.Spent = slices.Clone(mem.Spent)
	m.disk, m.shown = state, map[wire.Key][]byte{}
	m.Participant = secagg.NewParticipant(m.cfg, &mem, cloneState(state))
}

// again is a crash: the machine over what is on disk is told everything again,
// but for facts of some kinds, and whatever they lead to.
func (m *member) again(without ...wire.Kind) {
	told := m.told
	m.restart(m.disk)
	m.told = nil
	for _, e := range told {
		if !slices.Contains(without, e.Key.Kind) {
			m.see([]wire.Entry{e})
		}
	}
}

func cloneState(s *secagg.State) *secagg.State {
	if s == nil {
		return nil
	}
	c := *s
	c.Master, c.Sent = slices.Clone(s.Master), slices.Clone(s.Sent)
	return &c
}

// show tells some members the same entries.
func (s *server) show(to []int, es ...[]wire.Entry) {
	for _, i := range to {
		s.members[i].see(slices.Concat(es...))
	}
}

// see gives a member facts, and content for when it asks.
func (m *member) see(es []wire.Entry) {
	m.told = append(m.told, es...)
	for _, e := range es {
		m.shown[e.Key] = e.Body
	}
	for _, e := range es {
		if e.Key.Kind.Row().Stream == wire.Log {
			m.take(m.Step(record(e)))
		}
	}
	m.feed()
}

// feed answers what a member wants, each key twice at most: other bytes than a
// header names are asked for again, for ever.
func (m *member) feed() {
	tried := map[wire.Key]int{}
	for again := true; again; {
		again = false
		for _, k := range m.Wants() {
			body, ok := m.shown[k]
			if !ok {
				body, ok = m.s.store[k]
			}
			if ok && tried[k] < 2 {
				tried[k]++
				again = true
				m.take(m.Step(wire.Record{Key: k, Body: body}))
			}
		}
	}
}

// take persists, then sends. An honest member never sends two things at a key.
func (m *member) take(es []wire.Entry) {
	if s, dirty := m.State(); dirty {
		m.disk, m.mem = cloneState(s), *m.Memory()
		m.mem.Spent = slices.Clone(m.mem.Spent)
	}
	for _, e := range es {
		m.sent = append(m.sent, e)
		old, taken := m.s.store[e.Key]
		if taken && !bytes.Equal(old, e.Body) && m.i < members-corrupt && !m.restored {
			m.s.t.Errorf("%s sent other bytes at %s", m.cfg.Name, e.Key)
		}
		if !taken {
			m.s.store[e.Key] = e.Body
		}
	}
}

// said collects what members put at their records of a kind.
func (s *server) said(kind wire.Kind, who []int) map[int][]byte {
	out := map[int][]byte{}
	for _, i := range who {
		if b, ok := s.store[s.r.Key(kind, s.r.Name(i), 0)]; ok {
			out[i] = b
		}
	}
	return out
}

// sign makes a record of a member whose key the server holds - or, for the tests
// of forgeries, signs as member i with the key of another.
func (s *server) sign(i int, kind wire.Kind, m wire.Message) []byte {
	return secagg.Sign(s.members[i].cfg.Identity, kind, s.r.Ctx, m)
}

// decode reads a member's signed record.
func decode[T any, M interface {
	*T
	wire.Message
}](s *server, body []byte) T {
	s.t.Helper()
	m := M(new(T))
	if _, err := wire.DecodeSigned(body, m); err != nil {
		s.t.Fatal(err)
	}
	return *m
}
