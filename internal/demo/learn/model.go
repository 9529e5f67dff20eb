package learn

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// Errors that Fits and Apply wrap.
var (
	ErrMismatch  = errors.New("model and input disagree: use the same columns and labels everywhere")
	ErrNotFinite = errors.New("mean is not finite: lower the learning rate")
)

// A Model is multinomial logistic regression: a row of weights per class.
type Model struct {
	W        []float64 // Classes x (Features+1), row-major; the last column is the bias
	Features int
	Classes  int
}

// NewModel returns a model of zero weights, which is uniform over classes.
func NewModel(features, classes int) *Model {
	return &Model{make([]float64, classes*(features+1)), features, classes}
}

// Dim returns the number of weights, the length of an update.
func (m *Model) Dim() int { return len(m.W) }

// Fits reports whether m can train and predict on d. A participant with a data
// file of its own must check before it calls Update or Accuracy.
func (m *Model) Fits(d *Dataset) error {
	if m.Classes != d.Classes || m.Features != d.Features() {
		return fmt.Errorf("learn: %d features, %d classes, model has %d, %d: %w",
			d.Features(), d.Classes, m.Features, m.Classes, ErrMismatch)
	}
	return nil
}

// Accuracy returns the share of d that m labels right; d must fit.
func (m *Model) Accuracy(d *Dataset) float64 {
	if d.Len() == 0 {
		return 0
	}
	right, scores := 0, make([]float64, m.Classes)
	for i, y := range d.Y {
		m.scores(m.W, d.X.RawRowView(i), scores)
		if floats.MaxIdx(scores) == y { // the first of equal scores
			right++
		}
	}
	return float64(right) / float64(d.Len())
}

// scores computes w x + bias for each class.
func (m *Model) scores(w, x, out []float64) {
	stride := m.Features + 1
	for c := range out {
		row := w[c*stride : (c+1)*stride]
		out[c] = floats.Dot(row[:m.Features], x) + row[m.Features]
	}
}

// Apply adds the mean of the participants' updates. A refused mean leaves the
// model as it was.
func (m *Model) Apply(mean []float64) error {
	if len(mean) != m.Dim() {
		return fmt.Errorf("learn: mean of %d values, model has %d: %w", len(mean), m.Dim(), ErrMismatch)
	}
	for i, v := range mean {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("learn: value %d is %g: %w", i, v, ErrNotFinite)
		}
	}
	floats.Add(m.W, mean)
	return nil
}

// Digest is SHA-256 over Features and Classes as 64-bit integers, then the
// IEEE 754 bits of W in order, all little-endian.
func (m *Model) Digest() [32]byte {
	b := make([]byte, 0, 16+8*len(m.W))
	b = binary.LittleEndian.AppendUint64(b, uint64(m.Features))
	b = binary.LittleEndian.AppendUint64(b, uint64(m.Classes))
	for _, v := range m.W {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return sha256.Sum256(b)
}
