// Package unmasker is Unmasking (Bonawitz et al., CCS 2017, Figure 4, Round 4):
// it has the shares of a quorum-signed A verified, the seeds rebuilt, and the
// masks taken off the sum part by part.
package unmasker

import (
	"chorus/pkg/secagg"
	"chorus/pkg/secagg/finder"
	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// Spec declares the stage.
func Spec() stage.Spec {
	return stage.Spec{
		Name: wire.Unmasker,
		Reads: []wire.Kind{wire.KindRoster, wire.KindSetup, wire.KindShareSet, wire.KindAccepted, wire.KindConsented, wire.KindSum,
			wire.KindReveal, wire.KindRevealIntake, wire.KindRebuilt, wire.KindDeadline},
		Observes: []wire.Kind{wire.KindRevealIntake, wire.KindRebuilt, wire.KindOpened, wire.KindDeadline},
		New: func(open wire.Record) (stage.Machine, error) {
			return secagg.NewMachine(wire.Unmasker, open, func(f *secagg.Fold) secagg.Body { return &machine{Fold: f} })
		},
		Work: map[wire.Kind]stage.Worker{wire.KindRevealIntake: stage.Intake, wire.KindRebuilt: rebuild, wire.KindOpened: unmask},
	}
}

type machine struct {
	*secagg.Fold
	setup     wire.Setup
	shareSet  wire.ShareSet
	accepted  wire.Accepted
	params    finder.PairwiseParams
	consented bool
	sums      map[uint32]wire.Digest
	reveals   *secagg.Tally
	attempt   uint32
	trying    bool
	tried     int          // reveals that the last attempt used
	last      wire.Rebuilt // the last attempt that failed
	keys      *wire.Blob
}

// Start implements secagg.Body.
func (m *machine) Start() []wire.Entry {
	m.sums = map[uint32]wire.Digest{}
	return nil
}

// Take implements secagg.Body.
func (m *machine) Take(r wire.Record) []wire.Entry {
	switch r.Key.Kind {
	case wire.KindSetup:
		return m.start(r)
	case wire.KindShareSet:
		return m.Read(r, &m.shareSet)
	case wire.KindAccepted:
		return m.Read(r, &m.accepted)
	case wire.KindConsented:
		m.consented, m.reveals = true, secagg.NewTally(m.N())
		return m.Arm(wire.Unmasking)
	case wire.KindSum:
		return m.sum(r)
	case wire.KindReveal:
		return m.reveal(r)
	case wire.KindRevealIntake:
		return m.intake(r)
	case wire.KindRebuilt:
		return m.rebuilt(r)
	case wire.KindDeadline:
		return append(m.TakeDeadline(r), m.try()...)
	}
	return nil
}

func (m *machine) start(r wire.Record) []wire.Entry {
	es := m.Read(r, &m.setup)
	var err error
	if m.params, err = m.Params(m.setup.U1.Len()); err != nil && !m.Over {
		return m.Abort(wire.Internal, err.Error())
	}
	return es
}

func (m *machine) reveal(r wire.Record) []wire.Entry {
	var v wire.Reveal
	i, why := m.Admit(r, &v)
	count, bytes := secagg.RevealParts(m.shareSet.U2.Len())
	switch {
	case !m.consented || m.keys != nil || m.Up(wire.Unmasking) || why == wire.NotInRoster:
		return nil
	case why != "":
	case !m.shareSet.U2.Has(i):
		why = wire.Late
	case v.SetupRoot != m.setup.Root || v.Accepted != m.accepted.Digest:
		why = wire.WrongRoot
	case v.Shares.Count != count || v.Shares.Bytes != bytes:
		why = wire.Malformed
	}
	if why != "" {
		m.reveals.Exclude(i, why)
		return nil
	}
	m.reveals.Hold(i, r.Body)
	return []wire.Entry{secagg.Order(m.Key(wire.KindRevealIntake, r.Key.Member, 0), &wire.IntakeOrder{
		Header: wire.Sum(r.Body), Batches: []wire.Batch{{Kind: string(wire.KindRevealPart), Parts: v.Shares, Size: wire.MaxPart}}})}
}

func (m *machine) intake(r wire.Record) []wire.Entry {
	var in wire.Intake
	if m.reveals == nil || wire.DecodeBody(r.Body, &in) != nil {
		return nil
	}
	m.reveals.Settle(m.Roster.Position(r.Key.Member), &in)
	return m.try()
}

// try orders a rebuild as soon as t reveals are in, and again with every further
// one while shares turn out to be bad; it gives up when the time is up.
func (m *machine) try() []wire.Entry {
	if m.reveals == nil || m.trying || m.keys != nil {
		return nil
	}
	have := len(m.reveals.In)
	if have >= m.params.T && have > m.tried {
		return m.order()
	}
	if m.Up(wire.Unmasking) && len(m.reveals.Wait) == 0 {
		return m.Abort(m.shortage())
	}
	return nil
}

func (m *machine) order() []wire.Entry {
	m.trying, m.tried = true, len(m.reveals.In)
	m.attempt++
	o := &wire.RebuildOrder{U1: m.setup.U1, U2: m.shareSet.U2, Members: m.accepted.Members, Helpers: m.reveals.In.Bitmap(m.N()),
		Adverts: m.setup.Bundle, Headers: m.shareSet.Bundle, SetupRoot: m.setup.Root}
	return []wire.Entry{secagg.Order(m.Key(wire.KindRebuilt, wire.Nobody, m.attempt), o)}
}

func (m *machine) rebuilt(r wire.Record) []wire.Entry {
	var b wire.Rebuilt
	if es := m.Read(r, &b); m.Over || m.keys != nil || r.Key.Part != m.attempt {
		return es
	}
	m.trying = false
	if b.Lost.Len() > 0 {
		m.last = b
		return m.try()
	}
	m.keys = &b.Bundle
	es := m.Disarm(wire.Unmasking)
	for part := uint32(1); part <= m.VectorParts(); part++ {
		es = append(es, m.unmask(part)...)
	}
	return es
}

func (m *machine) sum(r wire.Record) []wire.Entry {
	var p wire.SumPart
	if es := m.Read(r, &p); m.Over {
		return es
	}
	m.sums[r.Key.Part] = p.Digest
	return m.unmask(r.Key.Part)
}

// unmask orders one opened part, once its sum and the keys are there.
func (m *machine) unmask(part uint32) []wire.Entry {
	sum, ok := m.sums[part]
	if !ok || m.keys == nil {
		return nil
	}
	return []wire.Entry{secagg.Order(m.Key(wire.KindOpened, wire.Nobody, part), &wire.UnmaskOrder{Part: part, Sum: sum, Keys: *m.keys})}
}
