package encode

import (
	"math"
	"math/bits"
)

// Stochastic rounding moves y to x = floor(y) + Bernoulli(frac y), so E x = y
// and E x^2 = y^2 + f(1-f) <= y^2 + 1/4. With V = top * omega/omega_max >=
// ||y||, therefore E ||x||^2 <= V^2 + d/4.
//
// The terms x_i^2 are independent and take two values that lie |2 floor(y_i) +
// 1| <= 2|y_i| + 1 =: c_i apart. Hoeffding (1963, theorem 2) bounds a draw's
// excess tau over the expectation by exp(-2 tau^2 / sum c_i^2), and
//
//	sum c_i^2 = 4||y||^2 + 4||y||_1 + d <= (2V + sqrt d)^2.
//
// tau = sqrt(20 ln 2 / 2) (2V + sqrt d) makes that 2^-20; the factor 2.6328 is
// rounded up to 66/25. (Bernstein gains nothing: Var x_i^2 <= c_i^2/4 already
// is the variance behind Hoeffding's bound.)
const (
	slackNum = 66
	slackDen = 25
)

// NormBound returns the public bound on ||x||^2 for a vector of this weight,
// V^2 + d/4 + slack in integers, which every replica computes alike. One draw
// of the rounding exceeds it with probability at most 2^-20; Encode never
// returns a vector that does. It is 0, which only zero meets, for a weight
// outside 1..MaxWeight.
func (p Params) NormBound(weight uint32) uint64 {
	if weight < 1 || weight > p.MaxWeight {
		return 0
	}
	largest := uint64(p.MaxWeight)
	scaled := p.top() * uint64(weight) // V omega_max < 2^55
	hi, lo := bits.Mul64(scaled, scaled)
	square, _ := bits.Div64(hi, lo, largest*largest) // V^2 < 2^46, so hi is below the divisor
	v := (scaled + largest - 1) / largest
	return square + uint64(p.Dim)/4 + p.slack(v)
}

// slack returns tau for ceil(V), and 2 for the two floors in NormBound.
func (p Params) slack(v uint64) uint64 {
	root := uint64(math.Ceil(math.Sqrt(float64(p.Dim)))) // exact: sqrt rounds correctly, d < 2^52
	return (slackNum*(2*v+root)+slackDen-1)/slackDen + 2
}

// MeanErrorBound returns how far, per coordinate and in encoding steps (1/Scale
// units of update), rounding can move the weighted mean of accepted vectors:
// each moves by less than one step of its own, omega_max / sum omega of the
// mean's. It is +Inf for a sum of weights of 0.
func (p Params) MeanErrorBound(accepted int, sumWeight uint64) float64 {
	if sumWeight == 0 {
		return math.Inf(1)
	}
	return float64(float64(accepted)*float64(p.MaxWeight)) / float64(sumWeight)
}
