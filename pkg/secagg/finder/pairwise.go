package finder

import "fmt"

// SmallRound is the largest |U1| at which an unmet delta is a warning. Rounds
// this small are first-class, and their budget is what it is: the threshold is
// never lowered to make room.
const SmallRound = 12

// PairwiseParams are the parameters of pairwise masking on the complete graph.
type PairwiseParams struct {
	N          int  // |U1|
	T          int  // Shamir threshold, smallest with 2T > |U1| + A_corr
	Corrupt    int  // A_corr
	Q          int  // quorum over A if all of U1 shared keys; Quorum(|U2|) <= Q
	Budget     int  // D = |U1| - T: members that may vanish, over all phases after AdvertiseKeys
	Asked      int  // floor(delta |U1|), what the rules want the budget to be
	MeetsDelta bool // Asked <= Budget
}

// Pairwise returns the parameters of a round among u1 advertised members when
// aCorr = Corrupt(gamma, N, ...) of the roster's N are corrupt (Bonawitz et
// al., CCS 2017, Figure 5: server with n_C clients, 2t > n + n_C). Wrong shares
// are found by the dealers' hashes, so no budget is set aside for liars (e = 0:
// liars are detected, not named).
//
// Errors: ErrRules (Rules.Check); ErrMembers if u1 is below MinU1, below
// MinAccepted, or above MaxMembers; ErrGamma if t exceeds u1 or aCorr is less
// than gamma makes of u1 alone; ErrDelta if the budget misses delta and u1 is
// above SmallRound. At or below, MeetsDelta is false and Warning says so.
func Pairwise(u1, aCorr int, rules Rules) (PairwiseParams, error) {
	if err := rules.Check(); err != nil {
		return PairwiseParams{}, err
	}
	if err := checkMembers(u1, aCorr, rules); err != nil {
		return PairwiseParams{}, err
	}
	t := majority(u1, aCorr)
	p := PairwiseParams{
		N: u1, T: t, Corrupt: aCorr, Q: Quorum(u1, aCorr),
		Budget: u1 - t, Asked: rules.Delta.floor(u1),
	}
	p.MeetsDelta = p.Asked <= p.Budget
	if !p.MeetsDelta && u1 > SmallRound {
		return PairwiseParams{}, fmt.Errorf("%w: delta %v asks for %d of n = %d to vanish, t = %d leaves %d; lower delta, lower gamma or admit more members",
			ErrDelta, rules.Delta, p.Asked, u1, t, p.Budget)
	}
	return p, nil
}

// checkMembers refuses sets that no threshold makes safe.
func checkMembers(u1, aCorr int, rules Rules) error {
	switch {
	case u1 < 1 || u1 > MaxMembers:
		return fmt.Errorf("%w: n = %d; choose 1..%d", ErrMembers, u1, MaxMembers)
	case u1 < rules.MinU1:
		return fmt.Errorf("%w: n = %d is below the minimum |U1| of %d; wait for more members or open the round anew with a lower minimum", ErrMembers, u1, rules.MinU1)
	case aCorr < Corrupt(rules.Gamma, u1, 0):
		return fmt.Errorf("%w: A_corr = %d of n = %d is less than gamma %v; compute it from the whole roster", ErrGamma, aCorr, u1, rules.Gamma)
	case aCorr >= u1: // exactly when t > |U1|
		return fmt.Errorf("%w: A_corr = %d of n = %d needs t > n; lower gamma, admit more members, or split or stop counting the largest organisation", ErrGamma, aCorr, u1)
	case MinAccepted(rules.Floor, aCorr) > u1:
		return fmt.Errorf("%w: floor %d + A_corr %d is more than n = %d; admit more members, lower gamma or lower floor", ErrMembers, rules.Floor, aCorr, u1)
	}
	return nil
}

// Warning returns what to print when a small round opens with less budget than
// delta asks for, and "" otherwise.
func (p PairwiseParams) Warning() string {
	if p.MeetsDelta {
		return ""
	}
	return fmt.Sprintf("%d of %d members may vanish, not the %d that delta asks for: the threshold stays %d, one more dropout aborts the round",
		p.Budget, p.N, p.Asked, p.T)
}
