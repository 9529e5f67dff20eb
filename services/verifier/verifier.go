// Package verifier counts signatures - over the collection root, over A
// (ConsistencyCheck; Bonawitz et al., CCS 2017, Figure 4, Round 3), over the
// result - checks the opened sum against the commitments of A, and issues the
// certificate.
package verifier

import (
	"fmt"

	"chorus/pkg/secagg"
	"chorus/pkg/secagg/finder"
	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// Spec declares the stage.
func Spec() stage.Spec {
	return stage.Spec{
		Name: wire.Verifier,
		Reads: []wire.Kind{wire.KindRoster, wire.KindSetup, wire.KindShareSet, wire.KindInput, wire.KindCollection, wire.KindWitness,
			wire.KindAccepted, wire.KindConsent, wire.KindOpened, wire.KindChecked, wire.KindAttest, wire.KindDeadline},
		Derives:  []wire.Kind{wire.KindWitnessed, wire.KindConsented, wire.KindResult, wire.KindCertificate},
		Observes: []wire.Kind{wire.KindChecked, wire.KindDeadline},
		New: func(open wire.Record) (stage.Machine, error) {
			return secagg.NewMachine(wire.Verifier, open, func(f *secagg.Fold) secagg.Body { return &machine{Fold: f} })
		},
		Work: map[wire.Kind]stage.Worker{wire.KindChecked: check},
	}
}

type machine struct {
	*secagg.Fold
	weights    map[string]uint32 // of every input header, by name
	setup      wire.Setup
	shareSet   wire.ShareSet
	collection wire.Collection
	accepted   wire.Accepted
	witnesses  *poll
	consents   *poll
	attests    *poll
	opened     map[uint32]wire.Digest
	sum        wire.Parts
	weight     uint64
	result     *wire.Result
}

// A poll collects the signatures of members of U2 over one message.
type poll struct {
	need   int
	bodies map[int][]byte
	done   bool
}

// Start implements secagg.Body.
func (m *machine) Start() []wire.Entry {
	m.weights, m.opened = map[string]uint32{}, map[uint32]wire.Digest{}
	return nil
}

// Take implements secagg.Body.
func (m *machine) Take(r wire.Record) []wire.Entry {
	switch r.Key.Kind {
	case wire.KindSetup:
		return m.Read(r, &m.setup)
	case wire.KindShareSet:
		return m.Read(r, &m.shareSet)
	case wire.KindInput:
		m.weigh(r)
	case wire.KindCollection:
		m.witnesses = m.poll(finder.Quorum(m.shareSet.U2.Len(), m.Corrupt))
		return append(m.Read(r, &m.collection), m.Arm(wire.CollectionPhase)...)
	case wire.KindWitness:
		return m.witness(r)
	case wire.KindAccepted:
		m.consents = m.poll(finder.Quorum(m.shareSet.U2.Len(), m.Corrupt))
		return append(m.Read(r, &m.accepted), m.Arm(wire.ConsistencyCheck)...)
	case wire.KindConsent:
		return m.consent(r)
	case wire.KindOpened:
		return m.open(r)
	case wire.KindChecked:
		return m.checked(r)
	case wire.KindAttest:
		return m.attest(r)
	case wire.KindDeadline:
		return append(m.TakeDeadline(r), m.timeUp()...)
	}
	return nil
}

func (m *machine) poll(need int) *poll { return &poll{need: need, bodies: map[int][]byte{}} }

// weigh notes the weight in a header; the collector judges headers, and only
// those that it admits count.
func (m *machine) weigh(r wire.Record) {
	var in wire.Input
	if _, err := wire.DecodeSigned(r.Body, &in); err == nil {
		m.weights[r.Key.Member] = in.Weight
	}
}

// count adds one member's signature if it is over want; it returns the bundle
// of all signatures at the one that makes the quorum.
func count[T comparable, M interface {
	*T
	wire.Message
}](m *machine, p *poll, r wire.Record, want T, bundle wire.Kind) (q *wire.Quorum, es []wire.Entry) {
	if p == nil || p.done {
		return nil, nil
	}
	got := M(new(T))
	i, why := m.Admit(r, got)
	if why != "" || !m.shareSet.U2.Has(i) || *got != want {
		return nil, nil
	}
	p.bodies[i] = r.Body
	if len(p.bodies) < p.need {
		return nil, nil
	}
	p.done = true
	q = &wire.Quorum{Signers: wire.NewBitmap(m.N())}
	for i := range p.bodies {
		q.Signers.Add(i)
	}
	q.Bundle, es = secagg.BundleOf(p.bodies).Pack(m.Key(bundle, wire.Nobody, 0))
	return q, es
}

func (m *machine) witness(r wire.Record) []wire.Entry {
	want := wire.Witness{SetupRoot: m.setup.Root, ShareRoot: m.shareSet.Root, Collection: m.collection.Root}
	q, es := count[wire.Witness](m, m.witnesses, r, want, wire.KindWitnessBundle)
	if q == nil {
		return nil
	}
	q.Of = m.collection.Root
	es = append(es, wire.Entry{Key: m.Key(wire.KindWitnessed, wire.Nobody, 0), Body: wire.Encode(q)})
	return append(es, m.Disarm(wire.CollectionPhase)...)
}

func (m *machine) consent(r wire.Record) []wire.Entry {
	want := wire.Consent{SetupRoot: m.setup.Root, ShareRoot: m.shareSet.Root, Collection: m.collection.Root, Accepted: m.accepted.Digest}
	q, es := count[wire.Consent](m, m.consents, r, want, wire.KindConsentBundle)
	if q == nil {
		return nil
	}
	q.Of = m.accepted.Digest
	es = append(es, wire.Entry{Key: m.Key(wire.KindConsented, wire.Nobody, 0), Body: wire.Encode(q)})
	return append(es, m.Disarm(wire.ConsistencyCheck)...)
}

// timeUp aborts a round in which a quorum did not come together in time.
func (m *machine) timeUp() []wire.Entry {
	switch {
	case m.witnesses != nil && !m.witnesses.done && m.Up(wire.CollectionPhase):
		return m.Abort(wire.NotEnough, fmt.Sprintf("%d of %d signatures over the collection root", len(m.witnesses.bodies), m.witnesses.need))
	case m.consents != nil && !m.consents.done && m.Up(wire.ConsistencyCheck):
		return m.Abort(wire.NotEnough, fmt.Sprintf("%d of %d signatures over A", len(m.consents.bodies), m.consents.need))
	}
	return nil
}
