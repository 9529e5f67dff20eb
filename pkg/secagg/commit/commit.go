package commit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"chorus/pkg/secagg/field"
)

var (
	// ErrShape refuses slices of other lengths than the layout's.
	ErrShape = errors.New("commit: wrong shape")
	// ErrValue refuses a value or limb beyond the layout's bits.
	ErrValue = errors.New("commit: value out of range")
	// ErrRandom reports a failed source of randomness.
	ErrRandom = errors.New("commit: cannot draw limbs")
)

// Commit returns the commitment to one row under blind. len(x) must not exceed M.
func (k *Key) Commit(x []int32, blind field.Element) Point {
	v := msmParallel(k.g, int32s(x))
	return k.blinded(&v, blind)
}

func (k *Key) blinded(v *ext, blind field.Element) Point {
	return Point{v.edwards()}.Add(k.h.Mul(blind))
}

// CommitVector commits to all rows of x. limbs are the Extra coordinates that
// DrawLimbs made, row by row, and that are masked and sent behind x.
func (k *Key) CommitVector(l Layout, x []int32, limbs []int32) ([]Point, error) {
	if err := l.fits(k, len(x), len(limbs)); err != nil {
		return nil, err
	}
	if err := l.inRange(x, limbs); err != nil {
		return nil, err
	}
	out, msm := make([]Point, l.Rows), rowMSM(l.Rows)
	parallel(l.Rows, func(r int) {
		lo, hi := l.Row(r)
		v := msm(k.g, int32s(x[lo:hi]))
		row := make([]int64, l.Limbs)
		for j := range row {
			row[j] = int64(limbs[r*l.Limbs+j])
		}
		out[r] = k.blinded(&v, Blind(row, l.Bits))
	})
	return out, nil
}

func (l Layout) inRange(x, limbs []int32) error {
	bound := int64(1) << (l.Bits - 1)
	for i, v := range x {
		if int64(v) <= -bound || int64(v) >= bound {
			return fmt.Errorf("%w: coordinate %d does not fit %d bits", ErrValue, i, l.Bits)
		}
	}
	for i, v := range limbs {
		if v < 0 || int64(v) >= bound {
			return fmt.Errorf("%w: limb %d does not fit %d bits", ErrValue, i, l.Bits-1)
		}
	}
	return nil
}

// Blind returns sum_j 2^((bits-1) j) limbs[j] modulo the group's order. It is
// additive, so the sums of many clients' limbs give the sum of their blinds.
func Blind(limbs []int64, bits int) field.Element {
	base, sum := field.FromUint64(1<<(bits-1)), field.Element{}
	for j := len(limbs) - 1; j >= 0; j-- {
		sum = field.Add(field.Mul(sum, base), field.FromInt64(limbs[j]))
	}
	return sum
}

// DrawLimbs draws the limbs of all rows' blinds, uniform in [0, 2^(Bits-1)).
func DrawLimbs(l Layout, rand io.Reader) ([]int32, error) {
	raw := make([]byte, 4*l.Extra())
	if _, err := io.ReadFull(rand, raw); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRandom, err)
	}
	limbs := make([]int32, l.Extra())
	for i := range limbs {
		limbs[i] = int32(binary.LittleEndian.Uint32(raw[4*i:]) & (1<<(l.Bits-1) - 1))
	}
	clear(raw)
	return limbs, nil
}
