// Package encode turns real update vectors into small integers that can be
// summed under masks, and sums back into means: clip in L2, scale by the
// weight, round stochastically (fixed point as in Kairouz, Liu and Steinke,
// "The distributed discrete Gaussian mechanism", ICML 2021, without its rotation
// and noise).
//
// A slot is wide enough for the sum of the whole roster, so overflow is
// impossible by construction: parameters that could overflow are refused.
package encode

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// Limits of Params.
const (
	// MinBits leaves one value besides 0: at 2 bits the scale would be 0.
	MinBits = 3
	MaxBits = 24
	// MaxDim bounds the rounding error of the norm, see shrink.
	MaxDim = 1 << 28
	// MaxSlot keeps the sum of the roster, and its double, inside an int64.
	MaxSlot = 62
	// MinClip and MaxClip keep B, 1/B and their squares far from the ends of
	// float64.
	MinClip = 0x1p-100
	MaxClip = 0x1p100
)

var (
	// ErrParams reports parameters that are no encoding or could overflow.
	ErrParams = errors.New("encoding parameters refused")
	// ErrShape reports a vector of another length than Dim.
	ErrShape = errors.New("wrong vector length: send one value per model parameter, in the model's order")
	// ErrNotFinite reports NaN or an infinity in an update.
	ErrNotFinite = errors.New("update is not finite: check the training for divergence, and train again")
	// ErrWeight reports a weight or a sum of weights out of range.
	ErrWeight = errors.New("weight refused")
	// ErrRounding reports 64 draws outside the norm bound: chance does that
	// with probability 2^-1280.
	ErrRounding = errors.New("no rounding within the norm bound: replace the randomness source, it is not random")
	// ErrRandomness reports a randomness source that ended or failed.
	ErrRandomness = errors.New("randomness source failed: pass crypto/rand.Reader or a source that does not end")
	// ErrSum reports a sum that no accepted inputs add up to.
	ErrSum = errors.New("sum out of range: refuse the result, it is not a sum of encoded updates")
)

// Params is one round's encoding; every participant of a round uses the same.
type Params struct {
	Bits      int     // b, bits of one encoded coordinate with its sign, MinBits..MaxBits
	Clip      float64 // B, the largest L2 norm of an update, MinClip..MaxClip
	MaxWeight uint32  // omega_max, at least 1; 1 for equal weights
	Roster    int     // N, how many vectors can be summed at most, at least 1
	Dim       int     // d, the coordinates of an update, 1..MaxDim
}

// Check refuses, with ErrParams and the values that would fit, everything that
// could overflow or lose all precision. The other methods, but for Encode and
// Decode which call it, are meaningful only for checked parameters.
func (p Params) Check() error {
	switch {
	case p.Bits < MinBits || p.Bits > MaxBits:
		return fmt.Errorf("%w: %d bits; choose %d..%d", ErrParams, p.Bits, MinBits, MaxBits)
	case !(p.Clip >= MinClip && p.Clip <= MaxClip): // false for NaN
		return fmt.Errorf("%w: clip %v; choose a positive norm from 2^-100 to 2^100", ErrParams, p.Clip)
	case p.Dim < 1 || p.Dim > MaxDim:
		return fmt.Errorf("%w: dimension %d; choose 1..%d, splitting a larger model", ErrParams, p.Dim, MaxDim)
	case p.MaxWeight < 1:
		return fmt.Errorf("%w: maximal weight 0; choose 1 for equal weights", ErrParams)
	case p.Roster < 1:
		return fmt.Errorf("%w: roster of %d; choose at least 1", ErrParams, p.Roster)
	}
	return p.checkOverflow()
}

// checkOverflow refuses slots and sums of weights beyond 62 and 63 bits.
func (p Params) checkOverflow() error {
	if w := p.SlotWidth(); w > MaxSlot {
		return fmt.Errorf("%w: %d bits for a roster of %d need slots of %d bits, at most %d fit; choose b <= %d or N <= %d",
			ErrParams, p.Bits, p.Roster, w, MaxSlot, MaxSlot-(w-p.Bits), uint64(1)<<(MaxSlot-p.Bits))
	}
	if hi, lo := bits.Mul64(uint64(p.Roster), uint64(p.MaxWeight)); hi != 0 || lo > math.MaxInt64 {
		return fmt.Errorf("%w: the weights of a roster of %d, each up to %d, add up beyond 63 bits; choose N <= %d or a smaller maximal weight",
			ErrParams, p.Roster, p.MaxWeight, math.MaxInt64/uint64(p.MaxWeight))
	}
	return nil
}

// SlotWidth returns w = b + ceil(log2 N): N values of at most 2^(b-1) - 1 in
// magnitude add up to less than 2^(w-1).
func (p Params) SlotWidth() int { return p.Bits + bits.Len64(uint64(p.Roster)-1) }

// WordBits returns the size of the machine word that carries a slot.
func (p Params) WordBits() int {
	if p.SlotWidth() <= 32 {
		return 32
	}
	return 64
}

// MaxSum is the largest magnitude that a coordinate of the whole roster adds up to.
func (p Params) MaxSum() int64 { return int64(p.Roster) * (1<<(p.Bits-1) - 1) }

// Scale returns (2^(b-1) - 2) / B, encoding steps per unit of update. The 2
// instead of 1 keeps a coordinate below 2^(b-1) - 1 whatever rounding does.
func (p Params) Scale() float64 { return float64(p.top()) / p.Clip }

// top is scale * B: the largest magnitude that Encode produces.
func (p Params) top() uint64 { return 1<<(p.Bits-1) - 2 }

// Centred returns the signed sum that a slot modulo 2^w holds; bits of word
// above the slot are ignored.
func (p Params) Centred(word uint64) int64 {
	shift := 64 - p.SlotWidth()
	return int64(word<<shift) >> shift
}
