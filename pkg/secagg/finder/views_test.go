package finder_test

import (
	"testing"

	"chorus/pkg/secagg/finder"
)

// TestNoTwoViews: however a server splits the honest members over two views,
// and with the corrupt ones answering in both, no threshold or quorum is reached
// twice, at every small n, U1 and U2.
func TestNoTwoViews(t *testing.T) {
	for n := 3; n <= 12; n++ {
		for _, g := range []finder.Ratio{{Num: 0, Den: 1}, {Num: 1, Den: 10}, {Num: 1, Den: 5}, {Num: 1, Den: 3}} {
			a := finder.Corrupt(g, n, 1)
			noTwo(t, "setups", n, a, finder.Countersigners(n, a))
			for u1 := 2; u1 <= n; u1++ {
				p, err := finder.Pairwise(u1, a, finder.Rules{Gamma: g, Delta: finder.Ratio{Num: 1, Den: 10}, Floor: 2, MinU1: 2})
				if err != nil {
					continue
				}
				noTwo(t, "openings", u1, a, p.T)
				for u2 := p.T; u2 <= u1; u2++ {
					noTwo(t, "accepted sets", u2, a, finder.Quorum(u2, a))
					noTwo(t, "certificates", u2, a, finder.Attestors(u2, a))
				}
			}
		}
	}
}

func noTwo(t *testing.T, what string, n, corrupt, need int) {
	t.Helper()
	if corrupt >= need {
		t.Errorf("%s: %d corrupt of %d reach %d alone", what, corrupt, n, need)
	}
	for honest := 0; honest <= n-corrupt; honest++ {
		if honest+corrupt >= need && n-honest >= need {
			t.Errorf("two %s among %d with %d corrupt: %d are enough", what, n, corrupt, need)
		}
	}
}
