// Package view turns the records of a round into what people ask of it: where it
// stands, who is out and why, and what came of it.
package view

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"chorus/pkg/secagg"
	"chorus/pkg/secagg/finder"
	"chorus/pkg/wire"
)

// A Dropped member left a phase, or never came to it.
type Dropped struct {
	Name   string      `json:"name"`
	Phase  wire.Phase  `json:"phase"`
	Reason wire.Reason `json:"reason"`
}

// A Rejected member was collected and is not in A.
type Rejected struct {
	Name   string      `json:"name"`
	Reason wire.Reason `json:"reason"`
}

// A Certificate counts attestations.
type Certificate struct {
	Signatures int `json:"signatures"`
	Quorum     int `json:"quorum"`
}

// A Status is one round at a glance.
type Status struct {
	Session     string       `json:"session"`
	Round       uint32       `json:"round"`
	State       string       `json:"state"` // a phase, "certified", "aborted" or "opened, uncertified"
	Remedy      string       `json:"remedy,omitempty"`
	Opened      time.Time    `json:"opened"`
	Deadline    time.Time    `json:"deadline"` // of the phase that is running
	Members     int          `json:"members"`
	Corrupt     int          `json:"a_corr"`
	Threshold   int          `json:"threshold,omitempty"`
	U1          int          `json:"u1"`
	U2          int          `json:"u2"`
	Contributed []string     `json:"contributors"`
	Accepted    []string     `json:"accepted"`
	Dropped     []Dropped    `json:"dropped"`
	Rejected    []Rejected   `json:"rejected"`
	Weight      uint64       `json:"weight,omitempty"`
	Certificate *Certificate `json:"certificate,omitempty"`
	Abort       *wire.Abort  `json:"abort,omitempty"`
	Records     int          `json:"records"`
	LogBytes    int64        `json:"log_bytes"`
	Millis      int64        `json:"ms"` // from the Open to the last record
}

// facts are the singletons of a round, decoded.
type facts struct {
	round       *secagg.Round
	setup       *wire.Setup
	shareSet    *wire.ShareSet
	collection  *wire.Collection
	accepted    *wire.Accepted
	wrong       map[string]bool // members that revealed a wrong share
	result      *wire.Result
	certificate *wire.Certificate
	abort       *wire.Abort
	wrote       map[wire.Kind]map[string]bool
}

// Of summarises the records of one round, in log order.
func Of(records []wire.Record) (*Status, error) {
	f, err := gather(records)
	if err != nil {
		return nil, err
	}
	r := f.round
	s := &Status{Session: r.Open.Session, Round: r.Open.Round, Members: r.N(), Corrupt: r.Corrupt, Records: len(records),
		Contributed: []string{}, Accepted: []string{}, Dropped: []Dropped{}, Rejected: []Rejected{}, Abort: f.abort}
	for _, rec := range records {
		s.LogBytes += int64(len(rec.Body))
		if rec.Key.Kind == wire.KindOpen {
			s.Opened = rec.Time
		}
	}
	s.Millis = records[len(records)-1].Time.Sub(s.Opened).Milliseconds()
	f.sets(s)
	f.dropped(s)
	s.State, s.Remedy = f.state()
	s.Deadline = r.Open.Deadline(wire.Phase(s.State))
	return s, nil
}

func gather(records []wire.Record) (*facts, error) {
	f := &facts{wrote: map[wire.Kind]map[string]bool{}, wrong: map[string]bool{}}
	for _, rec := range records {
		if rec.Key.Kind == wire.KindOpen && f.round == nil {
			r, err := secagg.NewRound(rec)
			if err != nil {
				return nil, err
			}
			f.round = r
		}
	}
	if f.round == nil {
		return nil, fmt.Errorf("no such round")
	}
	for _, rec := range records {
		if err := f.take(rec); err != nil {
			return nil, fmt.Errorf("%s: %w", rec.Key, err)
		}
	}
	if !f.round.Complete() {
		return nil, fmt.Errorf("round %s/%d has no complete roster", f.round.Open.Session, f.round.Open.Round)
	}
	return f, nil
}

func (f *facts) take(rec wire.Record) error {
	decode := func(m wire.Message) error { return wire.DecodeBody(rec.Body, m) }
	switch rec.Key.Kind {
	case wire.KindRoster:
		return f.round.AddRoster(rec)
	case wire.KindSetup:
		f.setup = new(wire.Setup)
		return decode(f.setup)
	case wire.KindShareSet:
		f.shareSet = new(wire.ShareSet)
		return decode(f.shareSet)
	case wire.KindCollection:
		f.collection = new(wire.Collection)
		return decode(f.collection)
	case wire.KindAccepted:
		f.accepted = new(wire.Accepted)
		return decode(f.accepted)
	case wire.KindRebuilt:
		return f.takeRebuilt(rec)
	case wire.KindResult:
		f.result = new(wire.Result)
		return decode(f.result)
	case wire.KindCertificate:
		f.certificate = new(wire.Certificate)
		return decode(f.certificate)
	case wire.KindAbort:
		if f.abort != nil {
			return nil
		}
		f.abort = new(wire.Abort)
		return decode(f.abort)
	}
	if rec.Key.Kind.Row().Writer == wire.ByParticipant {
		if f.wrote[rec.Key.Kind] == nil {
			f.wrote[rec.Key.Kind] = map[string]bool{}
		}
		f.wrote[rec.Key.Kind][rec.Key.Member] = true
	}
	return nil
}

