package commit

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestLayouts(t *testing.T) {
	for _, v := range []struct {
		dim, bits, n int
		want         Layout
	}{
		{1, 16, 3, Layout{1, 16, 1, 16, 23}},
		{16, 16, 3, Layout{16, 16, 1, 16, 23}},
		{17, 24, 3, Layout{17, 32, 1, 24, 15}},
		{4097, 2, 10, Layout{4097, 4096, 2, 2, 332}},
		{16, 32, maxPoints, Layout{16, 16, 1, 32, 11}},
		{1 << 20, 16, 10, Layout{1 << 20, 1 << 12, 256, 16, 23}},
		{1 << 20, 16, 100, Layout{1 << 20, 1 << 13, 128, 16, 23}},
		{1 << 20, 16, 1000, Layout{1 << 20, 1 << 16, 16, 16, 23}},
		{1 << 20, 16, 10000, Layout{1 << 20, 1 << 18, 4, 16, 23}},
		{MaxDim, 16, 1000, Layout{MaxDim, 1 << 20, 64, 16, 23}},
	} {
		got, err := NewLayout(v.dim, v.bits, v.n)
		if err != nil || got != v.want {
			t.Errorf("%d, %d, %d: %+v %v, want %+v", v.dim, v.bits, v.n, got, err, v.want)
		}
	}
}

func TestLayoutRefuses(t *testing.T) {
	for _, v := range [][3]int{
		{0, 16, 1}, {-1, 16, 1}, {MaxDim + 1, 16, 1}, {16, 1, 1}, {16, 0, 1}, {16, 33, 1}, {16, 16, 0}, {16, 16, maxPoints + 1},
		{MaxDim, 16, 1025}, {1<<20 + 1, 16, maxPoints},
	} {
		if _, err := NewLayout(v[0], v[1], v[2]); !errors.Is(err, ErrLayout) {
			t.Errorf("%v: %v", v, err)
		}
	}
}

func TestLayoutProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dim, n := rapid.IntRange(1, MaxDim).Draw(t, "dim"), rapid.IntRange(1, 1024).Draw(t, "n")
		bits := rapid.IntRange(2, 32).Draw(t, "bits")
		l, err := NewLayout(dim, bits, n)
		if err != nil {
			t.Fatal(err)
		}
		if l.M&(l.M-1) != 0 || l.M < minM || l.M > MaxM || n*l.Rows > maxPoints || l.Extra() != l.Rows*l.Limbs {
			t.Fatalf("%+v", l)
		}
		if w := l.Limbs * (bits - 1); w < blindBits || w-bits+1 >= blindBits {
			t.Fatalf("%d limbs of %d bits", l.Limbs, bits-1)
		}
		next := 0
		for r := range l.Rows {
			lo, hi := l.Row(r)
			if lo != next || hi <= lo || hi-lo > l.M {
				t.Fatalf("row %d is %d..%d", r, lo, hi)
			}
			next = hi
		}
		if next != dim {
			t.Fatalf("rows end at %d", next)
		}
	})
}
