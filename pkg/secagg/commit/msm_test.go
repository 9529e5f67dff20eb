package commit

import (
	"math"
	"runtime"
	"testing"

	"filippo.io/edwards25519"

	"chorus/pkg/secagg/field"

	"pgregory.net/rapid"
)

// naive is the oracle: the library's Straus multiplication.
func naive(points []Point, x []int64) Point {
	ss, ps := make([]*edwards25519.Scalar, len(x)), make([]*edwards25519.Point, len(x))
	for i := range x {
		ss[i], ps[i] = field.FromInt64(x[i]).Scalar(), points[i].edwards()
	}
	return Point{new(edwards25519.Point).VarTimeMultiScalarMult(ss, ps)}
}

func asNiels(points []Point) []niels {
	v, n := make([]ext, len(points)), make([]niels, len(points))
	for i := range points {
		v[i] = points[i].ext()
	}
	toNiels(n, v)
	return n
}

func drawPoints(t *rapid.T, n int) []Point {
	points := make([]Point, n)
	for i := range points {
		// Few different points, so that buckets meet equal ones and opposites.
		points[i] = Generator().Mul(field.FromUint64(uint64(rapid.IntRange(0, 3).Draw(t, "point"))))
	}
	return points
}

func TestMSMAgainstLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := drawPoints(t, rapid.IntRange(0, 40).Draw(t, "n"))
		x, table := make([]int64, len(points)), asNiels(points)
		limit := uint(rapid.IntRange(0, 63).Draw(t, "shift"))
		for i := range x {
			x[i] = drawInt64(t, "x") >> limit
		}
		v, w, want := msm(table, int64s(x)), msmParallel(table, int64s(x)), naive(points, x)
		if a, b := (Point{v.edwards()}), (Point{w.edwards()}); !a.Equal(want) || !b.Equal(want) {
			t.Fatal("wrong sum")
		}
	})
}

// The widths that bestWidth picks depend on the number of points; all must work.
func TestMSMWidths(t *testing.T) {
	k, x := mustKey(t, 300), values(300, 32)
	x[0], x[1], x[2], x[3], x[4] = math.MaxInt32, -math.MaxInt32, 0, math.MinInt32, 1
	long, points := make([]int64, len(x)), make([]Point, len(x))
	for i := range x {
		long[i], points[i] = int64(x[i]), k.G(i)
	}
	want, s := naive(points, long), int32s(x)
	for c := uint(1); c <= 16; c++ {
		w := windowsOf(c, s.bits)
		sums := make([]ext, w.count)
		buckets, digits := w.scratch(s.n)
		for i := range sums {
			sums[i] = w.sum(k.g, s, i, buckets, digits)
		}
		v := w.join(sums)
		if !(Point{v.edwards()}).Equal(want) {
			t.Errorf("width %d", c)
		}
	}
}

func TestBestWidth(t *testing.T) {
	for _, v := range []struct {
		n, bits int
		want    uint
	}{{1 << 11, 16, 8}, {1 << 14, 16, 8}, {1 << 17, 16, 16}, {16, 1, 2}} {
		if got := bestWidth(v.n, v.bits); got != v.want {
			t.Errorf("%d points of %d bits: %d, want %d", v.n, v.bits, got, v.want)
		}
	}
}

func TestMSMForAnyGOMAXPROCS(t *testing.T) {
	old := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(old)
	k, x := mustKey(t, 64), values(64, 24)
	first := k.Commit(x, field.FromUint64(5)).Bytes()
	for _, procs := range []int{1, 2, 3, 8} {
		runtime.GOMAXPROCS(procs)
		if k.Commit(x, field.FromUint64(5)).Bytes() != first {
			t.Errorf("GOMAXPROCS %d changes the commitment", procs)
		}
	}
}
