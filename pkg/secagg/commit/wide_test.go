package commit

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func (v *wide) big() *big.Int {
	n := new(big.Int)
	for i := 3; i >= 0; i-- {
		n.Or(n.Lsh(n, 64), new(big.Int).SetUint64(v[i]))
	}
	if v[3]>>63 == 1 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), 256))
	}
	return n
}

func drawInt64(t *rapid.T, name string) int64 {
	edges := []int64{0, 1, -1, math.MaxInt64, math.MinInt64, math.MinInt64 + 1, 1 << 32, -1 << 32}
	return rapid.OneOf(rapid.SampledFrom(edges), rapid.Int64()).Draw(t, name)
}

func drawWeight(t *rapid.T, name string) [2]uint64 {
	half := rapid.OneOf(rapid.SampledFrom([]uint64{0, 1, 1 << 63, math.MaxUint64}), rapid.Uint64())
	return [2]uint64{half.Draw(t, name+"0"), half.Draw(t, name+"1")}
}

func TestWideAgainstBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, want := wideInt(drawInt64(t, "start")), new(big.Int)
		want.Set(v.big())
		for range rapid.IntRange(0, 5).Draw(t, "n") {
			e, x := drawWeight(t, "e"), drawInt64(t, "x")
			v.addProduct(&e, x)
			weight := wide{e[0], e[1]}
			want.Add(want, new(big.Int).Mul(weight.big(), big.NewInt(x)))
		}
		if v.big().Cmp(want) != 0 {
			t.Fatalf("%v, want %v", v.big(), want)
		}
		positive := new(big.Int).Set(want)
		if want.Sign() < 0 {
			positive.Not(want)
		}
		if v.len() != positive.BitLen()+1 {
			t.Fatalf("len %d of %v", v.len(), want)
		}
	})
}

// Digits of any width, weighted and added up, give the scalar back, and each is
// small enough for its bucket.
func TestDigitsRecompose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, e := wideInt(drawInt64(t, "low")), drawWeight(t, "e")
		if rapid.Bool().Draw(t, "long") {
			v.addProduct(&e, drawInt64(t, "x"))
		}
		s := wides([]wide{v})
		w := windowsOf(uint(rapid.IntRange(1, 16).Draw(t, "c")), s.bits)
		sum, digit := new(big.Int), make([]int32, 1)
		for k := w.count - 1; k >= 0; k-- {
			w.digits(digit, s, k)
			if half := int32(1) << (w.c - 1); digit[0] < -half || digit[0] > half {
				t.Fatalf("digit %d of width %d", digit[0], w.c)
			}
			sum.Add(sum.Lsh(sum, w.c), big.NewInt(int64(digit[0])))
		}
		if sum.Cmp(v.big()) != 0 {
			t.Fatalf("%v, want %v", sum, v.big())
		}
	})
}
