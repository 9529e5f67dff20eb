package commit

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"chorus/pkg/secagg/field"

	"pgregory.net/rapid"
)

// round is the record of an aggregate of three clients. Its layout has rows of
// 16 values, smaller than NewLayout makes them, so that many rows stay cheap.
type round struct {
	k           *Key
	l           Layout
	sums, limbs []int64
	rows        []Point
}

func newRound(t testing.TB, dim int) round {
	l := Layout{Dim: dim, M: 16, Rows: rows(dim, 16), Bits: 16, Limbs: 23}
	r := round{k: mustKey(t, l.M), l: l, sums: make([]int64, dim), limbs: make([]int64, l.Extra())}
	var all [][]Point
	for _, client := range []string{"a", "b", "c"} {
		x, limbs := values(dim, 16), draw(t, l, client)
		c, err := r.k.CommitVector(l, x, limbs)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
		for i := range x {
			r.sums[i] += int64(x[i])
		}
		for i := range limbs {
			r.limbs[i] += int64(limbs[i])
		}
	}
	r.rows = SumRows(all)
	return r
}

func (r round) check(seed byte) error {
	return CheckSum(r.k, r.l, r.sums, r.limbs, r.rows, [32]byte{seed})
}

func TestCheckSumAccepts(t *testing.T) {
	for _, dim := range []int{1, 15, 16, 17, 48, 100} {
		r := newRound(t, dim)
		for seed := range byte(3) {
			if err := r.check(seed); err != nil {
				t.Errorf("%d values: %v", dim, err)
			}
		}
	}
}

// failsAt asserts that exactly the given rows are named.
func (r round) failsAt(t testing.TB, what string, want ...int) {
	t.Helper()
	err := r.check(1)
	var named *RowsError
	if !errors.As(err, &named) || !errors.Is(err, ErrSum) || !slices.Equal(named.Rows, want) {
		t.Errorf("%s: %v, want rows %v", what, err, want)
	}
}

func TestCheckSumBindsEverything(t *testing.T) {
	r := newRound(t, 40)
	deltas := []int64{1, -1, 1 << 32, math.MinInt64}
	for i := range r.sums {
		r.sums[i] += deltas[i%4]
		r.failsAt(t, "value", i/r.l.M)
		r.sums[i] -= deltas[i%4]
	}
	for i := range r.limbs {
		r.limbs[i]++
		r.failsAt(t, "limb", i/r.l.Limbs)
		r.limbs[i]--
	}
	for i := range r.rows {
		honest := r.rows[i]
		r.rows[i] = honest.Add(Generator())
		r.failsAt(t, "commitment", i)
		r.rows[i] = honest
	}
	if err := r.check(1); err != nil {
		t.Error("control:", err)
	}
}

// Errors that cancel in a plain sum of rows or columns must not cancel here.
func TestCheckSumNamesCombinedErrors(t *testing.T) {
	r := newRound(t, 80)
	r.sums[3]++
	r.sums[16+3]--
	r.sums[64+1] += 5
	r.failsAt(t, "cancelling rows", 0, 1, 4)
	r = newRound(t, 80)
	r.sums[3], r.sums[4] = r.sums[4]+1, r.sums[3]-1
	r.failsAt(t, "one row", 0)
	r = newRound(t, 80)
	r.rows[2], r.rows[3] = r.rows[3], r.rows[2]
	r.failsAt(t, "swapped commitments", 2, 3)
	r = newRound(t, 80)
	r.limbs[0] += 1 << 15
	r.limbs[1]-- // the same blind in other limbs opens the same commitment
	if err := r.check(1); err != nil {
		t.Error(err)
	}
	for i := range r.sums {
		r.sums[i] = 0
	}
	r.failsAt(t, "zeros", 0, 1, 2, 3, 4)
	if !strings.Contains(r.check(1).Error(), "[0 1 2 3 4]") {
		t.Error(r.check(1))
	}
}

func TestCheckSumExtremes(t *testing.T) {
	r := newRound(t, 20)
	for i := range r.sums {
		r.sums[i] = []int64{math.MinInt64, math.MaxInt64, 0, -1}[i%4]
	}
	for i := range r.limbs {
		r.limbs[i] = []int64{math.MaxInt64, math.MinInt64, 7}[i%3]
	}
	for i := range r.rows {
		lo, hi := r.l.Row(i)
		points, long := []Point{r.k.H().Mul(r.l.blind(r.limbs, i))}, []int64{1}
		for j := lo; j < hi; j++ {
			points, long = append(points, r.k.G(j-lo)), append(long, r.sums[j])
		}
		r.rows[i] = naive(points, long)
	}
	if err := r.check(1); err != nil {
		t.Error(err)
	}
	r.sums[0]++
	r.failsAt(t, "extreme", 0)
}

func TestCheckSumRefuses(t *testing.T) {
	r := newRound(t, 20)
	for _, err := range []error{
		CheckSum(r.k, r.l, r.sums[1:], r.limbs, r.rows, [32]byte{}),
		CheckSum(r.k, r.l, r.sums, r.limbs[1:], r.rows, [32]byte{}),
		CheckSum(r.k, r.l, r.sums, r.limbs, r.rows[1:], [32]byte{}),
		CheckSum(mustKey(t, 32), r.l, r.sums, r.limbs, r.rows, [32]byte{}),
		CheckSum(r.k, Layout{}, nil, nil, nil, [32]byte{}),
	} {
		if !errors.Is(err, ErrShape) {
			t.Error(err)
		}
	}
}

func TestCombinersFollowSeed(t *testing.T) {
	a, b := combiners(5, [32]byte{1}), combiners(9, [32]byte{1})
	if !slices.Equal(a, b[:5]) || slices.Equal(a, combiners(5, [32]byte{2})) {
		t.Error("not a function of the seed alone")
	}
	seen := map[[2]uint64]bool{}
	for _, e := range b {
		if seen[e] || e[0] == 0 || e[1] == 0 {
			t.Errorf("weight %v", e)
		}
		seen[e] = true
	}
}

func TestSumRows(t *testing.T) {
	if got := SumRows(nil); len(got) != 0 {
		t.Error(got)
	}
	g := Generator()
	got := SumRows([][]Point{{g, g}, nil, {g}, {{}, g, g}})
	for i, want := range []uint64{2, 2, 1} {
		if !got[i].Equal(g.Mul(field.FromUint64(want))) {
			t.Errorf("row %d", i)
		}
	}
}

// Any change of opened integers is refused and named, as one property.
func TestCheckSumProperty(t *testing.T) {
	base := newRound(t, 70)
	rapid.Check(t, func(t *rapid.T) {
		r, want := base, map[int]bool{}
		r.sums = slices.Clone(base.sums)
		for range rapid.IntRange(0, 4).Draw(t, "edits") {
			i := rapid.IntRange(0, len(r.sums)-1).Draw(t, "i")
			r.sums[i] += drawInt64(t, "delta")
		}
		for i := range r.sums {
			if r.sums[i] != base.sums[i] {
				want[i/r.l.M] = true
			}
		}
		err := r.check(rapid.Byte().Draw(t, "seed"))
		var named *RowsError
		if len(want) == 0 {
			if err != nil {
				t.Fatal(err)
			}
		} else if !errors.As(err, &named) || len(named.Rows) != len(want) || !want[named.Rows[0]] {
			t.Fatalf("%v, want %v", err, want)
		}
	})
}
