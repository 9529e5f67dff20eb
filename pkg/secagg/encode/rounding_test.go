package encode

import (
	"crypto/rand"
	"fmt"
	"math"
	"strings"
	"testing"
)

// TestUnbiased rounds 10^5 equal coordinates and looks at their sum, which
// Hoeffding keeps within sqrt(d/2 ln(2/p)) of its expectation but for
// probability p. Eleven values at p = 2^-50 make a false alarm rarer than
// 2^-46 per run.
func TestUnbiased(t *testing.T) {
	const d, lnTwoOverP = 100_000, 51 * math.Ln2
	allowed := math.Sqrt(d / 2 * lnTwoOverP)
	p := Params{Bits: 17, Clip: 1 << 16, MaxWeight: 4, Roster: 8, Dim: d}
	for _, y := range []float64{0, 0.5, 0.25, -0.25, 0.001, -0.999, 1e-5, 33.3, -33.3, 99.75, 100} {
		u := make([]float64, d)
		for i := range u {
			u[i] = y / p.Scale() * 2 // weight 2 of 4 halves it
		}
		x, err := p.Encode(u, 2, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, v := range x {
			sum += float64(v)
			if math.Abs(float64(v)-y) > 1+1e-9 {
				t.Fatalf("%v rounds to %d", y, v)
			}
		}
		if off := math.Abs(sum - d*y); off > allowed+d*0x1p-31 {
			t.Errorf("%v: the sum of %d roundings is off by %.1f, allowed %.1f", y, d, off, allowed)
		}
	}
}

// TestNeighboursAreIndependent: at y = 1/2 neighbours agree half of the time;
// Hoeffding as above, false alarm below 2^-50.
func TestNeighboursAreIndependent(t *testing.T) {
	const d = 100_000
	p := Params{Bits: 16, Clip: 1 << 15, MaxWeight: 1, Roster: 8, Dim: d}
	u := make([]float64, d)
	for i := range u {
		u[i] = 0.5 / p.Scale()
	}
	x, err := p.Encode(u, 1, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, lag := range []int{1, 2, 4, 16, streamBlock / 4} {
		agree, pairs := 0, 0.0
		for i := 0; i+lag < d; i++ {
			if i/lag%2 == 1 { // disjoint pairs only
				continue
			}
			if pairs++; x[i] == x[i+lag] {
				agree++
			}
		}
		if off := math.Abs(float64(agree) - pairs/2); off > math.Sqrt(pairs/2*54*math.Ln2) {
			t.Errorf("lag %d: %d of %.0f pairs agree", lag, agree, pairs)
		}
	}
}

// TestSlackMeetsItsProbability checks the constant of the derivation.
func TestSlackMeetsItsProbability(t *testing.T) {
	const factor = float64(slackNum) / slackDen
	if p := math.Exp(-2 * factor * factor); p > 0x1p-20 || p < 0x1p-21 {
		t.Fatalf("one draw fails with probability up to %g", p)
	}
}

// TestSlackIsNotExceeded draws the worst case: every fraction 1/2 and the norm
// at its limit, V = 510 * 496/510 = 15.5 sqrt d. The key is fixed, so the test
// cannot fail by chance; with fresh keys one of the draws would exceed the
// bound with probability below 2000 * 2^-20. Their mean is V^2 + d/4.
func TestSlackIsNotExceeded(t *testing.T) {
	const d, draws = 1024, 2000
	p := Params{Bits: 10, Clip: 32, MaxWeight: 510, Roster: 2, Dim: d}
	u := make([]float64, d)
	for i := range u {
		u[i] = 1
	}
	g, err := p.gains(u, 496)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newStream(strings.NewReader("TestSlackIsNotExceeded, 32 bytes"))
	if err != nil {
		t.Fatal(err)
	}
	x, mean := make([]int32, d), 0.0
	for range draws {
		got := g.draw(x, u, s)
		mean += float64(got) / draws
		if got > p.NormBound(496) {
			t.Errorf("norm %d beyond %d", got, p.NormBound(496))
		}
	}
	// Two values 31 apart per coordinate: a standard deviation of 31/2 sqrt(d /
	// draws), of which ten are allowed.
	want, allowed := 15.5*15.5*d+d/4.0, 155*math.Sqrt(d/float64(draws))
	if math.Abs(mean-want) > allowed {
		t.Errorf("mean norm %.1f, want %.1f within %.1f", mean, want, allowed)
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, clip := range []float64{1, 1e9} {
		b.Run(fmt.Sprintf("d=2^20/clip=%g", clip), func(b *testing.B) {
			p := Params{Bits: 16, Clip: clip, MaxWeight: 1, Roster: 1000, Dim: 1 << 20}
			u := make([]float64, p.Dim)
			for i := range u {
				u[i] = math.Sin(float64(i))
			}
			b.SetBytes(int64(8 * p.Dim))
			for b.Loop() {
				if _, err := p.Encode(u, 1, rand.Reader); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	p := Params{Bits: 16, Clip: 1, MaxWeight: 1, Roster: 1000, Dim: 1 << 20}
	sum := make([]int64, p.Dim)
	b.SetBytes(int64(8 * p.Dim))
	for b.Loop() {
		if _, err := p.Decode(sum, 1000); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	u, x := make([]float64, 1<<20), make([]int32, 1<<20)
	s, err := newStream(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(8 << 20)
	for b.Loop() {
		gains{1, 1}.draw(x, u, s)
	}
}
