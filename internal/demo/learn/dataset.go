// Package learn is the training code of the demo: multinomial logistic
// regression on gonum, and data cut into the uneven shards of a federation.
//
// Equal inputs give equal bits on one machine: loops run in one order, nothing
// here starts a goroutine, and every random choice comes from a seed.
package learn

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI ML
// Repository, 1998, CC BY 4.0; see data/README.
//
//go:embed data/digits.csv.gz
var digits []byte

// Streams of the seeded generators, so that one seed cuts, shards and shuffles
// independently.
const (
	streamSplit = 1 + iota
	streamShards
	streamSGD
)

// A Dataset is labelled rows.
type Dataset struct {
	X       *mat.Dense // one row per sample, each feature scaled to [0, 1]
	Y       []int      // 0 <= Y[i] < Classes
	Classes int        // of the whole data set, also in a part that lacks some
}

// Digits returns the embedded handwritten digits: 1797 rows, 64 features, 10
// classes.
func Digits() (*Dataset, error) {
	z, err := gzip.NewReader(bytes.NewReader(digits))
	if err != nil {
		return nil, fmt.Errorf("learn: embedded digits: %w", err)
	}
	return ReadCSV(z)
}

// Len returns the number of rows.
func (d *Dataset) Len() int { return len(d.Y) }

// Features returns the number of features.
func (d *Dataset) Features() int { return d.X.RawMatrix().Cols }

// Split cuts a random share of the rows, 0 < test < 1, off for testing. Both
// parts get a row at least if there are two.
func (d *Dataset) Split(seed uint64, test float64) (trainSet, testSet *Dataset) {
	order := rand.New(rand.NewPCG(seed, streamSplit)).Perm(d.Len())
	share := math.Min(math.Max(test, 0), 1)
	n := int(math.Round(share * float64(d.Len())))
	n = max(min(max(n, 1), d.Len()-1), 0)
	return d.subset(order[n:]), d.subset(order[:n])
}

// subset copies rows, in the order given.
func (d *Dataset) subset(rows []int) *Dataset {
	out := &Dataset{X: &mat.Dense{}, Y: make([]int, len(rows)), Classes: d.Classes}
	if len(rows) > 0 { // gonum has no matrix of zero rows but its zero value
		out.X = mat.NewDense(len(rows), d.Features(), nil)
	}
	for i, row := range rows {
		out.X.SetRow(i, d.X.RawRowView(row))
		out.Y[i] = d.Y[row]
	}
	return out
}
