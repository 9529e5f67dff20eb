package world

import (
	"errors"
	"testing"

	"chorus/pkg/secagg/encode"
	"chorus/pkg/wire"
)

// TestEqualWeights: every input counts once, and a member that would give more
// refuses before it sends anything.
func TestEqualWeights(t *testing.T) {
	equal := func(o *wire.Open) { o.Weights, o.MaxWeight = wire.WeightsEqual, 1 }
	w := New(Setting{Seed: 7, N: 5, Dim: 5, Fair: true, Change: equal, Weights: []uint32{1, 1, 1, 1, 1}})
	if err := w.Round(); err != nil || len(w.Aborts) > 0 {
		t.Fatal(err, w.Aborts)
	}
	o, err := w.Members[0].Outcome()
	if err != nil || o.Weight != 5 || len(o.Contributed) != 5 {
		t.Fatalf("%+v, %v", o, err)
	}
	for i, x := range o.Mean { // one-hot updates of 1..4, the fifth clipped to 4
		if want := float64(min(i+1, 4)) / 5; x < want-2*o.Step || x > want+2*o.Step {
			t.Errorf("coordinate %d of the mean is %v, want %v", i, x, want)
		}
	}
	w = New(Setting{Seed: 8, N: 5, Dim: 5, Fair: true, Change: equal, Weights: []uint32{1, 2, 1, 1, 1}})
	w.Open()
	for range 5 * maxSteps / 1000 {
		if ok, err := w.step(); !ok || err != nil {
			break
		}
	}
	if err := w.Members[1].Err(); !errors.Is(err, encode.ErrWeight) {
		t.Fatalf("a weight of 2 where all are equal: %v", err)
	}
}