func (f *facts) takeRebuilt(rec wire.Record) error {
	var b wire.Rebuilt
	if err := wire.DecodeBody(rec.Body, &b); err != nil {
		return err
	}
	for _, x := range b.Bad {
		if int(x.Helper) < f.round.N() {
			f.wrong[f.round.Name(int(x.Helper))] = true
		}
	}
	return nil
}

func (f *facts) names(b wire.Bitmap) []string {
	out := []string{}
	for i := range b.All() {
		if i < f.round.N() {
			out = append(out, f.round.Name(i))
		}
	}
	return out
}

func (f *facts) sets(s *Status) {
	if f.setup != nil {
		s.U1 = f.setup.U1.Len()
		if p, err := f.round.Params(s.U1); err == nil {
			s.Threshold = p.T
		}
	}
	if f.shareSet != nil {
		s.U2 = f.shareSet.U2.Len()
	}
	if f.collection != nil {
		s.Contributed = f.names(f.collection.Members)
	}
	if f.accepted != nil {
		s.Accepted = f.names(f.accepted.Members)
		for _, x := range f.accepted.Rejected {
			for _, n := range f.names(x.Who) {
				s.Rejected = append(s.Rejected, Rejected{n, x.Reason})
			}
		}
	}
	if f.result != nil {
		s.Weight = f.result.Weight
	}
	if f.certificate != nil {
		s.Certificate = &Certificate{f.certificate.Signers.Len(), int(f.certificate.Quorum)}
	}
}

// dropped lists each member once, with the first phase that it was missed in.
// Phases that end at a quorum count who has written nothing by now.
func (f *facts) dropped(s *Status) {
	gone := map[string]bool{}
	add := func(p wire.Phase, excluded []wire.Exclusion) {
		for _, x := range excluded {
			for _, n := range f.names(x.Who) {
				if !gone[n] {
					gone[n] = true
					s.Dropped = append(s.Dropped, Dropped{n, p, x.Reason})
				}
			}
		}
	}
	if f.setup != nil {
		add(wire.AdvertiseKeys, f.setup.Excluded)
	}
	if f.shareSet != nil {
		add(wire.ShareKeys, f.shareSet.Excluded)
	}
	if f.collection != nil {
		add(wire.MaskedInput, f.collection.Excluded)
	}
	for _, n := range slices.Sorted(maps.Keys(f.wrong)) {
		gone[n] = true
		s.Dropped = append(s.Dropped, Dropped{n, wire.Unmasking, wire.WrongShare})
	}
	for _, q := range []struct {
		phase wire.Phase
		kind  wire.Kind
		due   bool
	}{{wire.CollectionPhase, wire.KindWitness, f.accepted != nil}, {wire.ConsistencyCheck, wire.KindConsent, f.result != nil},
		{wire.Unmasking, wire.KindReveal, f.result != nil}, {wire.Attestation, wire.KindAttest, f.certificate != nil}} {
		if q.due {
			add(q.phase, []wire.Exclusion{{Reason: wire.Absent, Who: f.silent(q.kind)}})
		}
	}
}

func (f *facts) silent(k wire.Kind) wire.Bitmap {
	b := wire.NewBitmap(f.round.N())
	for i := range f.shareSet.U2.All() {
		if !f.wrote[k][f.round.Name(i)] {
			b.Add(i)
		}
	}
	return b
}

// state names the phase that is running, or how the round ended.
func (f *facts) state() (state, remedy string) {
	switch {
	case f.certificate != nil:
		return "certified", ""
	case f.abort != nil && len(f.wrote[wire.KindConsent]) > 0:
		return "aborted", fmt.Sprintf("model %.16s is spent on this A: open the next round with the same members, with at least %d others, or on a new model",
			f.round.Open.Model, finder.MinAccepted(int(f.round.Open.Floor), f.round.Corrupt))
	case f.abort != nil:
		return "aborted", "open the next round; the model stays as it was"
	case f.result != nil:
		return "opened, uncertified", "late attestors are the remedy: have more members run `chorus participate --round N` for it"
	case f.wrote[wire.KindConsent] != nil && f.wrote[wire.KindReveal] != nil:
		return string(wire.Unmasking), ""
	case f.accepted != nil:
		return string(wire.ConsistencyCheck), ""
	case f.collection != nil:
		return string(wire.CollectionPhase), ""
	case f.shareSet != nil:
		return string(wire.MaskedInput), ""
	case f.setup != nil:
		return string(wire.ShareKeys), ""
	}
	return string(wire.AdvertiseKeys), ""
}
