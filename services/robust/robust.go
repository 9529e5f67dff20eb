// Package robust derives the one accepted set of a round. This version has the
// filter "none": A is the collection without dealers that leave over complaints.
package robust

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
		Name: wire.Robust,
		Reads: []wire.Kind{wire.KindRoster, wire.KindSetup, wire.KindShareSet, wire.KindInput, wire.KindCollection,
			wire.KindWitnessed, wire.KindComplaints, wire.KindSettlement},
		Derives: []wire.Kind{wire.KindAccepted},
		New: func(open wire.Record) (stage.Machine, error) {
			return secagg.NewMachine(wire.Robust, open, func(f *secagg.Fold) secagg.Body { return &machine{Fold: f} })
		},
	}
}

type machine struct {
	*secagg.Fold
	headers    map[string]wire.Digest // of every input record, by name
	setup      wire.Setup
	shareSet   wire.ShareSet
	collection *wire.Collection
	witnessed  bool
	complaints *wire.Complaints
	settlement *wire.Settlement
	decided    bool
}

// Start aborts a round whose filter this version does not have: better no result
// than one that passes for filtered.
func (m *machine) Start() []wire.Entry {
	m.headers = map[string]wire.Digest{}
	if m.Open.Filter != wire.FilterNone {
		return m.Abort(wire.Unsupported, fmt.Sprintf("filter %q: this version has only %q", m.Open.Filter, wire.FilterNone))
	}
	return nil
}

// Take implements secagg.Body.
func (m *machine) Take(r wire.Record) []wire.Entry {
	switch r.Key.Kind {
	case wire.KindInput:
		m.headers[r.Key.Member] = wire.Sum(r.Body)
		return nil
	case wire.KindSetup:
		return m.Read(r, &m.setup)
	case wire.KindShareSet:
		return m.Read(r, &m.shareSet)
	case wire.KindCollection:
		m.collection = new(wire.Collection)
		return append(m.Read(r, m.collection), m.decide()...)
	case wire.KindWitnessed:
		m.witnessed = true
	case wire.KindComplaints:
		m.complaints = new(wire.Complaints)
		return append(m.Read(r, m.complaints), m.decide()...)
	case wire.KindSettlement:
		m.settlement = new(wire.Settlement)
		return append(m.Read(r, m.settlement), m.decide()...)
	}
	return m.decide()
}

// decide derives A once the collection root has its quorum and every dispute is
// settled. There is one A in a round, whatever comes later.
func (m *machine) decide() []wire.Entry {
	open := m.collection == nil || !m.witnessed || m.complaints == nil
	if m.Over || m.decided || open || len(m.complaints.Disputes) > 0 && m.settlement == nil {
		return nil
	}
	m.decided = true
	out := map[wire.Reason]wire.Bitmap{}
	members := m.collection.Members.Clone()
	leave := func(why wire.Reason, who wire.Bitmap) {
		for i := range who.All() {
			if members.Has(i) {
				members.Remove(i)
				if out[why] == nil {
					out[why] = wire.NewBitmap(m.N())
				}
				out[why].Add(i)
			}
		}
	}
	leave(wire.InconsistentDealing, m.complaints.Excess)
	if m.settlement != nil {
		for _, x := range m.settlement.Leaving {
			leave(x.Reason, x.Who)
		}
	}
	return m.accept(members, secagg.Exclusions(out))
}

func (m *machine) accept(members wire.Bitmap, rejected []wire.Exclusion) []wire.Entry {
	if need := finder.MinAccepted(int(m.Open.Floor), m.Corrupt); members.Len() < need {
		return m.Abort(wire.NotEnough, fmt.Sprintf("%d members are left to accept, %d are needed", members.Len(), need))
	}
	set := secagg.Set{}
	for i := range members.All() {
		set[i] = m.headers[m.Name(i)]
	}
	a := &wire.Accepted{Members: members, SetupRoot: m.setup.Root, ShareRoot: m.shareSet.Root, Collection: m.collection.Root,
		Digest: m.AcceptedDigest(m.setup.Root, m.shareSet.Root, m.collection.Root, set), Rejected: rejected}
	return []wire.Entry{{Key: m.Key(wire.KindAccepted, wire.Nobody, 0), Body: wire.Encode(a)}}
}
