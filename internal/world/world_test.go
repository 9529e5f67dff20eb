package world

import (
	"fmt"
	"slices"
	"testing"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
	"chorus/services"
)

// run plays rounds and fails on a violation, a divergence or, where none is
// expected, an abort.
func run(t *testing.T, s Setting, rounds int, aborts bool) *World {
	t.Helper()
	w := New(s)
	for range rounds {
		if err := w.Round(); err != nil {
			t.Fatal(err)
		}
		if len(w.Aborts) > 0 && !aborts {
			t.Fatalf("seed %d: %+v", s.Seed, w.Aborts)
		}
		for _, f := range w.Replay(services.All()) {
			t.Fatalf("seed %d: replay: %+v", s.Seed, f)
		}
	}
	return w
}

func TestCleanRounds(t *testing.T) {
	for n := 3; n <= 12; n++ {
		t.Run(fmt.Sprint(n), func(t *testing.T) { run(t, Setting{Seed: 1, N: n, Dim: 7, Fair: true}, 2, false) })
	}
}

// TestDropInEveryPhase: with ten members at gamma 1/10 three may vanish, at any
// time, and the sum is that of the others.
func TestDropInEveryPhase(t *testing.T) {
	for _, p := range wire.Phases {
		t.Run(string(p), func(t *testing.T) {
			w := run(t, Setting{Seed: 2, N: 10, Dim: 7, Fair: true, Drop: map[string]wire.Phase{"m001": p, "m004": p, "m009": p}}, 1, false)
			want := 10
			if slices.Index(wire.Phases, p) <= slices.Index(wire.Phases, wire.MaskedInput) {
				want = 7
			}
			o, err := w.Members[0].Outcome()
			if err != nil || len(o.Contributed) != want {
				t.Fatalf("%v, contributed %v", err, o.Contributed)
			}
		})
	}
}

// TestTooManyDrops: a round that loses more than its budget aborts with a
// reason, and nothing is opened.
func TestTooManyDrops(t *testing.T) {
	for _, p := range wire.Phases[:len(wire.Phases)-1] {
		if p == wire.ComplaintsPhase {
			continue // nobody complains here
		}
		t.Run(string(p), func(t *testing.T) {
			drop := map[string]wire.Phase{}
			for i := range 7 {
				drop[fmt.Sprintf("m%03d", i)] = p
			}
			w := run(t, Setting{Seed: 3, N: 10, Dim: 7, Fair: true, Drop: drop}, 1, true)
			if len(w.Aborts) != 1 || w.Aborts[0].Reason != wire.NotEnough {
				t.Fatalf("aborts: %+v", w.Aborts)
			}
			if slices.ContainsFunc(w.Records(), func(r wire.Record) bool { return r.Key.Kind == wire.KindOpened }) {
				t.Fatal("an aborted round opened something")
			}
		})
	}
}

// TestSeeds is the first simulation: random order, crashes of stages and
// members, lost and unacknowledged appends, two replicas, random drops.
func TestSeeds(t *testing.T) {
	for seed := range uint64(40) {
		drop := map[string]wire.Phase{}
		if seed%2 == 1 {
			drop["m001"] = wire.Phases[seed/2%uint64(len(wire.Phases))]
		}
		run(t, Setting{Seed: seed, N: 5, Dim: 5, Replicas: int(seed%3 + 1), Crash: true, LoseAcks: true, Drop: drop}, 1, false)
	}
}

func TestReplayFindsWhatIsMissing(t *testing.T) {
	w := run(t, Setting{Seed: 4, N: 4, Dim: 3, Fair: true}, 1, false)
	records := w.Records()
	cut := slices.IndexFunc(records, func(r wire.Record) bool { return r.Key.Kind == wire.KindShareSet })
	findings := stage.Replay(records[:cut], services.All(), 0)
	if !slices.ContainsFunc(findings, func(f stage.Finding) bool { return f.Verdict == stage.Missing && f.Key.Kind == wire.KindShareSet }) {
		t.Fatalf("the missing share set is not found: %+v", findings)
	}
	records[cut].Body = slices.Clone(records[cut].Body)
	records[cut].Body[5] ^= 1
	findings = stage.Replay(records, services.All(), 0)
	if !slices.ContainsFunc(findings, func(f stage.Finding) bool { return f.Verdict == stage.Diverged && f.Key.Kind == wire.KindShareSet }) {
		t.Fatalf("the altered share set is not found: %+v", findings)
	}
}
