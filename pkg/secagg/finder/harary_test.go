package finder

import (
	_ "embed"
	"encoding/json"
	"errors"
	"math"
	"testing"
)

type want struct{ k, t int }

// TestPublishedTable is the table of the design's research note on SecAgg+,
// sigma = 40, eta = 20, for n = 100, 200, 500, 1000, 2000, 10000.
func TestPublishedTable(t *testing.T) {
	sizes := []int{100, 200, 500, 1000, 2000, 10000}
	for _, row := range []struct {
		gamma, delta float64
		malicious    bool
		want         [6]want
	}{
		{.05, .05, false, [6]want{{12, 6}, {20, 11}, {28, 16}, {30, 17}, {30, 18}, {34, 20}}},
		{.05, .05, true, [6]want{{16, 11}, {30, 21}, {44, 31}, {52, 37}, {56, 40}, {62, 44}}},
		{.10, .10, false, [6]want{{22, 11}, {34, 19}, {42, 24}, {48, 27}, {50, 28}, {54, 31}}},
		{.10, .10, true, [6]want{{32, 22}, {56, 39}, {82, 57}, {96, 67}, {106, 74}, {122, 85}}},
		{.10, .20, true, [6]want{{52, 32}, {88, 55}, {152, 97}, {194, 124}, {230, 147}, {280, 179}}},
		{.10, .30, true, [6]want{{72, 42}, {134, 78}, {276, 164}, {414, 247}, {552, 330}, {778, 465}}},
		{.20, .10, true, [6]want{{42, 32}, {76, 57}, {116, 86}, {140, 104}, {158, 117}, {184, 136}}},
		{.20, .20, true, [6]want{{62, 42}, {118, 80}, {220, 150}, {302, 206}, {374, 255}, {482, 328}}},
		{.33, .10, true, [6]want{{54, 44}, {98, 78}, {168, 132}, {218, 171}, {256, 200}, {310, 242}}},
		{.33, .20, true, [6]want{{74, 54}, {148, 108}, {318, 231}, {502, 364}, {700, 507}, {1056, 764}}},
	} {
		for i, n := range sizes {
			k, th, err := Harary(n, row.gamma, row.delta, 40, 20, row.malicious)
			if err != nil || (want{k, th}) != row.want[i] {
				t.Errorf("gamma %v delta %v malicious %v n %d: %d,%d, error %v, want %v",
					row.gamma, row.delta, row.malicious, n, k, th, err, row.want[i])
			}
		}
	}
	for _, n := range sizes {
		if _, _, err := Harary(n, .33, .30, 40, 20, true); !errors.Is(err, ErrRules) {
			t.Errorf("gamma .33 delta .30 n %d: %v, want infeasible", n, err)
		}
	}
}

// TestBeaconTable is the note's sigma raised to cover a ground beacon.
func TestBeaconTable(t *testing.T) {
	for _, c := range []struct {
		n, sigma, eta int
		want          want
	}{
		{1000, 64, 20, want{112, 80}}, {10000, 64, 20, want{144, 103}},
		{1000, 80, 40, want{152, 106}}, {10000, 80, 40, want{204, 142}},
	} {
		k, th, err := Harary(c.n, .1, .1, c.sigma, c.eta, true)
		if err != nil || (want{k, th}) != c.want {
			t.Errorf("n %d sigma %d: %d,%d, error %v, want %v", c.n, c.sigma, k, th, err, c.want)
		}
	}
}

