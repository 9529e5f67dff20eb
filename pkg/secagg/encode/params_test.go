package encode_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"chorus/pkg/secagg/encode"
)

func params(change func(*encode.Params)) encode.Params {
	p := encode.Params{Bits: 16, Clip: 1, MaxWeight: 10, Roster: 100, Dim: 4}
	if change != nil {
		change(&p)
	}
	return p
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name, names string
		change      func(*encode.Params)
	}{
		{"2 bits", "3..24", func(p *encode.Params) { p.Bits = 2 }},
		{"25 bits", "3..24", func(p *encode.Params) { p.Bits = 25 }},
		{"clip 0", "clip 0", func(p *encode.Params) { p.Clip = 0 }},
		{"negative clip", "clip -1", func(p *encode.Params) { p.Clip = -1 }},
		{"clip NaN", "clip NaN", func(p *encode.Params) { p.Clip = math.NaN() }},
		{"clip infinite", "clip +Inf", func(p *encode.Params) { p.Clip = math.Inf(1) }},
		{"clip subnormal", "clip", func(p *encode.Params) { p.Clip = 5e-324 }},
		{"no dimension", "dimension 0", func(p *encode.Params) { p.Dim = 0 }},
		{"huge dimension", "splitting", func(p *encode.Params) { p.Dim = encode.MaxDim + 1 }},
		{"weight 0", "equal weights", func(p *encode.Params) { p.MaxWeight = 0 }},
		{"empty roster", "roster", func(p *encode.Params) { p.Roster = 0 }},
		{"negative roster", "roster", func(p *encode.Params) { p.Roster = -5 }},
		{"slot of 63", "b <= 15 or N <= 70368744177664", func(p *encode.Params) { p.Roster = 1<<46 + 1; p.MaxWeight = 1 }},
		{"largest roster", "b <= -1 or N <= 70368744177664", func(p *encode.Params) { p.Roster = math.MaxInt }},
		{"weights of 64 bits", "N <= 2147483648", func(p *encode.Params) { p.Roster = 1<<31 + 1; p.MaxWeight = math.MaxUint32 }},
	} {
		p := params(c.change)
		err := p.Check()
		if !errors.Is(err, encode.ErrParams) || !strings.Contains(err.Error(), c.names) {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, err := p.Encode(make([]float64, 4), 1, nil); !errors.Is(err, encode.ErrParams) {
			t.Errorf("%s: Encode: %v", c.name, err)
		}
		if _, err := p.Decode(make([]int64, 4), 1); !errors.Is(err, encode.ErrParams) {
			t.Errorf("%s: Decode: %v", c.name, err)
		}
	}
}

// TestNamedLimitsFit: what an error recommends is accepted.
func TestNamedLimitsFit(t *testing.T) {
	for _, p := range []encode.Params{
		params(nil),
		params(func(p *encode.Params) { p.Roster = 1 << 46; p.MaxWeight = 1 }),
		params(func(p *encode.Params) { p.Roster = 1<<46 + 1; p.Bits = 15; p.MaxWeight = 1 }),
		params(func(p *encode.Params) { p.Roster = 1 << 31; p.MaxWeight = math.MaxUint32 }),
		params(func(p *encode.Params) { p.Clip = encode.MinClip; p.Dim = encode.MaxDim }),
		params(func(p *encode.Params) { p.Clip = encode.MaxClip; p.Bits = encode.MaxBits; p.Roster = 1 }),
	} {
		if err := p.Check(); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

func TestSlotWidth(t *testing.T) {
	for _, c := range []struct{ bits, roster, width, word int }{
		{16, 1, 16, 32}, {16, 2, 17, 32}, {16, 3, 18, 32}, {16, 4, 18, 32}, {16, 5, 19, 32},
		{16, 100, 23, 32}, {12, 1000, 22, 32}, {16, 1 << 16, 32, 32}, {16, 1<<16 + 1, 33, 64},
		{24, 256, 32, 32}, {24, 257, 33, 64}, {24, 1 << 38, 62, 64},
	} {
		p := params(func(p *encode.Params) { p.Bits, p.Roster = c.bits, c.roster })
		if p.SlotWidth() != c.width || p.WordBits() != c.word {
			t.Errorf("b %d, N %d: slot %d in words of %d, want %d in %d", c.bits, c.roster, p.SlotWidth(), p.WordBits(), c.width, c.word)
		}
	}
}

// TestOverflowIsImpossible adds the whole roster at both extremes, modulo the
// slot and modulo the word, for every b and rosters around powers of two.
func TestOverflowIsImpossible(t *testing.T) {
	for b := encode.MinBits; b <= encode.MaxBits; b++ {
		for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9, 100, 1000, 1023, 1024, 1025, 1 << 20, 1 << 38} {
			p := params(func(p *encode.Params) { p.Bits, p.Roster, p.MaxWeight, p.Dim = b, n, 1, 1 })
			if err := p.Check(); err != nil {
				t.Fatalf("b %d, N %d: %v", b, n, err)
			}
			for _, x := range []int64{1<<(b-1) - 1, -(1<<(b-1) - 1)} {
				sum := uint64(x) * uint64(n) // modulo 2^64, of which every word is a part
				slot := sum & (1<<p.SlotWidth() - 1)
				want := x * int64(n)
				if p.Centred(sum) != want || p.Centred(slot) != want || p.Centred(uint64(uint32(sum))) != want && p.WordBits() == 32 {
					t.Fatalf("b %d, N %d: %d decodes to %d", b, n, want, p.Centred(slot))
				}
				if _, err := p.Decode([]int64{want}, uint64(n)); err != nil {
					t.Fatalf("b %d, N %d: %v", b, n, err)
				}
			}
		}
	}
}
