package secagg

import (
	"crypto/ed25519"
	"fmt"
	"io"
	"slices"

	"chorus/pkg/secagg/commit"
	"chorus/pkg/secagg/finder"
	"chorus/pkg/wire"
)

// A Contribution is what a member puts into the sum.
type Contribution struct {
	Update   []float64
	Weight   uint32
	Rounding io.Reader // of stochastic rounding; nil: Config.Rand
}

// A Config makes a participant. Without an Identity it is an observer, which
// verifies everything and sends nothing: an auditor, a member that comes late.
type Config struct {
	Name         string
	Identity     ed25519.PrivateKey
	Authority    ed25519.PublicKey // pinned: who says who is a member
	Policy       Policy
	Model        wire.Digest   // the model this member was told to expect; zero: Memory's
	Contribution *Contribution // nil: hold shares, sign and attest only
	Rand         io.Reader     // pkg/client passes crypto/rand.Reader, and nothing else
}

// Format redacts: Config holds the identity and the update.
func (c Config) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "secagg.Config(%s, redacted)", c.Name) }

// Format redacts: this is what all of it protects.
func (Contribution) Format(f fmt.State, _ rune) { io.WriteString(f, "secagg.Contribution(redacted)") }

// State is what a member must not lose within a round: it is persisted before
// the entries that Step returned with it are sent. It holds secrets.
type State struct {
	Ctx    wire.Digest
	Master []byte // everything the member draws in this round comes from it
	Sent   []Sent
}

// Format redacts: State holds the master secret.
func (State) Format(f fmt.State, _ rune) { io.WriteString(f, "secagg.State(redacted)") }

// Sent is the answer to one phase, for ever: after a crash a member sends these
// bytes again or nothing.
type Sent struct {
	Phase   string
	Bind    wire.Digest // what the answer was given on: a root, or A
	Entries []wire.Entry
}

// A Participant is one member's machine for one round: the same fold in tests,
// simulation and production. Step takes records of the round's log and the
// content that Wants lists, in any order and any number of times.
type Participant struct {
	cfg   Config
	mem   *Memory
	state *State
	round *Round
	pos   int // roster position; -1: observer
	sec   *secrets

	facts   map[wire.Key][]byte
	content map[wire.Key][]byte
	wants   []wire.Key
	step    int
	out     []wire.Entry
	dirty   bool
	err     error
	done    bool
	abort   *wire.Abort
	without error             // why a member only observes
	fetched map[wire.Key]bool // by Audit

	setup      wire.Setup
	adverts    map[int]*wire.Advert
	u1, u2     Set
	params     finder.PairwiseParams
	shareSet   wire.ShareSet
	shares     map[int]*wire.Shares
	boxes      map[int][]byte       // opened boxes, by dealer
	disputed   []wire.BoxRef        // boxes this member complained about
	disputedBy map[int]*Commitments // of their dealers; nil: not a dealing
	encoded    []int32
	collection wire.Collection
	inputs     map[int]*wire.Input
	u3, set    Set // collected, accepted
	accepted   wire.Accepted
	result     wire.Result
	mean       []float64
	words      []byte
	rows       []commit.Point // of A, added up
	added      map[int]bool   // whose rows are in
	cert       wire.Certificate
}

// NewParticipant starts or resumes a member. state is nil for a round that this
// member has not answered; mem is shared by all its rounds and is changed.
func NewParticipant(cfg Config, mem *Memory, state *State) *Participant {
	p := &Participant{cfg: cfg, mem: mem, state: state, pos: -1, facts: map[wire.Key][]byte{},
		content: map[wire.Key][]byte{}, boxes: map[int][]byte{}, disputedBy: map[int]*Commitments{}}
	return p
}

// steps are the member's duties, in order. Each returns false while something
// that it needs has not arrived.
func (p *Participant) steps() []func() (bool, error) {
	return []func() (bool, error){p.join, p.advertiseKeys, p.shareKeys, p.openBoxes, p.contribute,
		p.witness, p.answer, p.consent, p.reveal, p.attest, p.certify}
}

// Duties names the steps, for people.
var Duties = []string{"join", "advertise keys", "share keys", "open boxes", "contribute",
	"witness the collection", "answer complaints", "consent to A", "reveal shares", "attest the result", "certificate"}

