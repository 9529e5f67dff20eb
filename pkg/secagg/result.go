package secagg

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"chorus/pkg/secagg/commit"
	"chorus/pkg/wire"
)

// Weight is the sum of the weights in the input headers of A.
func Weight(inputs map[int]*wire.Input, accepted wire.Bitmap) (sum uint64) {
	for i := range accepted.All() {
		sum += uint64(inputs[i].Weight)
	}
	return sum
}

// CommitmentsParts is what an input header must name for the row commitments.
func (r *Round) CommitmentsParts() (count uint32, bytes uint64) {
	return wire.PartsOf(uint64(r.Layout.Rows)*commit.PointSize, r.Open.PartSize)
}

// WordsParts is what an input header, or a result, must name for the vector.
func (r *Round) WordsParts() (count uint32, bytes uint64) {
	return wire.PartsOf(r.VectorBytes(), r.Open.PartSize)
}

// ErrCommitments: bytes that are not the row commitments of a vector.
var ErrCommitments = errors.New("secagg: not row commitments")

// ParseCommitmentRows reads one member's row commitments.
func (r *Round) ParseCommitmentRows(b []byte) ([]commit.Point, error) {
	if len(b) != r.Layout.Rows*commit.PointSize {
		return nil, fmt.Errorf("%w: %d bytes for %d rows", ErrCommitments, len(b), r.Layout.Rows)
	}
	rows := make([]commit.Point, r.Layout.Rows)
	for i := range rows {
		p, err := commit.ParsePoint(b[i*commit.PointSize : (i+1)*commit.PointSize])
		if err != nil {
			return nil, fmt.Errorf("%w: row %d: %w", ErrCommitments, i, err)
		}
		rows[i] = p
	}
	return rows, nil
}

// An Opening is everything the public check of the sum looks at.
type Opening struct {
	Accepted wire.Digest // binds A, its headers and so every commitment
	Sum      wire.Parts  // names Words
	Words    []byte      // the opened integers
	Rows     [][]commit.Point
	Weight   uint64
}

// CheckSum is the public check of the sum (docs/PROTOCOL.md, section 12): the opened
// integers and blinds open the sum of the commitments of A. The combiner comes
// from ctx, A with all commitments, and the opened integers.
func (r *Round) CheckSum(o *Opening) (*wire.Checked, []float64, error) {
	v, err := ParseVector(o.Words, r.WordBytes())
	if err != nil || v.Len() != r.Words() {
		return nil, nil, ErrVector
	}
	ints := v.Int64s()
	sums, limbs := ints[:r.Open.Dim], ints[r.Open.Dim:]
	rows := commit.SumRows(o.Rows)
	out := &wire.Checked{Commitments: rowsDigest(rows)}
	key, err := commit.NewKey(r.Layout.M)
	if err != nil {
		return nil, nil, err
	}
	seed := wire.Tagged("combiner", r.Ctx[:], o.Accepted[:], o.Sum.Root[:], out.Commitments[:])
	var bad *commit.RowsError
	switch err := commit.CheckSum(key, r.Layout, sums, limbs, rows, seed); {
	case errors.As(err, &bad):
		for _, row := range bad.Rows {
			out.Rows = append(out.Rows, uint32(row))
		}
		return out, nil, nil
	case err != nil:
		return nil, nil, err
	}
	if out.Rows = r.beyond(sums); len(out.Rows) > 0 {
		return out, nil, nil
	}
	mean, err := r.Encoding.Decode(sums, o.Weight)
	if err != nil {
		return nil, nil, err
	}
	out.Mean = MeanDigest(mean)
	return out, mean, nil
}

// beyond lists the rows with a sum that no encoded inputs add up to: a member has
// committed to what it masked, and that was no encoding.
func (r *Round) beyond(sums []int64) (rows []uint32) {
	most := r.Encoding.MaxSum()
	for row := range r.Layout.Rows {
		lo, hi := r.Layout.Row(row)
		if slices.Max(sums[lo:hi]) > most || slices.Min(sums[lo:hi]) < -most {
			rows = append(rows, uint32(row))
		}
	}
	return rows
}

func rowsDigest(rows []commit.Point) wire.Digest {
	b := make([]byte, 0, len(rows)*commit.PointSize)
	for _, p := range rows {
		e := p.Bytes()
		b = append(b, e[:]...)
	}
	return wire.Tagged("commitments", b)
}

// MeanDigest names a mean: its float64 values, little-endian.
func MeanDigest(mean []float64) wire.Digest {
	b := make([]byte, 0, 8*len(mean))
	for _, x := range mean {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	return wire.Tagged("mean", b)
}

// MakeResult is what a checked sum adds up to.
func (r *Round) MakeResult(accepted wire.Digest, contributed int, weight uint64, sum wire.Parts, c *wire.Checked) *wire.Result {
	res := &wire.Result{Accepted: accepted, Contributed: uint32(contributed), Weight: weight, Sum: sum,
		Commitments: c.Commitments, Mean: c.Mean}
	if r.Open.Update == wire.UpdateMean {
		res.Next = wire.NextModel(r.Open.Model, c.Mean)
	}
	return res
}
