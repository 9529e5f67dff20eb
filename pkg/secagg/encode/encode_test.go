package encode_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"chorus/pkg/secagg/encode"

	"pgregory.net/rapid"
)

func norm2(x []int32) uint64 {
	sum := uint64(0)
	for _, v := range x {
		sum += uint64(int64(v) * int64(v))
	}
	return sum
}

func drawParams(t *rapid.T) encode.Params {
	return encode.Params{
		Bits:      rapid.IntRange(encode.MinBits, encode.MaxBits).Draw(t, "bits"),
		Clip:      rapid.Float64Range(encode.MinClip, encode.MaxClip).Draw(t, "clip"),
		MaxWeight: rapid.Uint32Min(1).Draw(t, "max"),
		Roster:    rapid.IntRange(1, 1<<20).Draw(t, "roster"),
		Dim:       rapid.IntRange(1, 60).Draw(t, "dim"),
	}
}

func key(t *rapid.T) io.Reader {
	return bytes.NewReader(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key"))
}

// clipped returns Scale weight/MaxWeight clip(u) with 300 bits of precision.
func clipped(p encode.Params, u []float64, weight uint32) []*big.Float {
	real := func(v float64) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(v) }
	squares := real(0)
	for _, v := range u {
		squares.Add(squares, new(big.Float).Mul(real(v), real(v)))
	}
	gain := real(float64(int64(1)<<(p.Bits-1) - 2))
	gain.Mul(gain, real(float64(weight))).Quo(gain, real(float64(p.MaxWeight)))
	if norm := new(big.Float).Sqrt(squares); norm.Cmp(real(p.Clip)) > 0 {
		gain.Quo(gain, norm)
	} else {
		gain.Quo(gain, real(p.Clip))
	}
	out := make([]*big.Float, len(u))
	for i, v := range u {
		out[i] = real(v)
		out[i].Mul(out[i], gain)
	}
	return out
}

// TestEncodeKeepsItsPromises for any finite update, up to the ends of float64.
func TestEncodeKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawParams(t)
		size := rapid.SampledFrom([]float64{p.Clip / 100, p.Clip, 100 * p.Clip, 1e160, math.MaxFloat64}).Draw(t, "size")
		u := rapid.SliceOfN(rapid.Float64Range(-size, size), p.Dim, p.Dim).Draw(t, "u")
		before := slices.Clone(u)
		weight := rapid.Uint32Range(1, p.MaxWeight).Draw(t, "weight")
		x, err := p.Encode(u, weight, key(t))
		if err != nil || !slices.Equal(u, before) {
			t.Fatalf("error %v, or the update changed", err)
		}
		if norm2(x) > p.NormBound(weight) {
			t.Fatalf("norm %d beyond %d", norm2(x), p.NormBound(weight))
		}
		top := float64(int64(1)<<(p.Bits-1) - 2)
		for i, y := range clipped(p, u, weight) {
			exact, _ := y.Float64()
			// 2^-36 of top is what clipping takes off beyond the real clip.
			if math.Abs(float64(x[i])-exact) >= 1+top*0x1p-35+0x1p-31 || math.Abs(float64(x[i])) > top {
				t.Fatalf("coordinate %d: %v encoded as %d", i, exact, x[i])
			}
		}
	})
}

// TestRoundTrip: one vector, and the sum of many, decode to the weighted mean
// within MeanErrorBound.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawParams(t)
		p.Clip = math.Ldexp(1, rapid.IntRange(-20, 20).Draw(t, "exponent"))
		n := rapid.IntRange(1, min(5, p.Roster)).Draw(t, "accepted")
		sum, want, weights := make([]int64, p.Dim), make([]float64, p.Dim), uint64(0)
		limit := p.Clip / math.Sqrt(float64(p.Dim)) * 0.999 // inside the clip
		for range n {
			u := rapid.SliceOfN(rapid.Float64Range(-limit, limit), p.Dim, p.Dim).Draw(t, "u")
			weight := rapid.Uint32Range(1, p.MaxWeight).Draw(t, "weight")
			x, err := p.Encode(u, weight, key(t))
			if err != nil {
				t.Fatal(err)
			}
			weights += uint64(weight)
			for i := range x {
				sum[i] += int64(x[i])
				want[i] += float64(weight) * u[i]
			}
		}
		mean, err := p.Decode(sum, weights)
		if err != nil {
			t.Fatal(err)
		}
		allowed := p.MeanErrorBound(n, weights)/p.Scale() + p.Clip*1e-12
		for i, m := range mean {
			if d := math.Abs(m - want[i]/float64(weights)); d > allowed {
				t.Fatalf("coordinate %d is off by %v, allowed %v", i, d, allowed)
			}
		}
	})
}

