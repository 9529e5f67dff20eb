package commit

import (
	"errors"
	"fmt"
	"math/bits"
)

const (
	// MaxDim bounds the dimension of a vector.
	MaxDim = 1 << 26
	// MaxM bounds a row: 2^20 generators take 120 MB and 10 core-seconds to derive.
	MaxM = 1 << 20
	// maxPoints bounds the commitments of a round, n * rows: whoever checks the
	// sum decodes all of them at some 5 us each.
	maxPoints = 1 << 16
	// fewPoints is what rows grow for while they are no longer than fewM.
	fewPoints = 1 << 14
	fewM      = 1 << 16
	minM      = 16
	// plainM is the row to begin with: long enough that the limbs of a blind add
	// less than 1 % to 16-bit values, short enough that its table stays in L2.
	plainM = 1 << 12
	// blindBits is the order's 252 bits and 80 more, so that the integer made of
	// uniform limbs is within 2^-79 of uniform modulo the order.
	blindBits = 252 + 80
)

// ErrLayout refuses dimensions that no layout fits.
var ErrLayout = errors.New("commit: no such layout")

// Layout says how a vector is cut into committed rows and how the rows' blinds
// ride behind it. It follows from dimension, value bits and number of clients
// alone, so that everybody in a round computes the same.
type Layout struct {
	Dim   int // coordinates of the vector
	M     int // values in a row, a power of two; the last row may have fewer
	Rows  int
	Bits  int // signed bits of a value: |x| <= 2^(Bits-1) - 1
	Limbs int // limbs of a row's blind, each of Bits-1 bits
}

// NewLayout chooses rows for n clients that commit to dim values of so many bits.
func NewLayout(dim, valueBits, n int) (Layout, error) {
	if dim < 1 || dim > MaxDim || valueBits < 2 || valueBits > 32 || n < 1 || n > maxPoints {
		return Layout{}, fmt.Errorf("%w: dimension %d of 1..%d, bits %d of 2..32, clients %d of 1..%d",
			ErrLayout, dim, MaxDim, valueBits, n, maxPoints)
	}
	m := max(minM, min(plainM, 1<<bits.Len(uint(dim-1))))
	for r := rows(dim, m); r > 1 && (n*r > fewPoints && m < fewM || n*r > maxPoints); r = rows(dim, m) {
		m *= 2
	}
	if m > MaxM {
		return Layout{}, fmt.Errorf("%w: dimension %d with %d clients needs rows of %d > %d; at most %d clients fit",
			ErrLayout, dim, n, m, MaxM, maxPoints/rows(dim, MaxM))
	}
	return Layout{dim, m, rows(dim, m), valueBits, (blindBits + valueBits - 2) / (valueBits - 1)}, nil
}

func rows(dim, m int) int { return (dim + m - 1) / m }

// Extra is the number of coordinates that the limbs add behind the vector.
func (l Layout) Extra() int { return l.Rows * l.Limbs }

// Row returns the coordinates lo <= i < hi of row r.
func (l Layout) Row(r int) (lo, hi int) { return r * l.M, min(l.Dim, (r+1)*l.M) }

// fits refuses slices that do not have this layout's sizes, and another key's.
func (l Layout) fits(k *Key, dim, extra int) error {
	if l.M != len(k.g) || l.Rows != rows(l.Dim, max(1, l.M)) || dim != l.Dim || extra != l.Extra() {
		return fmt.Errorf("%w: %d values and %d limbs with a key of %d, want %d, %d, %d",
			ErrShape, dim, extra, len(k.g), l.Dim, l.Extra(), l.M)
	}
	return nil
}
