// Package collector closes MaskedInputCollection (Bonawitz et al., CCS 2017,
// Figure 4, Round 2): it derives U3 with the collection root and, once A is
// fixed, has the masked sum over A made part by part.
package collector

import (
	"context"
	"errors"
	"fmt"

	"chorus/pkg/secagg"
	"chorus/pkg/secagg/finder"
	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// Spec declares the stage.
func Spec() stage.Spec {
	return stage.Spec{
		Name: wire.Collector,
		Reads: []wire.Kind{wire.KindRoster, wire.KindSetup, wire.KindShareSet, wire.KindInput, wire.KindInputIntake,
			wire.KindAccepted, wire.KindDeadline},
		Derives:  []wire.Kind{wire.KindCollection},
		Observes: []wire.Kind{wire.KindInputIntake, wire.KindSum, wire.KindDeadline},
		New: func(open wire.Record) (stage.Machine, error) {
			return secagg.NewMachine(wire.Collector, open, func(f *secagg.Fold) secagg.Body { return &machine{Fold: f} })
		},
		Work: map[wire.Kind]stage.Worker{wire.KindInputIntake: intake, wire.KindSum: sum},
	}
}

type machine struct {
	*secagg.Fold
	setup      wire.Setup
	shareSet   *wire.ShareSet
	inputs     *secagg.Tally
	collection *wire.Collection
}

// Start implements secagg.Body.
func (m *machine) Start() []wire.Entry { return nil }

// Take implements secagg.Body.
func (m *machine) Take(r wire.Record) []wire.Entry {
	switch {
	case r.Key.Kind == wire.KindSetup:
		return m.Read(r, &m.setup)
	case r.Key.Kind == wire.KindShareSet:
		m.shareSet, m.inputs = new(wire.ShareSet), secagg.NewTally(m.N())
		return append(m.Read(r, m.shareSet), m.Arm(wire.MaskedInput)...)
	case m.shareSet == nil:
		return nil
	case r.Key.Kind == wire.KindDeadline:
		return append(m.TakeDeadline(r), m.close()...)
	case r.Key.Kind == wire.KindInput:
		return m.input(r)
	case r.Key.Kind == wire.KindInputIntake:
		return m.intake(r)
	case r.Key.Kind == wire.KindAccepted:
		return m.sum(r)
	}
	return nil
}

func (m *machine) input(r wire.Record) []wire.Entry {
	if m.collection != nil {
		return nil // late
	}
	var in wire.Input
	i, why := m.Admit(r, &in)
	switch {
	case why != "":
	case !m.shareSet.U2.Has(i) || m.Up(wire.MaskedInput):
		why = wire.Late
	case in.SetupRoot != m.setup.Root || in.ShareRoot != m.shareSet.Root:
		why = wire.WrongRoot
	default:
		why = m.CheckInput(i, &in)
	}
	if why != "" {
		m.inputs.Exclude(i, why)
		return nil
	}
	m.inputs.Hold(i, r.Body)
	return []wire.Entry{secagg.Order(m.Key(wire.KindInputIntake, r.Key.Member, 0), &wire.IntakeOrder{Header: wire.Sum(r.Body),
		Batches: []wire.Batch{{Kind: string(wire.KindInputPart), Parts: in.Words, Size: m.Open.PartSize},
			{Kind: string(wire.KindCommitPart), Parts: in.Commitments, Size: m.Open.PartSize}}})}
}

func (m *machine) intake(r wire.Record) []wire.Entry {
	var in wire.Intake
	if m.collection != nil || wire.DecodeBody(r.Body, &in) != nil {
		return nil
	}
	m.inputs.Settle(m.Roster.Position(r.Key.Member), &in)
	return m.close()
}

// close fixes U3 when all of U2 are in, or the time is up and no intake is
// outstanding.
func (m *machine) close() []wire.Entry {
	all := len(m.inputs.In) == m.shareSet.U2.Len()
	if m.collection != nil || !all && (!m.Up(wire.MaskedInput) || len(m.inputs.Wait) > 0) {
		return nil
	}
	if need := finder.MinAccepted(int(m.Open.Floor), m.Corrupt); len(m.inputs.In) < need {
		return m.Abort(wire.NotEnough, fmt.Sprintf("%d inputs were collected, %d are needed", len(m.inputs.In), need))
	}
	blob, es := m.inputs.Bundle().Pack(m.Key(wire.KindCollectionBundle, wire.Nobody, 0))
	m.collection = &wire.Collection{Members: m.inputs.In.Bitmap(m.N()), Bundle: blob, Excluded: m.inputs.Excluded(m.shareSet.U2),
		Root: m.CollectionRoot(m.setup.Root, m.shareSet.Root, m.inputs.In)}
	m.inputs.Body = nil
	es = append(es, wire.Entry{Key: m.Key(wire.KindCollection, wire.Nobody, 0), Body: wire.Encode(m.collection)})
	return append(es, m.Disarm(wire.MaskedInput)...)
}

// sum orders the parts of the sum over A. Masked words add up to nothing that
// anyone could read, so this need not wait for the members' consent.
func (m *machine) sum(r wire.Record) (es []wire.Entry) {
	var a wire.Accepted
	if es := m.Read(r, &a); m.Over || m.collection == nil {
		return es
	}
	for part := uint32(1); part <= m.VectorParts(); part++ {
		order := &wire.SumOrder{Part: part, Members: a.Members, Headers: m.collection.Bundle}
		es = append(es, secagg.Order(m.Key(wire.KindSum, wire.Nobody, part), order))
	}
	return es
}

// intake is the worker for inputs. Commitments that are no points would leave
// the sum unchecked, so they are found here, before A.
func intake(ctx context.Context, order wire.Record, bulk stage.Getter) ([]wire.Entry, error) {
	es, err := stage.Intake(ctx, order, bulk)
	if err != nil {
		return nil, err
	}
	var o wire.IntakeOrder
	var in wire.Intake
	if err := errors.Join(wire.Decode(order.Body, wire.MaxTask, &o), wire.DecodeBody(es[0].Body, &in)); err != nil || in.Reason != "" {
		return es, err
	}
	r, err := secagg.LoadRound(ctx, bulk, order.Key)
	if err != nil {
		return nil, err
	}
	b, err := secagg.LoadParts(ctx, bulk, r.Key(wire.KindCommitPart, order.Key.Member, 0), o.Batches[1].Parts)
	if err != nil {
		return nil, err
	}
	if _, err := r.ParseCommitmentRows(b); err != nil {
		in.Reason = wire.Malformed
		es[0].Body = wire.Encode(&in)
	}
	return es, nil
}

// sum is the worker: one part of every member of A, added up one by one, so
// that it holds two parts at a time whatever n and d are.
func sum(ctx context.Context, order wire.Record, bulk stage.Getter) ([]wire.Entry, error) {
	o, r, err := secagg.LoadOrder[wire.SumOrder](ctx, bulk, order)
	if err != nil {
		return nil, err
	}
	inputs, err := secagg.LoadMembers[wire.Input](ctx, bulk, r, wire.KindCollectionBundle, o.Headers)
	if err != nil {
		return nil, err
	}
	var total *secagg.Vector
	for i := range o.Members.All() {
		in, ok := inputs[i]
		if !ok {
			return nil, fmt.Errorf("position %d is accepted and was not collected", i)
		}
		b, err := secagg.LoadPart(ctx, bulk, r.Key(wire.KindInputPart, r.Name(i), 0), in.Words, o.Part)
		if err != nil {
			return nil, err
		}
		v, err := secagg.ParseVector(b, r.WordBytes())
		if err != nil {
			return nil, err
		}
		if total == nil {
			total = v
		} else if err := total.Add(v); err != nil {
			return nil, fmt.Errorf("part %d of %s: %w", o.Part, r.Name(i), err)
		}
	}
	if total == nil {
		return nil, fmt.Errorf("nobody is accepted")
	}
	body := total.Bytes()
	return []wire.Entry{
		{Key: r.Key(wire.KindSumPart, wire.Nobody, o.Part), Body: body},
		{Key: order.Key, Body: wire.Encode(&wire.SumPart{Digest: wire.Sum(body)})},
	}, nil
}