// Step folds in one record and returns what it causes: entries to persist with
// State and Memory, and then to send, in order.
func (p *Participant) Step(rec wire.Record) []wire.Entry {
	if p.Over() || rec.Key.Check() != nil || !p.expects(rec.Key) {
		return nil
	}
	into := p.content
	if rec.Key.Kind.Row().Stream == wire.Log {
		into = p.facts
	}
	if _, ok := into[rec.Key]; ok {
		return nil
	}
	into[rec.Key] = rec.Body
	if rec.Key.Kind == wire.KindOpen && p.round == nil {
		if p.round, p.err = NewRound(rec); p.err != nil {
			return nil
		}
	}
	return p.advance()
}

// expects bounds what a hostile server can make this member keep: records of
// its own round, at the keys that a round has, and what it asked for.
func (p *Participant) expects(k wire.Key) bool {
	if p.round != nil && (k.Session != p.round.Open.Session || k.Round != p.round.Open.Round) {
		return false
	}
	switch row := k.Kind.Row(); {
	case k.Kind == wire.KindOpen:
		return k.Member == wire.Nobody && k.Part == 0
	case k.Kind == wire.KindRoster:
		return k.Member == wire.Nobody && k.Part <= wire.MaxRosterBytes/wire.MaxBody
	case k.Kind == wire.KindAbort:
		return slices.Contains(stages, k.Member) && k.Part == 0
	case row.Stream == wire.Log && row.Member == wire.Nobody && row.Public:
		return k.Member == wire.Nobody && k.Part == 0
	}
	return slices.Contains(p.wants, k)
}

// stages may abort a round.
var stages = []string{wire.Keybroker, wire.Collector, wire.Verifier, wire.Robust, wire.Unmasker}

func (p *Participant) advance() []wire.Entry {
	p.out = nil
	if p.round == nil || p.aborted() {
		return nil
	}
	steps := p.steps()
	for p.err == nil && p.step < len(steps) {
		p.wants = p.wants[:0]
		ok, err := steps[p.step]()
		if err != nil {
			p.err = err
			p.erase()
			return nil // what the failing step made is not sent
		}
		if !ok {
			break
		}
		p.step++
	}
	if p.step == len(steps) {
		p.done = true
		p.erase()
	}
	return p.out
}

// aborted ends the round for this member when any stage has aborted it.
func (p *Participant) aborted() bool {
	for _, stage := range stages {
		b, ok := p.facts[p.round.Key(wire.KindAbort, stage, 0)]
		if !ok {
			continue
		}
		a := new(wire.Abort)
		if wire.DecodeBody(b, a) != nil {
			a.Reason, a.Detail = wire.Malformed, "an unreadable abort"
		}
		p.abort = a
		p.erase()
		return true
	}
	return false
}

// erase forgets the secrets of the round; what stays opens nothing.
func (p *Participant) erase() {
	p.sec, p.boxes = nil, nil
	if p.state != nil {
		clear(p.state.Master)
		p.state.Master, p.state.Sent = nil, nil
		p.dirty = true
	}
}

// fact decodes a singleton record of the log; false while it is not there.
func (p *Participant) fact(k wire.Kind, m wire.Message) (bool, error) {
	b, ok := p.facts[p.round.Key(k, wire.Nobody, 0)]
	if !ok {
		return false, nil
	}
	return true, wire.DecodeBody(b, m)
}

// need returns the content at keys, in order; false, and they are wanted, while
// one of them has not arrived.
func (p *Participant) need(keys ...wire.Key) ([][]byte, bool) {
	out := make([][]byte, len(keys))
	for i, k := range keys {
		b, ok := p.content[k]
		if k.Kind.Row().Stream == wire.Log {
			b, ok = p.facts[k]
		}
		if !ok {
			p.wants = append(p.wants, k)
		}
		out[i] = b
	}
	return out, len(p.wants) == 0
}

