package shamir

import (
	"fmt"
	"math/bits"

	"chorus/pkg/secagg/field"
)

// Basis holds the Lagrange coefficients at 0 of one survivor set: made once,
// it rebuilds the secret of every dealer (Bonawitz et al., CCS 2017: one O(n^2)
// interpolation serves all n secrets). It is public.
type Basis struct {
	lambda []field.Element
}

// NewBasis returns lambda_i = prod_{j != i} x_j / (x_j - x_i) for the points
// xs, in their order: O(n^2) word multiplications, O(n) inversions' work by one
// batch inversion. Its running time depends on xs, which are public.
//
// Errors: ErrPoint for no points, a point that is 0, or a repeated one.
func NewBasis(xs []uint32) (*Basis, error) {
	if err := checkPoints(xs); err != nil {
		return nil, err
	}
	all := field.FromUint64(1)
	lambda := make([]field.Element, len(xs))
	for i, x := range xs {
		at := field.FromUint64(uint64(x))
		all = field.Mul(all, at)
		lambda[i] = field.Mul(at, differences(xs, i))
	}
	field.InvertAll(lambda) // 1 / (x_i prod (x_j - x_i)); no factor is 0
	for i := range lambda {
		lambda[i] = field.Mul(all, lambda[i])
	}
	return &Basis{lambda: lambda}, nil
}

// differences returns prod_{j != i} (x_j - x_i). Roster positions are small, so
// several differences fit one machine word before a field multiplication is
// due: about six at 1000 members.
func differences(xs []uint32, i int) field.Element {
	product, word, negative := field.FromUint64(1), uint64(1), false
	for j, x := range xs {
		if j == i {
			continue
		}
		d := int64(x) - int64(xs[i])
		if d < 0 {
			d, negative = -d, !negative
		}
		hi, lo := bits.Mul64(word, uint64(d))
		if hi != 0 {
			product = field.Mul(product, field.FromUint64(word))
			lo = uint64(d)
		}
		word = lo
	}
	product = field.Mul(product, field.FromUint64(word))
	if negative {
		return field.Neg(product)
	}
	return product
}

// Combine returns the secret whose share at the i-th point of the basis is
// ys[i]. With fewer points than the dealer's threshold the result is unrelated
// to the secret; with more it is the secret only if all shares are right.
//
// Errors: ErrLength unless there is one value per point.
func (b *Basis) Combine(ys []field.Element) (field.Element, error) {
	if len(ys) != len(b.lambda) {
		return field.Element{}, fmt.Errorf("%w (%d for %d)", ErrLength, len(ys), len(b.lambda))
	}
	var sum field.Element
	for i, y := range ys {
		sum = field.MulAdd(y, b.lambda[i], sum)
	}
	return sum, nil
}

// Combine rebuilds one secret from shares, which must be at least as many as
// the dealer's threshold. For many secrets of one survivor set use NewBasis.
//
// Errors: those of NewBasis.
func Combine(shares []Share) (field.Element, error) {
	xs := make([]uint32, len(shares))
	ys := make([]field.Element, len(shares))
	for i, s := range shares {
		xs[i], ys[i] = s.X, s.Y
	}
	b, err := NewBasis(xs)
	if err != nil {
		return field.Element{}, err
	}
	return b.Combine(ys)
}
