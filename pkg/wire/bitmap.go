package wire

import (
	"fmt"
	"iter"
	"math/bits"
)

// A Bitmap is a set of roster positions. Its length is fixed by the size of the
// roster, its spare bits are zero: one set, one encoding.
type Bitmap []byte

// NewBitmap returns the empty set over n positions.
func NewBitmap(n int) Bitmap { return make(Bitmap, (n+7)/8) }

// Has reports whether position i is in the set; out of range it is not.
func (b Bitmap) Has(i int) bool {
	return i >= 0 && i/8 < len(b) && b[i/8]>>(i%8)&1 == 1
}

// Add puts position i, which must be in range, into the set.
func (b Bitmap) Add(i int) { b[i/8] |= 1 << (i % 8) }

// Remove takes position i out of the set.
func (b Bitmap) Remove(i int) { b[i/8] &^= 1 << (i % 8) }

// Len counts the set.
func (b Bitmap) Len() (n int) {
	for _, x := range b {
		n += bits.OnesCount8(x)
	}
	return n
}

// All yields the positions in the set, in order.
func (b Bitmap) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range len(b) * 8 {
			if b.Has(i) && !yield(i) {
				return
			}
		}
	}
}

// Clone returns a copy that shares nothing with b.
func (b Bitmap) Clone() Bitmap { return append(Bitmap(nil), b...) }

// Minus returns b without the positions in c.
func (b Bitmap) Minus(c Bitmap) Bitmap {
	d := b.Clone()
	for i := range c {
		if i < len(d) {
			d[i] &^= c[i]
		}
	}
	return d
}

// Within reports whether every position of b is in c.
func (b Bitmap) Within(c Bitmap) bool { return b.Minus(c).Len() == 0 }

// Fits reports whether b is a set over exactly n positions.
func (b Bitmap) Fits(n int) error {
	if len(b) != (n+7)/8 {
		return fmt.Errorf("a set over %d positions takes %d bytes, not %d", n, (n+7)/8, len(b))
	}
	if n%8 != 0 && len(b) > 0 && b[len(b)-1]>>(n%8) != 0 {
		return fmt.Errorf("a position beyond the roster of %d", n)
	}
	return nil
}