// blob returns a bundle's bytes. Other bytes than the digest names count as not
// delivered: they are asked for again.
func (p *Participant) blob(kind wire.Kind, b wire.Blob) ([]byte, bool) {
	if b.Bytes > uint64(p.round.N()+1)*maxItem || uint64(b.Parts) > b.Bytes/wire.MaxPart+1 {
		return nil, true // more than a record of everyone: nothing that could be verified is worth fetching
	}
	keys := b.Chunks(p.round.Key(kind, wire.Nobody, 0))
	parts, ok := p.need(keys...)
	if !ok {
		return nil, false
	}
	joined, err := wire.JoinBlob(b, parts)
	for _, k := range keys {
		delete(p.content, k)
	}
	if err != nil {
		p.wants = append(p.wants, keys...)
		return nil, false
	}
	return joined, true
}

// maxItem bounds what one member adds to a bundle.
const maxItem = wire.MaxBody + 16

// answerOnce returns the entries with which this member answers a phase. The
// first call makes them; every later one, also after a crash, gets the same
// bytes, and an answer to anything else is refused.
func (p *Participant) answerOnce(phase string, bind wire.Digest, make func() ([]wire.Entry, error)) error {
	i := slices.IndexFunc(p.state.Sent, func(s Sent) bool { return s.Phase == phase })
	if i < 0 {
		es, err := make()
		if err != nil {
			return err
		}
		p.state.Sent = append(p.state.Sent, Sent{Phase: phase, Bind: bind, Entries: es})
		p.dirty = true
		i = len(p.state.Sent) - 1
	}
	if p.state.Sent[i].Bind != bind {
		return fmt.Errorf("%w (%s)", ErrSecondRequest, phase)
	}
	p.out = append(p.out, p.state.Sent[i].Entries...)
	return nil
}

// say signs a message into this member's record of a kind.
func (p *Participant) say(k wire.Kind, m wire.Message) wire.Entry {
	return wire.Entry{Key: p.round.Key(k, p.cfg.Name, 0), Body: Sign(p.cfg.Identity, k, p.round.Ctx, m)}
}

// sentHeader is this member's own record in an answer: the last entry.
func (p *Participant) sentHeader(phase string) (wire.Entry, bool) {
	for _, s := range p.state.Sent {
		if s.Phase == phase && len(s.Entries) > 0 {
			return s.Entries[len(s.Entries)-1], true
		}
	}
	return wire.Entry{}, false
}

// Resent compares what the log holds at a key this member writes with what its
// state says it sent there.
func (p *Participant) Resent(rec wire.Record) error {
	if p.state == nil {
		return nil
	}
	for _, s := range p.state.Sent {
		for _, e := range s.Entries {
			if e.Key == rec.Key && string(e.Body) != string(rec.Body) {
				return ErrRolledBack
			}
		}
	}
	return nil
}

// Wants lists the keys whose records this member waits for, beyond the public
// singletons of the round's log.
func (p *Participant) Wants() []wire.Key { return slices.Clone(p.wants) }

// Kept counts the records that the member holds in memory.
func (p *Participant) Kept() int { return len(p.facts) + len(p.content) }

// Over reports that nothing further will happen: done, refused or aborted.
func (p *Participant) Over() bool { return p.done || p.err != nil || p.abort != nil }

// Err is the refusal that ended the round for this member, if one did.
func (p *Participant) Err() error { return p.err }

// Aborted is the abort that ended the round, if one did.
func (p *Participant) Aborted() *wire.Abort { return p.abort }

// Observing says why a member of the roster only observes this round; nil if it
// takes part, or is no member to begin with.
func (p *Participant) Observing() error { return p.without }

// Done reports that the certificate was verified.
func (p *Participant) Done() bool { return p.done }

// Doing is the index into Duties of what this member is at.
func (p *Participant) Doing() int { return min(p.step, len(Duties)-1) }

// State returns what has to be persisted, and whether it changed since the last
// call.
func (p *Participant) State() (s *State, dirty bool) {
	dirty, p.dirty = p.dirty, false
	return p.state, dirty
}

// Memory is the memory given to NewParticipant.
func (p *Participant) Memory() *Memory { return p.mem }

// Round is the round, or nil before its Open arrived.
func (p *Participant) Round() *Round { return p.round }

// Encoded is this member's own encoded update, for the program that trained it.
func (p *Participant) Encoded() []int32 { return p.encoded }
