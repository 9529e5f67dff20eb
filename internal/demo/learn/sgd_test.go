package learn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// loss is the definition that gradient.at differentiates, written without it:
// mean of -log p(y) plus L2/2 |w|^2 without biases.
func loss(m *Model, w []float64, d *Dataset, l2 float64) float64 {
	total := 0.0
	for i, y := range d.Y {
		sum, own := 0.0, 0.0
		for c := range m.Classes {
			row := w[c*(m.Features+1):]
			score := row[m.Features]
			for j := range m.Features {
				score += row[j] * d.X.At(i, j)
			}
			if sum += math.Exp(score); c == y {
				own = score
			}
		}
		total += (math.Log(sum) - own) / float64(d.Len())
	}
	for i, v := range w {
		if i%(m.Features+1) != m.Features {
			total += l2 / 2 * v * v
		}
	}
	return total
}

// randomData has features in [0, 1] and labels without a rule.
func randomData(rng *rand.Rand, rows, features, classes int) *Dataset {
	d := &Dataset{X: mat.NewDense(rows, features, nil), Y: make([]int, rows), Classes: classes}
	for i := range rows {
		for j := range features {
			d.X.Set(i, j, rng.Float64())
		}
		d.Y[i] = rng.IntN(classes)
	}
	return d
}

func TestGradientMatchesDifferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		d := randomData(rng, 1+rng.IntN(6), 1+rng.IntN(4), 2+rng.IntN(3))
		m := NewModel(d.Features(), d.Classes)
		w := make([]float64, m.Dim())
		for i := range w {
			w[i] = rng.NormFloat64()
		}
		const l2, h = 0.3, 1e-5 // the error of a central difference is about h^2
		rows := rng.Perm(d.Len())
		for i, got := range newGradient(m).at(w, d, rows, l2) {
			up, down := slices.Clone(w), slices.Clone(w)
			up[i] += h
			down[i] -= h
			want := (loss(m, up, d, l2) - loss(m, down, d, l2)) / (2 * h)
			if math.Abs(got-want) > 1e-8 {
				t.Fatalf("component %d: %g, difference %g", i, got, want)
			}
		}
	})
}

// TestFullBatchStep: one whole-shard epoch is one gradient step.
func TestFullBatchStep(t *testing.T) {
	d := randomData(rand.New(rand.NewPCG(1, 1)), 30, 5, 3)
	m := NewModel(5, 3)
	cfg := LocalSGD{Epochs: 1, LearningRate: 0.25, Seed: 4}
	order := rand.New(rand.NewPCG(4, streamSGD)).Perm(30)
	g := newGradient(m).at(m.W, d, order, 0)
	for i, v := range m.Update(d, cfg) {
		if v != -0.25*g[i] {
			t.Fatalf("component %d: %g, gradient %g", i, v, g[i])
		}
	}
}

func TestUpdate(t *testing.T) {
	d := randomData(rand.New(rand.NewPCG(2, 2)), 50, 5, 3)
	m := NewModel(5, 3)
	before := m.Digest()
	cfg := DefaultSGD()
	a, b := m.Update(d, cfg), m.Update(d, cfg)
	if !slices.Equal(a, b) {
		t.Error("two equal runs differ")
	}
	if m.Digest() != before {
		t.Error("the model changed")
	}
	if cfg.Seed++; slices.Equal(a, m.Update(d, cfg)) {
		t.Error("the seed does not order mini-batches")
	}
	if loss(m, a, d, cfg.L2) >= loss(m, m.W, d, cfg.L2) {
		t.Error("training did not lower the loss")
	}
	if slices.ContainsFunc(m.Update(d.subset(nil), cfg), func(v float64) bool { return v != 0 }) {
		t.Error("an empty shard gained something")
	}
}

func TestSoftmaxExtremes(t *testing.T) {
	s := []float64{1e308, -1e308, 1e308}
	softmax(s)
	if !slices.Equal(s, []float64{0.5, 0, 0.5}) {
		t.Errorf("got %v", s)
	}
}
