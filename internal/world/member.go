package world

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"slices"

	"chorus/pkg/secagg"
	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// A Member is one participant: the machine, what it has on disk, and what it is
// about to send.
type Member struct {
	*secagg.Participant
	Name  string
	world *World

	position int
	identity ed25519.PrivateKey
	memory   secagg.Memory // on disk
	state    *secagg.State // on disk
	encoded  []int32       // what it put into the sum, as its training program knows it
	outbox   []wire.Entry
	read     int
	Gone     bool
	Mutate   Mutation // of a hostile member
	Planted  bool     // Mutate is a bug: the invariants take the member for honest
}

// honest members are those that the invariants speak of.
func (m *Member) honest() bool { return m.Mutate == nil || m.Planted }

// Identity is the key of a member that its owner misuses.
func (m *Member) Identity() ed25519.PrivateKey { return m.identity }

// World is where the member lives; a hostile one looks around.
func (m *Member) World() *World { return m.world }

// Sign makes a record of this member's for the round.
func (m *Member) Sign(k wire.Kind, msg wire.Message) wire.Entry {
	r := m.Round()
	return wire.Entry{Key: r.Key(k, m.Name, 0), Body: secagg.Sign(m.identity, k, r.Ctx, msg)}
}

// begin starts the member's round.
func (m *Member) begin() {
	m.state = nil
	m.Gone = false
	m.restart()
}

// restart is what a crash leaves: the machine over what is on disk.
func (m *Member) restart() {
	mem := cloneMemory(m.memory)
	m.Participant = secagg.NewParticipant(m.Config(), &mem, cloneState(m.state))
	m.outbox, m.read = nil, 0
}

// Config is what the member is made of.
func (m *Member) Config() secagg.Config {
	c := secagg.Config{Name: m.Name, Identity: m.identity, Authority: m.world.Authority.Public().(ed25519.PublicKey),
		Policy: secagg.DefaultPolicy(), Rand: rand.Reader, Contribution: &secagg.Contribution{Update: m.update(), Weight: m.weight()}}
	if m.world.Policy != nil {
		c.Policy = *m.world.Policy
	}
	if m.memory.Certificate.IsZero() {
		c.Model = m.world.model
	}
	return c
}

func (m *Member) weight() uint32 {
	if m.world.Weights != nil {
		return m.world.Weights[m.position]
	}
	return uint32(m.position%8) + 1
}

// update is one-hot: a wrong sum names the member whose input is missing, doubled
// or moved.
func (m *Member) update() []float64 {
	u := make([]float64, m.world.Dim)
	u[m.position%m.world.Dim] = float64(m.position + 1)
	return u
}

// deliver gives the member the next public record, or one of the records that it
// waits for; false if there is none.
func (m *Member) deliver(records []wire.Record) bool {
	if m.Gone || m.Over() {
		return false
	}
	for m.read < len(records) {
		r := records[m.read]
		m.read++
		if row := r.Key.Kind.Row(); row.Public && row.Member != "name" {
			m.take(r)
			return true
		}
	}
	for _, k := range m.Wants() {
		if r, err := m.world.Log.Get(context.Background(), k); err == nil {
			m.take(r)
			return true
		}
	}
	return false
}

// take steps the machine, puts on disk what changed, and only then queues what
// is to be sent.
func (m *Member) take(r wire.Record) {
	es := m.Step(r)
	if x := m.Encoded(); x != nil {
		m.encoded = x
	}
	if s, dirty := m.State(); dirty {
		m.state, m.memory = cloneState(s), cloneMemory(*m.Memory())
	}
	if m.Mutate != nil {
		es = m.Mutate(m, es)
	}
	if m.honest() {
		m.world.watch.emitted(m.Name, es)
	}
	m.outbox = append(m.outbox, es...)
}

// phases says in which phase a member sends a kind.
var phases = map[wire.Kind]wire.Phase{wire.KindAdvert: wire.AdvertiseKeys, wire.KindShares: wire.ShareKeys, wire.KindSharesPart: wire.ShareKeys,
	wire.KindInput: wire.MaskedInput, wire.KindInputPart: wire.MaskedInput, wire.KindCommitPart: wire.MaskedInput,
	wire.KindWitness: wire.CollectionPhase, wire.KindAnswer: wire.ComplaintsPhase, wire.KindConsent: wire.ConsistencyCheck,
	wire.KindReveal: wire.Unmasking, wire.KindRevealPart: wire.Unmasking, wire.KindAttest: wire.Attestation}

// send stores the next entry of the outbox; an unknown outcome is tried again.
func (m *Member) send() bool {
	if m.Gone || len(m.outbox) == 0 {
		return false
	}
	i := slices.IndexFunc(m.outbox, func(e wire.Entry) bool { return !e.NotBefore.After(m.world.now) })
	if i < 0 {
		return false
	}
	e := m.outbox[i]
	if p, drops := m.world.Drop[m.Name]; drops && p == phases[e.Key.Kind] {
		m.Gone = true
		return true
	}
	if err := m.world.append(e); err == nil || errors.Is(err, stage.ErrExists) || errors.Is(err, stage.ErrRefused) {
		m.outbox = slices.Delete(slices.Clone(m.outbox), i, i+1)
	}
	return true
}

// due is when the next entry that waits for its time may be sent; 0: none waits.
func (m *Member) due() (next int64) {
	for _, e := range m.outbox {
		if at := e.NotBefore.UnixNano(); !m.Gone && e.NotBefore.After(m.world.now) && (next == 0 || at < next) {
			next = at
		}
	}
	return next
}

func cloneState(s *secagg.State) *secagg.State {
	if s == nil {
		return nil
	}
	c := *s
	c.Master, c.Sent = slices.Clone(s.Master), slices.Clone(s.Sent)
	return &c
}

func cloneMemory(m secagg.Memory) secagg.Memory {
	m.Spent = slices.Clone(m.Spent)
	for i := range m.Spent {
		m.Spent[i].Sets = slices.Clone(m.Spent[i].Sets)
	}
	return m
}
