package learn

import (
	"errors"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

func digitsSplit(t testing.TB, seed uint64) (trainSet, testSet *Dataset) {
	t.Helper()
	d, err := Digits()
	if err != nil {
		t.Fatal(err)
	}
	return d.Split(seed, 0.2)
}

func TestDigits(t *testing.T) {
	d, err := Digits()
	if err != nil {
		t.Fatal(err)
	}
	if d.Len() != 1797 || d.Features() != 64 || d.Classes != 10 {
		t.Fatalf("%d rows, %d features, %d classes", d.Len(), d.Features(), d.Classes)
	}
	if mat.Min(d.X) != 0 || mat.Max(d.X) != 1 || slices.Min(d.Y) != 0 || slices.Max(d.Y) != 9 {
		t.Errorf("values or labels out of range")
	}
	// The first row of the file: 5 of 16 in column 3, label 0.
	if d.X.At(0, 2) != 5.0/16 || d.Y[0] != 0 {
		t.Errorf("first row: %v is %d", d.X.RawRowView(0), d.Y[0])
	}
}

// numbered is a data set whose only feature is the row number.
func numbered(rows, classes int) *Dataset {
	d := &Dataset{X: mat.NewDense(rows, 1, nil), Y: make([]int, rows), Classes: classes}
	for i := range rows {
		d.X.Set(i, 0, float64(i))
		d.Y[i] = i * 7 % classes
	}
	return d
}

// requirePartition requires every row of numbered in one part exactly, with its
// label.
func requirePartition(t rapid.TB, whole *Dataset, parts ...*Dataset) {
	t.Helper()
	seen := make([]bool, whole.Len())
	for _, p := range parts {
		for i, y := range p.Y {
			row := int(p.X.At(i, 0))
			if seen[row] || y != whole.Y[row] || p.Classes != whole.Classes {
				t.Fatalf("row %d is repeated or mislabelled", row)
			}
			seen[row] = true
		}
	}
	if slices.Contains(seen, false) {
		t.Fatal("a row is missing")
	}
}

func TestSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := numbered(rapid.IntRange(2, 60).Draw(t, "rows"), 3)
		seed, share := rapid.Uint64().Draw(t, "seed"), rapid.Float64Range(0, 1).Draw(t, "share")
		a, b := d.Split(seed, share)
		requirePartition(t, d, a, b)
		if want := share * float64(d.Len()); math.Abs(float64(b.Len())-want) > 1 {
			t.Fatalf("%d rows to test, want about %v", b.Len(), want)
		}
		if a.Len() == 0 || b.Len() == 0 {
			t.Fatal("an empty part")
		}
		again, _ := d.Split(seed, share)
		if !mat.Equal(a.X, again.X) {
			t.Fatal("not deterministic")
		}
	})
}

func TestSplitOddShares(t *testing.T) {
	for _, share := range []float64{math.NaN(), math.Inf(1), -3, 7} {
		for rows := 1; rows < 4; rows++ {
			d := numbered(rows, 2)
			a, b := d.Split(1, share)
			requirePartition(t, d, a, b)
		}
	}
}

func TestShards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := numbered(rapid.IntRange(1, 200).Draw(t, "rows"), rapid.IntRange(1, 5).Draw(t, "classes"))
		n := rapid.IntRange(1, d.Len()).Draw(t, "shards")
		seed := rapid.Uint64().Draw(t, "seed")
		shards, err := Shards(d, n, seed)
		if err != nil || len(shards) != n {
			t.Fatal(len(shards), err)
		}
		requirePartition(t, d, shards...)
		again, err := Shards(d, n, seed)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range shards {
			if s.Len() < min(minShard, d.Len()/n) || !mat.Equal(s.X, again[i].X) {
				t.Fatalf("shard %d of %d rows is too small or not deterministic", i, s.Len())
			}
		}
	})
}

// TestShardsAreUneven: on digits the largest shard is at least twice the
// smallest, and a shard's commonest digit has far more than an even tenth.
func TestShardsAreUneven(t *testing.T) {
	d, _ := digitsSplit(t, 1)
	shards, err := Shards(d, participants, 1)
	if err != nil {
		t.Fatal(err)
	}
	sizes, top := []int{}, 0.0
	for _, s := range shards {
		counts := []int{}
		for _, rows := range byClass(s) {
			counts = append(counts, len(rows))
		}
		sizes = append(sizes, s.Len())
		top += float64(slices.Max(counts)) / float64(s.Len()) / participants
	}
	t.Logf("sizes %v; mean share of the commonest digit %.2f", sizes, top)
	if slices.Max(sizes) < 2*slices.Min(sizes) || top < 0.25 {
		t.Error("shards are too even")
	}
}

func TestShardsRefused(t *testing.T) {
	for _, n := range []int{-1, 0, 11} {
		if _, err := Shards(numbered(10, 2), n, 1); !errors.Is(err, ErrShards) {
			t.Errorf("%d: %v", n, err)
		}
	}
}
