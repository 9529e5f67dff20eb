package world

import (
	"testing"

	"chorus/services"
)

func TestCleanRound(t *testing.T) {
	w := New(Setting{Seed: 1, N: 5, Dim: 7, Fair: true})
	for range 2 {
		if err := w.Round(); err != nil {
			t.Fatal(err, w.Aborts)
		}
		if len(w.Aborts) > 0 {
			t.Fatal(w.Aborts)
		}
		if bad := w.Replay(services.All()); len(bad) > 0 {
			t.Fatal(bad)
		}
	}
}
