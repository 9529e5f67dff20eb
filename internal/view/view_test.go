package view

import (
	"slices"
	"strings"
	"testing"

	"chorus/internal/world"
	"chorus/pkg/wire"
)

// play runs one round of ten with members that vanish in a phase.
func play(t *testing.T, drop map[string]wire.Phase) *Status {
	t.Helper()
	w := world.New(world.Setting{Seed: 1, N: 10, Dim: 3, Fair: true, Drop: drop})
	if err := w.Round(); err != nil {
		t.Fatal(err)
	}
	s, err := Of(w.Records())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDropsAreNamedOnce(t *testing.T) {
	for _, p := range wire.Phases {
		if p == wire.ComplaintsPhase {
			continue // nobody complains, so nobody is missed there
		}
		s := play(t, map[string]wire.Phase{"m003": p})
		want := []Dropped{{"m003", p, wire.Absent}}
		if s.State != "certified" || !slices.Equal(s.Dropped, want) || s.Certificate.Signatures < s.Certificate.Quorum {
			t.Errorf("%s: %s, dropped %v", p, s.State, s.Dropped)
		}
	}
}

func TestAbortsNameTheRemedy(t *testing.T) {
	for phase, remedy := range map[wire.Phase]string{wire.MaskedInput: "the model stays as it was", wire.Unmasking: "is spent on this A"} {
		drop := map[string]wire.Phase{}
		for _, m := range []string{"m000", "m001", "m002", "m003", "m004", "m005", "m006", "m007"} {
			drop[m] = phase
		}
		if s := play(t, drop); s.State != "aborted" || !strings.Contains(s.Remedy, remedy) {
			t.Errorf("%s: %s, %q", phase, s.State, s.Remedy)
		}
	}
}

func TestHalfARoundHasAPhase(t *testing.T) {
	w := world.New(world.Setting{Seed: 1, N: 4, Dim: 3, Fair: true})
	if err := w.Round(); err != nil {
		t.Fatal(err)
	}
	records := w.Records()
	for kind, state := range map[wire.Kind]wire.Phase{wire.KindSetup: wire.AdvertiseKeys, wire.KindShareSet: wire.ShareKeys,
		wire.KindCollection: wire.MaskedInput, wire.KindAccepted: wire.CollectionPhase} {
		cut := slices.IndexFunc(records, func(r wire.Record) bool { return r.Key.Kind == kind })
		if s, err := Of(records[:cut]); err != nil || s.State != string(state) {
			t.Errorf("before %s: %v, %v", kind, s, err)
		}
	}
	if _, err := Of(nil); err == nil {
		t.Error("no records make a round")
	}
}
