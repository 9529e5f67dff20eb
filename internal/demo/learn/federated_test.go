package learn

import (
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"
)

const (
	participants = 20
	rounds       = 10
)

// average runs the demo's rounds in the clear: updates clipped to DefaultClip
// and weighted by shard size. It returns the norms before clipping.
func average(t *testing.T, m *Model, shards []*Dataset) (norms []float64) {
	t.Helper()
	cfg := DefaultSGD()
	for cfg.Seed = range rounds {
		mean, total := make([]float64, m.Dim()), 0.0
		for _, s := range shards {
			u := m.Update(s, cfg)
			norm := floats.Norm(u, 2)
			norms = append(norms, norm)
			weight := float64(s.Len())
			floats.AddScaled(mean, weight*min(1, DefaultClip/norm), u)
			total += weight
		}
		floats.Scale(1/total, mean)
		if err := m.Apply(mean); err != nil {
			t.Fatal(err)
		}
	}
	return norms
}

// federate trains a model on the digits cut by seed.
func federate(t *testing.T, seed uint64) (m *Model, testSet *Dataset, norms []float64) {
	t.Helper()
	trainSet, testSet := digitsSplit(t, seed)
	shards, err := Shards(trainSet, participants, seed)
	if err != nil {
		t.Fatal(err)
	}
	m = NewModel(trainSet.Features(), trainSet.Classes)
	return m, testSet, average(t, m, shards)
}

// TestFederatedDigits is the goal of the demo: accuracy 0.90 on rows nobody
// trained on, with a clip that leaves 19 of 20 updates alone.
func TestFederatedDigits(t *testing.T) {
	for seed := uint64(1); seed <= 2; seed++ {
		m, testSet, norms := federate(t, seed)
		slices.Sort(norms)
		over := len(norms) - countUpTo(norms, DefaultClip)
		t.Logf("seed %d: accuracy %.3f; update norms: median %.2f, p95 %.2f, max %.2f; %d of %d clipped",
			seed, m.Accuracy(testSet), norms[len(norms)/2], norms[len(norms)*95/100], norms[len(norms)-1], over, len(norms))
		if got := m.Accuracy(testSet); got < 0.90 {
			t.Errorf("seed %d: accuracy %.3f", seed, got)
		}
		if over*20 > len(norms) {
			t.Errorf("seed %d: %d of %d updates clipped", seed, over, len(norms))
		}
	}
}

func TestFederatedDeterminism(t *testing.T) {
	a, _, _ := federate(t, 3)
	b, _, _ := federate(t, 3)
	if a.Digest() != b.Digest() {
		t.Errorf("two runs differ: %x, %x", a.Digest(), b.Digest())
	}
}

// countUpTo counts the sorted values that are at most bound.
func countUpTo(sorted []float64, bound float64) int {
	n, _ := slices.BinarySearch(sorted, bound)
	return n
}

func BenchmarkUpdate(b *testing.B) {
	trainSet, _ := digitsSplit(b, 1)
	shards, err := Shards(trainSet, participants, 1)
	if err != nil {
		b.Fatal(err)
	}
	m := NewModel(trainSet.Features(), trainSet.Classes)
	for i := 0; b.Loop(); i++ {
		m.Update(shards[i%participants], DefaultSGD())
	}
}