// TestOneHotAtTheClip: all norm in one coordinate, the largest value there is.
func TestOneHotAtTheClip(t *testing.T) {
	for b := encode.MinBits; b <= encode.MaxBits; b++ {
		p := encode.Params{Bits: b, Clip: 0.1, MaxWeight: 3, Roster: 3, Dim: 5}
		top := int32(1)<<(b-1) - 2
		for _, v := range []float64{0.1, -0.1, 7, -7, math.MaxFloat64, -math.MaxFloat64} {
			x, err := p.Encode([]float64{0, 0, v, 0, 0}, 3, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			got := x[2]
			if v < 0 {
				got = -got
			}
			if got != top && got != top-1 || x[0] != 0 || x[4] != 0 {
				t.Errorf("b %d: %v encoded as %v, want %d", b, v, x, top)
			}
		}
	}
}

func TestEncodeRefusals(t *testing.T) {
	p := params(nil)
	for _, c := range []struct {
		name, names string
		u           []float64
		weight      uint32
		rand        io.Reader
		want        error
	}{
		{"short", "3 values", make([]float64, 3), 1, rand.Reader, encode.ErrShape},
		{"long", "5 values", make([]float64, 5), 1, rand.Reader, encode.ErrShape},
		{"nil", "0 values", nil, 1, rand.Reader, encode.ErrShape},
		{"weight 0", "1..10", make([]float64, 4), 0, rand.Reader, encode.ErrWeight},
		{"weight 11", "1..10", make([]float64, 4), 11, rand.Reader, encode.ErrWeight},
		{"NaN", "value 2 is NaN", []float64{0, 1, math.NaN(), 0}, 1, rand.Reader, encode.ErrNotFinite},
		{"infinite", "value 0 is +Inf", []float64{math.Inf(1), 0, 0, 0}, 1, rand.Reader, encode.ErrNotFinite},
		{"minus infinite", "value 3 is -Inf", []float64{math.MaxFloat64, 0, 0, math.Inf(-1)}, 1, rand.Reader, encode.ErrNotFinite},
		{"no randomness", "crypto/rand", make([]float64, 4), 1, strings.NewReader("short"), encode.ErrRandomness},
	} {
		x, err := p.Encode(c.u, c.weight, c.rand)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.names) || x != nil {
			t.Errorf("%s: %v, error %v", c.name, x, err)
		}
	}
}

func TestDecodeRefusals(t *testing.T) {
	p := params(nil)
	most := int64(100 * (1<<15 - 1))
	for _, c := range []struct {
		name   string
		sum    []int64
		weight uint64
		want   error
	}{
		{"short", make([]int64, 3), 1, encode.ErrShape},
		{"no weight", make([]int64, 4), 0, encode.ErrWeight},
		{"too much weight", make([]int64, 4), 1001, encode.ErrWeight},
		{"too large", []int64{0, 0, most + 1, 0}, 1, encode.ErrSum},
		{"too small", []int64{0, math.MinInt64, 0, 0}, 1, encode.ErrSum},
		{"extremes", []int64{most, -most, 0, 1}, 1000, nil},
	} {
		mean, err := p.Decode(c.sum, c.weight)
		if !errors.Is(err, c.want) || (mean == nil) == (c.want == nil) {
			t.Errorf("%s: %v, error %v", c.name, mean, err)
		}
	}
}

func TestBoundsOfOddWeights(t *testing.T) {
	p := params(nil)
	if p.NormBound(0) != 0 || p.NormBound(11) != 0 {
		t.Error("a norm is allowed to a weight that is not")
	}
	if !math.IsInf(p.MeanErrorBound(3, 0), 1) || p.MeanErrorBound(3, 15) != 2 {
		t.Error("MeanErrorBound")
	}
}
