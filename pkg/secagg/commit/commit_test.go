package commit

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/big"
	"os"
	"slices"
	"testing"

	"chorus/pkg/secagg/field"
	"chorus/pkg/secagg/kdf"

	"pgregory.net/rapid"
)

func encoded(p Point) string {
	b := p.Bytes()
	return hex.EncodeToString(b[:])
}

type vectors struct {
	G     []string
	H     string
	Cases []struct {
		X            []int32
		Limbs        []int64
		Bits         int
		Blind, Point string
	}
}

// TestVectors compares with testdata/vectors.py, which shares no code with us.
func TestVectors(t *testing.T) {
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil || len(v.Cases) == 0 {
		t.Fatal(err)
	}
	k := mustKey(t, len(v.G))
	if encoded(k.H()) != v.H {
		t.Error("H")
	}
	for i, g := range v.G {
		if encoded(k.G(i)) != g {
			t.Errorf("G_%d", i+1)
		}
	}
	for _, c := range v.Cases {
		blind := Blind(c.Limbs, c.Bits)
		if b := blind.Bytes(); hex.EncodeToString(b[:]) != c.Blind || encoded(k.Commit(c.X, blind)) != c.Point {
			t.Errorf("%d bits", c.Bits)
		}
	}
}

func TestKeysArePrefixes(t *testing.T) {
	small, large := mustKey(t, 17), mustKey(t, 600)
	if small.M() != 17 || large.M() != 600 {
		t.Fatal(small.M(), large.M())
	}
	fresh, seen := make([]niels, 600), map[string]int{encoded(large.H()): -1}
	derive(fresh, 0)
	for i := range fresh {
		v, p := fresh[i].ext(), large.G(i)
		if !p.Equal(Point{v.edwards()}) || i < 17 && !p.Equal(small.G(i)) {
			t.Errorf("G_%d depends on the history of keys", i+1)
		}
		if j, double := seen[encoded(p)]; double || p.Equal(Point{}) {
			t.Errorf("G_%d equals %d or the identity", i+1, j+1)
		}
		seen[encoded(p)] = i
	}
	for _, m := range []int{-1, 0, MaxM + 1} {
		if _, err := NewKey(m); !errors.Is(err, ErrSize) {
			t.Errorf("%d: %v", m, err)
		}
	}
}

func TestCommitEdges(t *testing.T) {
	k, blind := mustKey(t, 16), field.FromUint64(9)
	for _, x := range [][]int32{
		nil, {0}, {1}, {-1}, {math.MaxInt32, -math.MaxInt32}, {math.MinInt32}, {32767, -32767, 0, 32767},
		{5, 5, 5, 5, -5, -5, -5, -5, 5, 5, 5, 5, 5, 5, 5, 5}, make([]int32, 16),
	} {
		points, long := []Point{k.H()}, []int64{9}
		for i, v := range x {
			points, long = append(points, k.G(i)), append(long, int64(v))
		}
		if !k.Commit(x, blind).Equal(naive(points, long)) {
			t.Errorf("%v", x)
		}
	}
}

func TestHomomorphism(t *testing.T) {
	k := mustKey(t, 32)
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Int32Range(1-1<<30, 1<<30-1), 32, 32).Draw(t, "x")
		y := rapid.SliceOfN(rapid.Int32Range(1-1<<30, 1<<30-1), 32, 32).Draw(t, "y")
		a := Blind(rapid.SliceOfN(rapid.Int64Range(0, 1<<15-1), 23, 23).Draw(t, "a"), 16)
		b := Blind(rapid.SliceOfN(rapid.Int64Range(0, 1<<15-1), 23, 23).Draw(t, "b"), 16)
		sum := make([]int32, 32)
		for i := range sum {
			sum[i] = x[i] + y[i]
		}
		if !k.Commit(x, a).Add(k.Commit(y, b)).Equal(k.Commit(sum, field.Add(a, b))) {
			t.Fatal("the sum of commitments does not commit to the sum")
		}
	})
}

