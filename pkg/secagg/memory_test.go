package secagg

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"chorus/pkg/wire"
)

func set(s string) []string { return strings.Fields(s) }

// TestMaySign is docs/PROTOCOL.md, section 11: what a spent model still allows, with
// floor + A_corr = 3.
func TestMaySign(t *testing.T) {
	model := wire.Digest{1}
	for name, c := range map[string]struct {
		signed []string
		next   string
		ok     bool
	}{
		"first set":                  {nil, "a b c d", true},
		"the same set again":         {set("abcd"), "abcd", true},
		"one name less":              {[]string{"a b c d"}, "a b c", false},
		"one name more":              {[]string{"a b c"}, "a b c d", false},
		"one name exchanged":         {[]string{"a b c d"}, "a b c e", false},
		"three names less":           {[]string{"a b c d e f"}, "a b c", true},
		"three names exchanged":      {[]string{"a b c d e f"}, "a b c g h i", true},
		"three less, one more":       {[]string{"a b c d e f"}, "a b c g", false},
		"disjoint":                   {[]string{"a b c"}, "d e f", true},
		"a third set":                {[]string{"a b c d e f", "a b c"}, "g h i", false},
		"the second of two again":    {[]string{"a b c d e f", "a b c"}, "a b c", true},
		"spent on another model":     {[]string{"other: a b c d"}, "a b c", true},
		"the same, after two, first": {[]string{"a b c d e f", "a b c"}, "a b c d e f", true},
	} {
		var m Memory
		for _, s := range c.signed {
			of := model
			if rest, other := strings.CutPrefix(s, "other: "); other {
				of, s = wire.Digest{2}, rest
			}
			m.Spend(of, set(s))
		}
		if got := m.MaySign(model, set(c.next), 3); got != c.ok {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestSpentSetsHideInputs: whatever sequence of sets is asked for, those signed
// on one model never differ by fewer than the floor of names.
func TestSpentSetsHideInputs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const least = 3
		var m Memory
		var signed [][]string
		for range rapid.IntRange(1, 12).Draw(t, "rounds") {
			var names []string
			for i := range 8 {
				if rapid.Bool().Draw(t, "in") {
					names = append(names, fmt.Sprint(i))
				}
			}
			if len(names) >= least && m.MaySign(wire.Digest{}, names, least) {
				m.Spend(wire.Digest{}, names)
				signed = append(signed, names)
			}
		}
		for _, a := range signed {
			for _, b := range signed {
				if n := missing(a, b); n != 0 && n < least {
					t.Fatalf("%v and %v differ by %d", a, b, n)
				}
			}
		}
	})
}

func TestPolicy(t *testing.T) {
	good := func() *Round {
		return &Round{Open: wire.Open{Gamma: wire.Ratio{Num: 1, Den: 10}, Floor: 2, MinU1: 3, Bits: 16}, Roster: &wire.Roster{}}
	}
	if err := DefaultPolicy().Admits(good()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(r *Round, p *Policy)
		want   error
	}{
		"gamma lowered":    {func(r *Round, _ *Policy) { r.Open.Gamma = wire.Ratio{Num: 1, Den: 11} }, ErrWeak},
		"floor lowered":    {func(r *Round, _ *Policy) { r.Open.Floor = 1 }, ErrWeak},
		"few members":      {func(r *Round, _ *Policy) { r.Open.MinU1 = 2 }, ErrWeak},
		"few bits":         {func(_ *Round, p *Policy) { p.MinBits = 17 }, ErrWeak},
		"forkable":         {func(r *Round, _ *Policy) { r.Open.Forkable = true }, ErrForkable},
		"not counted":      {func(r *Round, _ *Policy) { r.Roster.NotCounted = true }, ErrWeak},
		"gamma a hair low": {func(r *Round, _ *Policy) { r.Open.Gamma = wire.Ratio{Num: 429496728, Den: 4294967295} }, ErrWeak},
	} {
		r, p := good(), DefaultPolicy()
		c.change(r, &p)
		if err := p.Admits(r); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
