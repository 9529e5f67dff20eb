package finder_test

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"chorus/pkg/secagg/finder"

	"pgregory.net/rapid"
)

func tenth(n uint32) finder.Ratio { return finder.Ratio{Num: n, Den: 10} }

func rules(gamma, delta finder.Ratio) finder.Rules {
	return finder.Rules{Gamma: gamma, Delta: delta, Sigma: 40, Eta: 20, Floor: 2, MinU1: 3}
}

func pairwise(t *testing.T, n int, r finder.Rules) finder.PairwiseParams {
	t.Helper()
	p, err := finder.Pairwise(n, finder.Corrupt(r.Gamma, n, 0), r)
	if err != nil {
		t.Fatalf("n = %d: %v", n, err)
	}
	return p
}

// TestSmallBudgets holds the table of docs/PROTOCOL, parameter finder: D for
// every n from 3 to 12.
func TestSmallBudgets(t *testing.T) {
	for gamma, budgets := range map[uint32][]int{
		1: {0, 1, 1, 2, 2, 3, 3, 4, 4, 4},
		2: {0, 1, 1, 1, 2, 2, 3, 3, 3, 4},
	} {
		for i, want := range budgets {
			n := i + 3
			p := pairwise(t, n, rules(tenth(gamma), tenth(1)))
			if p.Budget != want || p.T != n-want || p.Q != p.T || p.N != n {
				t.Errorf("gamma %d/10, n = %d: %+v, want D = %d", gamma, n, p, want)
			}
			if asked := n / 10; p.Asked != asked || p.MeetsDelta != (asked <= want) {
				t.Errorf("gamma %d/10, n = %d: %+v", gamma, n, p)
			}
		}
	}
}

func TestPublishedThresholds(t *testing.T) {
	for _, c := range []struct {
		n, t  int
		gamma uint32
	}{{20, 12, 1}, {20, 13, 2}, {100, 56, 1}, {100, 61, 2}} {
		p := pairwise(t, c.n, rules(tenth(c.gamma), tenth(1)))
		if p.T != c.t || p.Q != c.t || !p.MeetsDelta || p.Warning() != "" {
			t.Errorf("n = %d, gamma %d/10: %+v, want t = q = %d", c.n, c.gamma, p, c.t)
		}
	}
}

// TestUnmetDelta: a warning up to n = 12, a refusal above, the same t in both.
func TestUnmetDelta(t *testing.T) {
	for n := 3; n <= 40; n++ {
		r := rules(tenth(1), tenth(6))
		aCorr := finder.Corrupt(r.Gamma, n, 0)
		p, err := finder.Pairwise(n, aCorr, r)
		if n > finder.SmallRound {
			if !errors.Is(err, finder.ErrDelta) || !strings.Contains(err.Error(), "lower delta") {
				t.Errorf("n = %d: %v", n, err)
			}
			continue
		}
		loose := pairwise(t, n, rules(tenth(1), tenth(0)))
		if err != nil || p.MeetsDelta || p.T != loose.T || loose.Warning() != "" {
			t.Errorf("n = %d: %+v, error %v", n, p, err)
		}
		if want := fmt.Sprintf("%d of %d members may vanish", p.Budget, n); !strings.Contains(p.Warning(), want) {
			t.Errorf("n = %d: %q", n, p.Warning())
		}
	}
}

// TestMajoritiesAreTheSmallest counts up to each number by its definition, and
// checks what it is for: two quorums share an honest member.
func TestMajoritiesAreTheSmallest(t *testing.T) {
	for n := range 60 {
		for a := range 60 {
			q := 0
			for 2*q <= n+a {
				q++
			}
			got := []int{finder.Quorum(n, a), finder.Countersigners(n, a), finder.Attestors(n, a)}
			if got[0] != q || got[1] != q || got[2] != q || got[2] != (n+a)/2+1 {
				t.Fatalf("n = %d, a = %d: %v, want %d", n, a, got, q)
			}
			if overlap := 2*q - n; overlap <= a {
				t.Fatalf("n = %d, a = %d: two quorums of %d may share corrupt members only", n, a, q)
			}
			if finder.MinAccepted(n, a) != n+a {
				t.Fatalf("MinAccepted(%d, %d)", n, a)
			}
		}
	}
}

func TestCorruptAgainstBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		den := rapid.Uint32Min(1).Draw(t, "den")
		gamma := finder.Ratio{Num: rapid.Uint32Range(0, den-1).Draw(t, "num"), Den: den}
		n := rapid.IntRange(0, finder.MaxMembers).Draw(t, "n")
		org := rapid.IntRange(-1, n).Draw(t, "org")
		ceil := new(big.Rat).Mul(big.NewRat(int64(gamma.Num), int64(gamma.Den)), big.NewRat(int64(n), 1))
		up := new(big.Int).Add(ceil.Num(), new(big.Int).Sub(ceil.Denom(), big.NewInt(1)))
		want := max(1, org, int(up.Div(up, ceil.Denom()).Int64()))
		if got := finder.Corrupt(gamma, n, org); got != want {
			t.Fatalf("Corrupt(%v, %d, %d) = %d, want %d", gamma, n, org, got, want)
		}
	})
}