func TestBlindAgainstBig(t *testing.T) {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	rapid.Check(t, func(t *rapid.T) {
		bits := rapid.IntRange(2, 32).Draw(t, "bits")
		limbs := make([]int64, (blindBits+bits-2)/(bits-1))
		want := new(big.Int)
		for j := range limbs {
			limbs[j] = drawInt64(t, "limb")
			want.Add(want, new(big.Int).Lsh(big.NewInt(limbs[j]), uint(j*(bits-1))))
		}
		got := Blind(limbs, bits).Bytes()
		slices.Reverse(got[:])
		if new(big.Int).SetBytes(got[:]).Cmp(want.Mod(want, order)) != 0 {
			t.Fatal("blind")
		}
	})
}

func TestCommitVector(t *testing.T) {
	l, k := mustLayout(t, 4096+9, 16, 3)
	x, limbs := values(l.Dim, 16), draw(t, l, "a")
	c, err := k.CommitVector(l, x, limbs)
	if err != nil || len(c) != 2 {
		t.Fatal(len(c), err)
	}
	for r := range c {
		lo, hi := l.Row(r)
		long := make([]int64, l.Limbs)
		for j := range long {
			long[j] = int64(limbs[r*l.Limbs+j])
		}
		if !c[r].Equal(k.Commit(x[lo:hi], Blind(long, l.Bits))) {
			t.Errorf("row %d", r)
		}
	}
}

func TestCommitVectorRefuses(t *testing.T) {
	l, k := mustLayout(t, 20, 16, 3)
	for _, v := range []struct {
		x, limb int32
		want    error
	}{
		{1<<15 - 1, 1<<15 - 1, nil}, {-(1<<15 - 1), 0, nil},
		{1 << 15, 0, ErrValue}, {-1 << 15, 0, ErrValue}, {math.MinInt32, 0, ErrValue}, {0, -1, ErrValue}, {0, 1 << 15, ErrValue},
	} {
		x, limbs := make([]int32, l.Dim), make([]int32, l.Extra())
		x[19], limbs[l.Extra()-1] = v.x, v.limb
		if _, err := k.CommitVector(l, x, limbs); !errors.Is(err, v.want) {
			t.Errorf("%d, %d: %v", v.x, v.limb, err)
		}
	}
	other := l
	other.Rows++
	for _, v := range []struct {
		l     Layout
		k     *Key
		x, ex int
	}{{l, k, 19, l.Extra()}, {l, k, 20, 0}, {l, mustKey(t, 16), 20, l.Extra()}, {other, k, 20, other.Extra()}, {Layout{}, k, 0, 0}} {
		if _, err := v.k.CommitVector(v.l, make([]int32, v.x), make([]int32, v.ex)); !errors.Is(err, ErrShape) {
			t.Errorf("%+v: %v", v.l, err)
		}
	}
}

// draw reads limbs as a participant does, from its persisted secret.
func draw(t testing.TB, l Layout, secret string) []int32 {
	limbs, err := DrawLimbs(l, kdf.Stream([]byte(secret), kdf.Context{Purpose: "limbs"}))
	if err != nil {
		t.Fatal(err)
	}
	return limbs
}

func TestDrawLimbs(t *testing.T) {
	for _, bits := range []int{2, 9, 16, 32} {
		l, err := NewLayout(100000, bits, 3)
		if err != nil {
			t.Fatal(err)
		}
		limbs, ones := draw(t, l, "a"), 0
		for _, v := range limbs {
			if v < 0 || int64(v) >= 1<<(bits-1) {
				t.Fatalf("%d bits: %d", bits, v)
			}
			for j := range bits - 1 {
				ones += int(v >> j & 1)
			}
		}
		// Six standard deviations of a fair coin.
		total := float64(len(limbs) * (bits - 1))
		if dev := math.Abs(float64(ones) - total/2); len(limbs) != l.Extra() || dev > 3*math.Sqrt(total) {
			t.Errorf("%d bits: %d ones of %v", bits, ones, total)
		}
		if !slices.Equal(limbs, draw(t, l, "a")) || slices.Equal(limbs, draw(t, l, "b")) {
			t.Error("not a function of the source")
		}
	}
	l, _ := mustLayout(t, 20, 16, 3)
	if _, err := DrawLimbs(l, bytes.NewReader(make([]byte, 4*l.Extra()-1))); !errors.Is(err, ErrRandom) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
}
