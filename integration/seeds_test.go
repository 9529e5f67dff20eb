package integration

import (
	"fmt"
	"slices"
	"testing"

	"chorus/internal/world"
	"chorus/pkg/wire"
	"chorus/services"
)

// playSeed runs a round with a liar in random order, with crashes and lost
// acknowledgements. It may end with a certificate or an abort; the world checks
// that the sum is exact and that nothing else has come out.
func playSeed(t *testing.T, seed uint64) {
	t.Helper()
	lies := slices.Concat(bulkLies, headerLies, boxLies, complaintLies, revealLies, sumLies)
	l := lies[seed%uint64(len(lies))]
	w := world.New(world.Setting{Seed: seed, N: l.n, Dim: dim, Replicas: int(seed%2) + 1, Crash: seed%3 > 0, LoseAcks: seed%5 > 1,
		Hostile: map[string]world.Mutation{liarName: l.tell}})
	if err := w.Round(); err != nil {
		t.Fatalf("%s: %v", l.name, err)
	}
	for _, f := range w.Replay(services.All()) {
		t.Fatalf("seed %d, %s: replay: %+v", seed, l.name, f)
	}
	if len(w.Aborts) > 0 && slices.Contains([]wire.Reason{wire.Internal, wire.Diverged, wire.Malformed}, w.Aborts[0].Reason) {
		t.Fatalf("seed %d, %s: aborted: %+v", seed, l.name, w.Aborts)
	}
}

// TestLyingSeeds tells every second lie in random order.
func TestLyingSeeds(t *testing.T) {
	for group := range uint64(4) {
		t.Run(fmt.Sprint(group), func(t *testing.T) {
			t.Parallel()
			for seed := group; seed < 32; seed += 4 {
				playSeed(t, 2*seed)
			}
		})
	}
}
