package learn

import (
	"encoding/hex"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

func TestAccuracy(t *testing.T) {
	// Class 1 wins when the feature exceeds 1/2.
	m := &Model{W: []float64{0, 0.5, 1, 0}, Features: 1, Classes: 2}
	d := &Dataset{X: mat.NewDense(4, 1, []float64{0, 1, 0.6, 0.5}), Y: []int{0, 1, 0, 0}, Classes: 2}
	if got := m.Accuracy(d); got != 0.75 { // the tie goes to class 0
		t.Errorf("got %v", got)
	}
	if got := m.Accuracy(d.subset(nil)); got != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestApply(t *testing.T) {
	m := NewModel(1, 2)
	if err := m.Apply([]float64{1, 2, 3, 4}); err != nil || m.W[3] != 4 {
		t.Fatalf("%v, %v", m.W, err)
	}
	before := m.Digest()
	for _, c := range []struct {
		mean []float64
		want error
	}{
		{[]float64{1, 2, 3}, ErrMismatch},
		{[]float64{1, 2, 3, math.NaN()}, ErrNotFinite},
		{[]float64{math.Inf(-1), 2, 3, 4}, ErrNotFinite},
	} {
		if err := m.Apply(c.mean); !errors.Is(err, c.want) {
			t.Errorf("%v: %v", c.mean, err)
		}
	}
	if m.Digest() != before {
		t.Error("a refused mean changed the model")
	}
}

func TestFits(t *testing.T) {
	d := randomData(rand.New(rand.NewPCG(1, 1)), 3, 5, 3)
	if err := NewModel(5, 3).Fits(d); err != nil {
		t.Error(err)
	}
	for _, m := range []*Model{NewModel(4, 3), NewModel(5, 4)} {
		if err := m.Fits(d); !errors.Is(err, ErrMismatch) {
			t.Errorf("%d, %d: %v", m.Features, m.Classes, err)
		}
	}
}

// TestDigestVector is from Python: sha256(struct.pack('<QQ4d', 1, 2, 0.5, -1, 0, 1e-300)).
func TestDigestVector(t *testing.T) {
	m := &Model{W: []float64{0.5, -1, 0, 1e-300}, Features: 1, Classes: 2}
	digest := m.Digest()
	if got := hex.EncodeToString(digest[:]); got != "305e002fa09d002a9f26295860433a9da7dd0448a1db766642477a960a82c3ab" {
		t.Error(got)
	}
	other := &Model{W: m.W, Features: 3, Classes: 1}
	if other.Digest() == digest {
		t.Error("dimensions are not digested")
	}
}
