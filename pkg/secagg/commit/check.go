package commit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"filippo.io/edwards25519"

	"chorus/pkg/secagg/field"
	"chorus/pkg/secagg/kdf"
)

// ErrSum is wrapped by every RowsError.
var ErrSum = errors.New("commit: opened sums do not match the commitments")

// RowsError names the rows whose opened sums contradict the commitments.
type RowsError struct{ Rows []int }

func (e *RowsError) Error() string { return fmt.Sprintf("%v: rows %v", ErrSum, e.Rows) }

// Unwrap makes errors.Is(err, ErrSum) hold.
func (e *RowsError) Unwrap() error { return ErrSum }

// SumRows adds up all clients' commitments row by row. Where a client has fewer
// rows than the longest its missing ones count as the identity.
func SumRows(all [][]Point) []Point {
	n := 0
	for _, rows := range all {
		n = max(n, len(rows))
	}
	out := make([]Point, n)
	parallel(n, func(r int) {
		sum := edwards25519.NewIdentityPoint()
		for _, rows := range all {
			if r < len(rows) {
				sum.Add(sum, rows[r].edwards())
			}
		}
		out[r] = Point{sum}
	})
	return out
}

// CheckSum tests that sums and limbSums, the opened integers of an aggregate,
// are what rows, the sums of the clients' commitments, commit to (protocol,
// section 7). It compares one random combination of all rows: false sums pass
// with probability 2^-128 over seed, which must be fixed after all of them, as a
// digest of the round's record or as fresh bits of the checker. On a mismatch it
// tests each row and returns a RowsError.
func CheckSum(k *Key, l Layout, sums, limbSums []int64, rows []Point, seed [32]byte) error {
	if err := l.fits(k, len(sums), len(limbSums)); err != nil {
		return err
	}
	if len(rows) != l.Rows {
		return fmt.Errorf("%w: %d commitments for %d rows", ErrShape, len(rows), l.Rows)
	}
	e := combiners(l.Rows, seed)
	got := msmParallel(k.g, wides(combine(l, sums, e)))
	want := combinePoints(rows, e)
	if k.blinded(&got, combineBlinds(l, limbSums, e)).Equal(want) {
		return nil
	}
	return &RowsError{k.failing(l, sums, limbSums, rows)}
}

// failing opens every row by itself.
func (k *Key) failing(l Layout, sums, limbSums []int64, rows []Point) (bad []int) {
	failed := make([]bool, l.Rows)
	parallel(l.Rows, func(r int) {
		lo, hi := l.Row(r)
		v := msm(k.g, int64s(sums[lo:hi]))
		failed[r] = !k.blinded(&v, l.blind(limbSums, r)).Equal(rows[r])
	})
	for r, f := range failed {
		if f {
			bad = append(bad, r)
		}
	}
	return bad
}

func (l Layout) blind(limbs []int64, r int) field.Element {
	return Blind(limbs[r*l.Limbs:(r+1)*l.Limbs], l.Bits)
}

// combiners expands seed to one uniform 128-bit weight for each row.
func combiners(n int, seed [32]byte) [][2]uint64 {
	raw := make([]byte, 16*n)
	_, _ = kdf.Stream(seed[:], kdf.Context{Purpose: "commit/combiner"}).Read(raw) // never fails
	e := make([][2]uint64, n)
	for r := range e {
		e[r] = [2]uint64{binary.LittleEndian.Uint64(raw[16*r:]), binary.LittleEndian.Uint64(raw[16*r+8:])}
	}
	return e
}

// combine returns column i's sum of weight times opened integer over the rows.
func combine(l Layout, sums []int64, e [][2]uint64) []wide {
	const columns = 1024
	acc := make([]wide, min(l.M, l.Dim))
	parallel((len(acc)+columns-1)/columns, func(c int) {
		first := c * columns
		part := acc[first:min(len(acc), first+columns)]
		for r := range l.Rows {
			lo, hi := l.Row(r)
			for i := range part[:max(0, min(len(part), hi-lo-first))] {
				part[i].addProduct(&e[r], sums[lo+first+i])
			}
		}
	})
	return acc
}

func combineBlinds(l Layout, limbs []int64, e [][2]uint64) (sum field.Element) {
	shift := field.FromUint64(1 << 32)
	shift = field.Mul(shift, shift)
	for r := range e {
		weight := field.Add(field.FromUint64(e[r][0]), field.Mul(shift, field.FromUint64(e[r][1])))
		sum = field.Add(sum, field.Mul(weight, l.blind(limbs, r)))
	}
	return sum
}

func combinePoints(rows []Point, e [][2]uint64) Point {
	points := make([]ext, len(rows))
	for r := range rows {
		points[r] = rows[r].ext()
	}
	table, weights := make([]niels, len(rows)), make([]wide, len(rows))
	toNiels(table, points)
	for r := range e {
		weights[r] = wide{e[r][0], e[r][1]}
	}
	v := msmParallel(table, wides(slices.Clip(weights)))
	return Point{v.edwards()}
}
