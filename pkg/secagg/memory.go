package secagg

import (
	"slices"

	"chorus/pkg/wire"
)

// Memory is what a member remembers across rounds. Losing it loses the right to
// answer: it is persisted before anything that it forbids could be sent twice.
type Memory struct {
	RosterVersion uint32
	LastRound     uint32      // the highest round answered
	LastCtx       wire.Digest // and its ctx
	Certificate   wire.Digest // body digest of the last certificate verified
	Model         wire.Digest // model that follows from it
	Spent         []Spent
}

// Spent lists the sets that a member consented to on one model, by names.
type Spent struct {
	Model wire.Digest
	Sets  [][]string
}

// MaySign says whether a member may consent to the set of names on a model: at
// most one further different set, ever, and only where the difference of the
// two sums hides at least floor honest inputs on each side that is not empty
// (docs/PROTOCOL.md, section 11). Identical sets may repeat.
func (m *Memory) MaySign(model wire.Digest, names []string, least int) bool {
	var sets [][]string
	for _, s := range m.Spent {
		if s.Model == model {
			sets = s.Sets
		}
	}
	for _, s := range sets {
		if slices.Equal(s, names) {
			return true
		}
	}
	return len(sets) == 0 || len(sets) == 1 && apart(sets[0], names, least)
}

// apart reports whether each difference of a and b is empty or has at least
// least names.
func apart(a, b []string, least int) bool {
	for _, n := range []int{missing(a, b), missing(b, a)} {
		if n != 0 && n < least {
			return false
		}
	}
	return true
}

// missing counts the names of a that b lacks.
func missing(a, b []string) (n int) {
	for _, x := range a {
		if !slices.Contains(b, x) {
			n++
		}
	}
	return n
}

// Spend remembers a set that is about to be signed.
func (m *Memory) Spend(model wire.Digest, names []string) {
	for i, s := range m.Spent {
		if s.Model != model {
			continue
		}
		for _, old := range s.Sets {
			if slices.Equal(old, names) {
				return
			}
		}
		m.Spent[i].Sets = append(m.Spent[i].Sets, names)
		return
	}
	m.Spent = append(m.Spent, Spent{Model: model, Sets: [][]string{names}})
}

// A Policy is a participant's own floor under what it takes part in.
type Policy struct {
	MinGamma        wire.Ratio // least corrupt fraction that a round must assume
	MinFloor        uint16
	MinU1           uint16
	MinBits         uint8
	AllowForkable   bool
	AllowNotCounted bool // rosters whose organisations are not counted
}

// DefaultPolicy is what a participant gets that states none.
func DefaultPolicy() Policy {
	return Policy{MinGamma: wire.Ratio{Num: 1, Den: 10}, MinFloor: 2, MinU1: 3}
}

// Admits returns ErrWeak, ErrForkable or nil.
func (p Policy) Admits(r *Round) error {
	o := &r.Open
	switch {
	case uint64(o.Gamma.Num)*uint64(p.MinGamma.Den) < uint64(p.MinGamma.Num)*uint64(o.Gamma.Den):
		return weak("gamma %d/%d is below %d/%d", o.Gamma.Num, o.Gamma.Den, p.MinGamma.Num, p.MinGamma.Den)
	case o.Floor < p.MinFloor:
		return weak("floor %d is below %d", o.Floor, p.MinFloor)
	case o.MinU1 < p.MinU1:
		return weak("minimum |U1| %d is below %d", o.MinU1, p.MinU1)
	case o.Bits < p.MinBits:
		return weak("%d bits are below %d", o.Bits, p.MinBits)
	case o.Forkable && !p.AllowForkable:
		return ErrForkable
	case r.Roster.NotCounted && !p.AllowNotCounted:
		return weak("the roster does not count organisations")
	}
	return nil
}