func TestCorruptCases(t *testing.T) {
	for _, c := range []struct {
		gamma        finder.Ratio
		n, org, want int
	}{
		{tenth(1), 3, 0, 1}, {tenth(1), 10, 0, 1}, {tenth(1), 11, 0, 2}, {tenth(0), 50, 0, 1},
		{tenth(1), 100, 17, 17}, {tenth(2), 100, 17, 20}, {tenth(1), 0, 0, 1},
		{finder.Ratio{}, 9, 0, 9}, {tenth(10), 9, 0, 9}, {tenth(1), -4, 0, 1},
		{tenth(1), math.MaxInt, 0, math.MaxInt},
	} {
		if got := finder.Corrupt(c.gamma, c.n, c.org); got != c.want {
			t.Errorf("Corrupt(%v, %d, %d) = %d, want %d", c.gamma, c.n, c.org, got, c.want)
		}
	}
}

func TestPairwiseRefusals(t *testing.T) {
	change := func(f func(*finder.Rules)) finder.Rules {
		r := rules(tenth(1), tenth(1))
		f(&r)
		return r
	}
	ok := change(func(*finder.Rules) {})
	for _, c := range []struct {
		name  string
		n, a  int
		rules finder.Rules
		want  error
		names string
	}{
		{"gamma of 1", 20, 2, change(func(r *finder.Rules) { r.Gamma = tenth(10) }), finder.ErrRules, "gamma"},
		{"gamma without denominator", 20, 2, change(func(r *finder.Rules) { r.Gamma = finder.Ratio{Num: 1} }), finder.ErrRules, "gamma"},
		{"delta of 1", 20, 2, change(func(r *finder.Rules) { r.Delta = tenth(11) }), finder.ErrRules, "delta"},
		{"floor of 1", 20, 2, change(func(r *finder.Rules) { r.Floor = 1 }), finder.ErrRules, "floor"},
		{"huge floor", 20, 2, change(func(r *finder.Rules) { r.Floor = math.MaxInt }), finder.ErrRules, "floor"},
		{"negative minimum", 20, 2, change(func(r *finder.Rules) { r.MinU1 = -1 }), finder.ErrRules, "minimum"},
		{"negative sigma", 20, 2, change(func(r *finder.Rules) { r.Sigma = -1 }), finder.ErrRules, "sigma"},
		{"huge eta", 20, 2, change(func(r *finder.Rules) { r.Eta = 257 }), finder.ErrRules, "eta"},
		{"below the minimum", 19, 2, change(func(r *finder.Rules) { r.MinU1 = 20 }), finder.ErrMembers, "minimum"},
		{"nobody", 0, 1, ok, finder.ErrMembers, "n = 0"},
		{"two members", 2, 1, change(func(r *finder.Rules) { r.MinU1 = 0 }), finder.ErrMembers, "floor"},
		{"too many", finder.MaxMembers + 1, 1 << 19, ok, finder.ErrMembers, "n ="},
		{"A_corr scaled down", 20, 1, ok, finder.ErrGamma, "whole roster"},
		{"A_corr of 0", 3, 0, ok, finder.ErrGamma, "whole roster"},
		{"one organisation", 20, 20, ok, finder.ErrGamma, "organisation"},
		{"huge A_corr", 20, math.MaxInt, ok, finder.ErrGamma, "gamma"},
		{"floor above what is left", 20, 10, change(func(r *finder.Rules) { r.Floor = 11 }), finder.ErrMembers, "floor"},
		{"no budget", 20, 18, ok, finder.ErrDelta, "delta"},
	} {
		p, err := finder.Pairwise(c.n, c.a, c.rules)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.names) {
			t.Errorf("%s: %v", c.name, err)
		}
		if p != (finder.PairwiseParams{}) {
			t.Errorf("%s: parameters with an error: %+v", c.name, p)
		}
	}
}

// TestPairwiseIsSafe holds for whatever is not refused: t is the smallest that
// keeps two reconstructing sets from differing in honest members only.
func TestPairwiseIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "n")
		r := rules(tenth(rapid.Uint32Range(0, 9).Draw(t, "gamma")), tenth(rapid.Uint32Range(0, 9).Draw(t, "delta")))
		a := finder.Corrupt(r.Gamma, n, rapid.IntRange(0, n).Draw(t, "org"))
		p, err := finder.Pairwise(n, a, r)
		if err != nil {
			return
		}
		if 2*p.T <= n+a || 2*(p.T-1) > n+a || p.T > n || p.Budget != n-p.T || p.Corrupt != a {
			t.Fatalf("%+v", p)
		}
		if n > finder.SmallRound && !p.MeetsDelta {
			t.Fatalf("unmet delta not refused: %+v", p)
		}
	})
}
