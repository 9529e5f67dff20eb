package session

import (
	"fmt"
	"math"
	"time"

	"chorus/pkg/secagg/finder"
	"chorus/pkg/wire"
)

// sigma and eta as in docs/PROTOCOL.md, section 6.
const (
	sigma = 40
	eta   = 20
)

// Check refuses rules under which the roster could not run a round, and returns
// a warning where a small one can, with less budget than delta asks for.
func (s *Session) Check() (warning string, err error) {
	if s.Rules.Filter != wire.FilterNone {
		return "", fmt.Errorf("%w: filter %q; this version has only %q", ErrRules, s.Rules.Filter, wire.FilterNone)
	}
	n := len(s.Roster.Members)
	if n < int(s.Rules.MinU1) {
		return "", fmt.Errorf("%w: session %s has %d, a round takes %d; add them with `chorus session enroll`", ErrFew, s.Rules.Session, n, s.Rules.MinU1)
	}
	rules := finder.Rules{Gamma: finder.Ratio(s.Rules.Gamma), Delta: finder.Ratio(s.Rules.Delta), Sigma: sigma, Eta: eta,
		Floor: int(s.Rules.Floor), MinU1: int(s.Rules.MinU1), CountOrganisations: !s.Rules.NotCounted}
	p, err := finder.Pairwise(n, finder.Corrupt(rules.Gamma, n, s.Roster.LargestOrganisation()), rules)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrRules, err)
	}
	return p.Warning(), nil
}

// tryRules refuses rules that no roster could run a round under: whoever makes a
// session should hear it, not whoever opens its first round.
func (s *Session) tryRules() (err error) {
	if err := s.Rules.limits(); err != nil {
		return err
	}
	for _, n := range []int{max(2, int(s.Rules.MinU1)), 12, 100} {
		trial := *s
		trial.Roster.Version, trial.Roster.Members = 1, nobodies(n, s.Rules.MaxWeight)
		if _, _, err = trial.Open(1, wire.Digest{}, wire.Digest{1}, time.Now()); err == nil {
			return nil
		}
	}
	return err
}

// nobodies are n members that stand in for those to come.
func nobodies(n int, maxWeight uint32) (all []wire.Member) {
	for i := range n {
		name := fmt.Sprintf("m%06d", i)
		all = append(all, wire.Member{Name: name, Identity: wire.Sum([]byte(name)), MaxWeight: maxWeight})
	}
	return all
}

// limits says in the words of the flags what the Open would refuse.
func (r *Rules) limits() error {
	switch {
	case r.Dim == 0 || r.Dim > wire.MaxDim:
		return fmt.Errorf("%w: dim %d; choose 1 to %d", ErrRules, r.Dim, wire.MaxDim)
	case r.Bits < 3 || r.Bits > 24:
		return fmt.Errorf("%w: bits %d; choose 3 to 24", ErrRules, r.Bits)
	case !(r.Clip > 0) || math.IsInf(r.Clip, 0):
		return fmt.Errorf("%w: clip %g; choose a positive number", ErrRules, r.Clip)
	case r.MaxWeight == 0:
		return fmt.Errorf("%w: max-weight 0; choose 1 or more", ErrRules)
	}
	return nil
}