// TestGoogleVectors are the expectations of Google's production finder
// (google-parfait/federated-compute, fcp/secagg/server,
// graph_parameter_finder_test.cc). It rounds gamma n down, which for n = 10 and
// gamma = .05 assumes nobody corrupt; so these call the search below Harary.
func TestGoogleVectors(t *testing.T) {
	for _, c := range []struct {
		n            int
		gamma, delta float64
		malicious    bool
		want         want
	}{
		{100, .45, .45, false, want{92, 46}},
		{1000, .45, .45, false, want{822, 417}},
		{10, .33, .33, false, want{8, 4}},
		{100, .33, .33, false, want{68, 34}},
		{1000, .33, .33, false, want{286, 150}},
		{10000, .33, .33, false, want{422, 221}},
		{100000, .33, .33, false, want{480, 251}},
		{100, .3, .3, true, want{92, 62}},
		{1000, .3, .3, true, want{872, 584}},
		{10, .05, .33, false, want{4, 2}},
		{100, .05, .33, false, want{28, 6}},
		{1000, .05, .33, false, want{72, 24}},
		{10000, .05, .33, false, want{86, 29}},
		{1000000, .05, .33, false, want{102, 34}},
		{10, .05, .33, true, want{8, 5}},
		{100, .05, .33, true, want{72, 39}},
		{1000, .05, .33, true, want{398, 223}},
		{10000, .05, .33, true, want{746, 420}},
		{10, .33, .05, false, want{4, 4}},
		{100, .33, .05, false, want{34, 29}},
		{1000, .33, .05, false, want{78, 60}},
		{10000, .33, .05, false, want{92, 70}},
		{100000, .33, .05, false, want{102, 77}},
		{10, .33, .05, true, want{4, 4}},
		{100, .33, .05, true, want{42, 37}},
		{1000, .33, .05, true, want{132, 109}},
		{10000, .33, .05, true, want{178, 146}},
		{100000, .33, .05, true, want{196, 160}},
		{10000, .45, .45, false, want{3494, 1771}},
		{1000000, .33, .33, false, want{518, 270}},
		{1000000, .05, .33, true, want{970, 545}},
		{1000000, .33, .05, true, want{212, 173}},
		{10, .05, .05, true, want{2, 2}},
		{1000000, .05, .05, true, want{74, 52}},
		{10, .33, 0, true, want{4, 4}},
		{1000, .33, 0, true, want{38, 37}},
		{1000, .33, 0, false, want{38, 36}},
		{1000, 0, .33, false, want{38, 2}},
		{100, 0, .33, true, want{68, 35}},
		{100000, 0, .33, true, want{372, 187}},
		{10, 0, 0, true, want{2, 2}},
		{1000000, 0, 0, false, want{2, 2}},
	} {
		whole := func(rate float64) int { return int(math.Floor(rate*float64(c.n) + rateSlack)) }
		k, th := newSparse(c.n, whole(c.gamma), whole(c.delta), 40, 20, c.malicious).search()
		if (want{k, th}) != c.want {
			t.Errorf("n %d gamma %v delta %v malicious %v: %d,%d, want %v", c.n, c.gamma, c.delta, c.malicious, k, th, c.want)
		}
	}
}

//go:embed testdata/harary.json
var hararyJSON []byte

// TestExactVectors compares with testdata/harary.py, which decides the same
// conditions in exact integers.
func TestExactVectors(t *testing.T) {
	var cases [][8]int
	if err := json.Unmarshal(hararyJSON, &cases); err != nil || len(cases) != 252 {
		t.Fatalf("%d cases, error %v", len(cases), err)
	}
	for _, c := range cases {
		k, th, err := Harary(c[0], float64(c[1])/100, float64(c[2])/100, c[3], c[4], c[5] == 1)
		if err != nil || k != c[6] || th != c[7] {
			t.Errorf("%v: %d,%d, error %v", c, k, th, err)
		}
	}
}

func TestHararyRefusals(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		n            int
		gamma, delta float64
		sigma, eta   int
		want         error
	}{
		{0, .1, .1, 40, 20, ErrMembers}, {MaxMembers + 1, .1, .1, 40, 20, ErrMembers},
		{3, .1, .1, 40, 20, ErrMembers}, {5, .1, .3, 40, 20, ErrMembers},
		{100, nan, .1, 40, 20, ErrRules}, {100, .1, nan, 40, 20, ErrRules},
		{100, -.1, .1, 40, 20, ErrRules}, {100, .1, 1, 40, 20, ErrRules},
		{100, .1, .1, 0, 20, ErrRules}, {100, .1, .1, 40, 257, ErrRules},
		{100, .5, .3, 40, 20, ErrRules},
	} {
		if k, th, err := Harary(c.n, c.gamma, c.delta, c.sigma, c.eta, true); !errors.Is(err, c.want) || k != 0 || th != 0 {
			t.Errorf("%+v: %d,%d, error %v", c, k, th, err)
		}
	}
}

func BenchmarkHarary(b *testing.B) {
	for b.Loop() {
		if _, _, err := Harary(10000, .33, .2, 40, 20, true); err != nil {
			b.Fatal(err)
		}
	}
}
