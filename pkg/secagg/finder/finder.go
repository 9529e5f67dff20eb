// Package finder computes the parameters of a round: thresholds, quorums and
// the dropout budget. Operator, participant and auditor call the same functions
// and must agree to the last unit, so every decision is made in integers; only
// the sparse graph of Harary, which no round selects by default, weighs
// probabilities in floating point.
//
// What cannot be met is refused with an error that names what to change of
// gamma (corrupt fraction), delta (fraction that may vanish), n and floor.
package finder

import (
	"errors"
	"fmt"
)

// Version names these rules in Open. Any change of a result needs a new one.
const Version = 1

// MaxMembers bounds every set: products with a Ratio then fit 64 bits by far.
const MaxMembers = 1 << 20

var (
	// ErrRules reports rules that no round can follow, whatever its size.
	ErrRules = errors.New("rules refused")
	// ErrMembers reports a set too small, or too large, for the rules.
	ErrMembers = errors.New("number of members refused")
	// ErrGamma reports more corrupt members than the set can bear.
	ErrGamma = errors.New("corrupt bound refused")
	// ErrDelta reports a dropout budget below what delta asks for.
	ErrDelta = errors.New("dropout budget refused")
)

// Ratio is an exact fraction of the members, Num / Den.
type Ratio struct{ Num, Den uint32 }

// String prints the fraction, not its value: 1/10, never 0.1.
func (r Ratio) String() string { return fmt.Sprintf("%d/%d", r.Num, r.Den) }

// proper reports 0 <= r < 1.
func (r Ratio) proper() bool { return r.Num < r.Den }

// floor returns the whole part of r n for a proper r and n in 0..MaxMembers.
func (r Ratio) floor(n int) int { return int(uint64(n) * uint64(r.Num) / uint64(r.Den)) }

// ceil returns r n rounded up, under the conditions of floor.
func (r Ratio) ceil(n int) int {
	return int((uint64(n)*uint64(r.Num) + uint64(r.Den) - 1) / uint64(r.Den))
}

// Rules are what Open fixes before a round and a participant's policy bounds.
type Rules struct {
	Gamma Ratio // corrupt fraction of the roster, below 1
	Delta Ratio // fraction of U1 that may vanish, below 1
	Sigma int   // security parameter in bits; the complete graph has no use for it
	Eta   int   // delivery parameter in bits; the complete graph has no use for it
	Floor int   // honest inputs in every released sum, at least 2
	MinU1 int   // smallest set of advertised members the round goes on with

	// CountOrganisations makes the largest organisation a lower bound of the
	// corrupt members; the caller passes its size to Corrupt.
	CountOrganisations bool
}

// Check refuses, with ErrRules, rules that no number of members can satisfy.
func (r Rules) Check() error {
	switch {
	case !r.Gamma.proper():
		return fmt.Errorf("%w: gamma is %v; choose 0 <= gamma < 1", ErrRules, r.Gamma)
	case !r.Delta.proper():
		return fmt.Errorf("%w: delta is %v; choose 0 <= delta < 1", ErrRules, r.Delta)
	case r.Floor < 2:
		return fmt.Errorf("%w: floor is %d; a sum of fewer than 2 honest inputs is an input, choose floor >= 2", ErrRules, r.Floor)
	case r.Floor > MaxMembers || r.MinU1 < 0 || r.MinU1 > MaxMembers:
		return fmt.Errorf("%w: floor is %d, minimum |U1| is %d; choose at most %d", ErrRules, r.Floor, r.MinU1, MaxMembers)
	case r.Sigma < 0 || r.Sigma > maxBits || r.Eta < 0 || r.Eta > maxBits:
		return fmt.Errorf("%w: sigma is %d, eta is %d; choose 0..%d", ErrRules, r.Sigma, r.Eta, maxBits)
	}
	return nil
}

// Corrupt returns A_corr = max(1, ceil(gamma n), largestOrg): the corrupt
// members assumed inside any set of a roster of n. The server picks who is
// admitted, so it is never scaled down with the set. Pass largestOrg = 0 where
// organisations are not counted. An impossible gamma or n makes everyone
// corrupt, which every other function then refuses.
func Corrupt(gamma Ratio, n, largestOrg int) int {
	if !gamma.proper() || n < 0 || n > MaxMembers {
		return max(1, n)
	}
	return max(1, gamma.ceil(n), largestOrg)
}

// Quorum returns the smallest q with 2q > |U2| + A_corr: signatures by which
// no two sets A can both be approved, since two quorums of q share an honest
// member. All of U2 counts, never a neighbourhood.
func Quorum(u2, aCorr int) int { return majority(u2, aCorr) }

// Countersigners returns the smallest c with 2c > N + A_corr: members that
// must countersign one setup root before anyone masks, over the whole roster,
// so that the server cannot run two setups.
func Countersigners(n, aCorr int) int { return majority(n, aCorr) }

// Attestors returns floor((m + A_corr)/2) + 1, the attestations that make a
// certificate: m = |U2|, never the number online.
func Attestors(m, aCorr int) int { return majority(m, aCorr) }

// MinAccepted returns floor + A_corr, the smallest accepted set: with every
// corrupt member in it, floor honest inputs remain.
func MinAccepted(floor, aCorr int) int { return floor + aCorr }

// majority returns the smallest q with 2q > n + a, for n, a in 0..MaxMembers:
// two sets of q out of n overlap in 2q - n > a members, one of them honest.
func majority(n, a int) int { return (n+a)/2 + 1 }
