package finder

import (
	"fmt"
	"math"
)

// maxBits bounds sigma and eta, so that 2^-bits / n stays a normal float64.
const maxBits = 256

// maxBad is the share of corrupt and vanished members beyond which no search is
// made (Google's production finder; semi-malicious counts delta twice).
const maxBad = 0.9

// rateSlack absorbs the rounding of rate * n and of sums of rates: 0.07 * 100
// is 7.000000000000001 in float64, and must not make 8 members corrupt.
const rateSlack = 1e-9

// Harary returns degree k and Shamir threshold t of SecAgg+ (Bell et al., CCS
// 2020): n members on a ring in random order, each joined to k/2 on either
// side, sharing with its neighbours only. k is the smallest even degree below
// n - 1 for which, with A = max(1, ceil(gamma n)) corrupt, D = floor(delta n)
// vanished and B = A + D,
//
//  1. the honest survivors stay connected but for 2^-(sigma+1):
//     n(n-k-1)/2 C(n-k, B-k) / C(n, B) < 2^-(sigma+1);
//  2. t1 corrupt neighbours are exceeded with probability <= 2^-(sigma+1)/n;
//  3. t2 neighbours survive but for 2^-eta/n;
//
// and t <= t2, where t = t1 + 1 (semi-honest) or the smallest t with 2t > k + t1
// (malicious: no two neighbour majorities, so never both shares of a member).
//
// "malicious" is semi-malicious: a server that picks the dropouts after it has
// seen the graph cuts out a neighbourhood. No round selects it by default.
// Decisions are made in float64 and, near a boundary, may differ between
// architectures: k and t are written into Open, never recomputed.
//
// Errors: ErrRules for rates, sigma or eta out of range; ErrMembers if no
// degree below n - 1 will do (use the complete graph).
func Harary(n int, gamma, delta float64, sigma, eta int, malicious bool) (k, t int, err error) {
	if err := checkSparse(n, gamma, delta, sigma, eta, malicious); err != nil {
		return 0, 0, err
	}
	s := newSparse(n, max(1, int(math.Ceil(gamma*float64(n)-rateSlack))),
		int(math.Floor(delta*float64(n)+rateSlack)), sigma, eta, malicious)
	if k, t = s.search(); k == 0 {
		return 0, 0, fmt.Errorf("%w: no sparse graph of n = %d bears gamma %v and delta %v; use the complete graph, lower gamma or delta, or admit more members",
			ErrMembers, n, gamma, delta)
	}
	return k, t, nil
}

// checkSparse refuses what has no meaning; its comparisons are false for NaN.
func checkSparse(n int, gamma, delta float64, sigma, eta int, malicious bool) error {
	bad := gamma + delta
	if malicious {
		bad += delta
	}
	switch {
	case n < 1 || n > MaxMembers:
		return fmt.Errorf("%w: n = %d; choose 1..%d", ErrMembers, n, MaxMembers)
	case !(gamma >= 0 && gamma < 1 && delta >= 0 && delta < 1):
		return fmt.Errorf("%w: gamma is %v, delta is %v; choose 0 <= gamma, delta < 1", ErrRules, gamma, delta)
	case sigma < 1 || sigma > maxBits || eta < 1 || eta > maxBits:
		return fmt.Errorf("%w: sigma is %d, eta is %d; choose 1..%d", ErrRules, sigma, eta, maxBits)
	case bad > maxBad+rateSlack:
		return fmt.Errorf("%w: gamma %v and delta %v leave too few honest survivors (%.2f of at most %.1f); lower gamma or delta", ErrRules, gamma, delta, bad, maxBad)
	}
	return nil
}

// sparse is one search: n members, of which corrupt and dropped.
type sparse struct {
	n, corrupt, dropped int
	malicious           bool
	lnCut               float64 // ln of the bound on the graph falling apart
	corruptTail         float64 // per member: more than t1 corrupt neighbours
	deliveryTail        float64 // per member: fewer than t2 surviving ones
	lnFact              []float64
}

func newSparse(n, corrupt, dropped, sigma, eta int, malicious bool) *sparse {
	s := &sparse{
		n: n, corrupt: corrupt, dropped: dropped, malicious: malicious,
		lnCut:        -float64(sigma+1) * math.Ln2,
		corruptTail:  math.Ldexp(1, -sigma-1) / float64(n),
		deliveryTail: math.Ldexp(1, -eta) / float64(n),
		lnFact:       make([]float64, n+1),
	}
	for i := range s.lnFact {
		s.lnFact[i], _ = math.Lgamma(float64(i) + 1)
	}
	return s
}

// search returns the smallest degree that satisfies the three conditions, and
// 0, 0 if none does.
func (s *sparse) search() (k, t int) {
	for k = 2; k < s.n-1; k += 2 {
		if s.lnDisconnected(k) >= s.lnCut {
			continue
		}
		if t, ok := s.threshold(k); ok {
			return k, t
		}
	}
	return 0, 0
}

// lnDisconnected bounds the logarithm of the probability that the honest
// survivors fall apart: two runs of k/2 neighbours in a row must all be bad, a
// union bound over n(n-k-1)/2 pairs of places.
func (s *sparse) lnDisconnected(k int) float64 {
	bad := min(s.n, s.corrupt+s.dropped)
	if k > bad {
		return math.Inf(-1)
	}
	pairs := math.Log(float64(s.n)) + math.Log(float64(s.n-k-1)) - math.Ln2
	return pairs + s.lnChoose(s.n-k, bad-k) - s.lnChoose(s.n, bad)
}

// threshold returns t for degree k and whether enough neighbours survive.
func (s *sparse) threshold(k int) (t int, ok bool) {
	t1 := s.upperQuantile(s.corrupt, k)
	t = t1 + 1
	if s.malicious {
		t = majority(k, t1)
	}
	return max(t, 2), t <= s.lowerQuantile(s.n-s.dropped, k)
}

// upperQuantile returns the smallest q with Pr[X > q] <= corruptTail, X the
// marked among k neighbours when marked of n are. Terms are added from the far
// tail inwards, smallest first.
func (s *sparse) upperQuantile(marked, k int) int {
	lo, hi := max(0, k-(s.n-marked)), min(marked, k)
	tail := 0.0
	for q := hi; q > lo; q-- {
		if tail += s.probability(marked, k, q); tail > s.corruptTail {
			return q
		}
	}
	return lo
}

// lowerQuantile returns the largest q with Pr[X < q] < deliveryTail.
func (s *sparse) lowerQuantile(marked, k int) int {
	lo, hi := max(0, k-(s.n-marked)), min(marked, k)
	head := 0.0
	for q := lo; q < hi; q++ {
		if head += s.probability(marked, k, q); head >= s.deliveryTail {
			return q
		}
	}
	return hi
}

// probability is the hypergeometric Pr[X = i].
func (s *sparse) probability(marked, k, i int) float64 {
	return math.Exp(s.lnChoose(marked, i) + s.lnChoose(s.n-marked, k-i) - s.lnChoose(s.n, k))
}

// lnChoose returns ln C(n, k) for 0 <= k <= n <= s.n.
func (s *sparse) lnChoose(n, k int) float64 {
	return s.lnFact[n] - s.lnFact[k] - s.lnFact[n-k]
}
