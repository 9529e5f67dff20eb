package encode

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// maxDraws bounds the redraws: 64 independent failures of 2^-20 do not happen.
const maxDraws = 64

// normBlock is how many squares are added before the sum joins the total:
// sums of sums keep the relative error of ||u||^2 below (normBlock +
// MaxDim/normBlock + 2) 2^-53 < 2^-36.
const normBlock = 1 << 12

// shrink is what clipping leaves below B: more than the error of the computed
// norm (half that of its square) and of the few products after it. So ||y|| <=
// V holds for the float64 numbers, not just for the reals, and with it |y_i| <=
// top and the derivation of NormBound.
const shrink = 1 - 0x1p-36

// huge rescales updates whose squares overflow; a power of two, hence exact.
const huge = 0x1p-600

// Encode clips u to ||u||_2 <= B and returns the stochastic rounding of
// Scale * weight/MaxWeight * u: len(u) integers with |x_i| <= 2^(b-1) - 2 and
// ||x||^2 <= NormBound(weight). Its expectation is the clipped vector to within
// 2^-32 of a step per coordinate, what the 32 bits drawn for each leave over.
// It reads 32 bytes from rand, the key of an AES-256-CTR stream of which every
// coordinate takes 4 bytes. u is not changed.
//
// Errors: ErrParams (Check); ErrShape unless len(u) is Dim; ErrWeight unless
// 1 <= weight <= MaxWeight; ErrNotFinite with the index; ErrRandomness;
// ErrRounding.
func (p Params) Encode(u []float64, weight uint32, rand io.Reader) ([]int32, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if len(u) != p.Dim {
		return nil, fmt.Errorf("%w (%d values for dimension %d)", ErrShape, len(u), p.Dim)
	}
	if weight < 1 || weight > p.MaxWeight {
		return nil, fmt.Errorf("%w: weight %d; choose 1..%d", ErrWeight, weight, p.MaxWeight)
	}
	g, err := p.gains(u, weight)
	if err != nil {
		return nil, err
	}
	s, err := newStream(rand)
	if err != nil {
		return nil, err
	}
	return g.round(u, s, p.NormBound(weight))
}

// gains are the two factors that take an update to fixed point with 32
// fractional bits: y 2^32 = (u pre) gain. One factor alone could underflow.
type gains struct{ pre, gain float64 }

func (p Params) gains(u []float64, weight uint32) (gains, error) {
	pre, squares := 1.0, sumSquares(u, 1)
	if math.IsNaN(squares) || math.IsInf(squares, 1) {
		if i := notFinite(u); i >= 0 {
			return gains{}, fmt.Errorf("%w (value %d is %v)", ErrNotFinite, i, u[i])
		}
		pre, squares = huge, sumSquares(u, huge)
	}
	scale := float64(p.Scale() * (float64(weight) / float64(p.MaxWeight)))
	limit, norm := float64(p.Clip*shrink), math.Sqrt(squares)
	if pre == 1 && norm <= limit {
		return gains{pre, scale * (1 << 32)}, nil
	}
	return gains{pre, float64(limit/norm) * scale * (1 << 32)}, nil
}

// sumSquares returns the sum of (u_i pre)^2.
func sumSquares(u []float64, pre float64) float64 {
	total := 0.0
	for len(u) > 0 {
		block := u[:min(normBlock, len(u))]
		sum := 0.0
		for _, v := range block {
			s := float64(v * pre)
			sum += float64(s * s)
		}
		total += sum
		u = u[len(block):]
	}
	return total
}

// notFinite returns the index of the first NaN or infinity, -1 if there is none.
func notFinite(u []float64) int {
	for i, v := range u {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return i
		}
	}
	return -1
}

// round draws roundings of u until one keeps ||x||^2 <= bound.
func (g gains) round(u []float64, s *stream, bound uint64) ([]int32, error) {
	x := make([]int32, len(u))
	for range maxDraws {
		if g.draw(x, u, s) <= bound {
			return x, nil
		}
	}
	clear(x)
	return nil, fmt.Errorf("%w (%d draws)", ErrRounding, maxDraws)
}

// draw rounds once and returns ||x||^2, which (top + sqrt d)^2 < 2^47 bounds.
// Adding 32 uniform bits below the binary point and cutting it off rounds up
// with probability frac(y): floor, Bernoulli and no branch on secrets.
func (g gains) draw(x []int32, u []float64, s *stream) uint64 {
	squares := int64(0)
	for len(u) > 0 {
		n := min(len(u), streamBlock/4)
		in, out, random := u[:n], x[:n], s.next(4*n)
		for i, v := range in {
			fixed := int64(float64(v*g.pre) * g.gain)
			r := (fixed + int64(binary.LittleEndian.Uint32(random[4*i:]))) >> 32
			out[i] = int32(r)
			squares += r * r
		}
		u, x = u[n:], x[n:]
	}
	return uint64(squares)
}
