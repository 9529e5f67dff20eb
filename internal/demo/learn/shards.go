package learn

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

const (
	// labelSkew is the Dirichlet concentration of Yurochkin et al., "Bayesian
	// Nonparametric Federated Learning of Neural Networks" (2019): on digits,
	// the commonest of ten labels is about a third of a shard.
	labelSkew = 0.5

	// minShard rows keep the smallest participant from training on one digit,
	// where there are enough rows for that.
	minShard = 8
)

// ErrShards is wrapped by what Shards returns.
var ErrShards = errors.New("ask for at least one shard and at most one per row")

// Shards deals all rows of d to n participants: each class is spread by a
// Dirichlet draw of its own, so shards differ in size and in labels.
func Shards(d *Dataset, n int, seed uint64) ([]*Dataset, error) {
	if n < 1 || n > d.Len() {
		return nil, fmt.Errorf("learn: %d shards of %d rows: %w", n, d.Len(), ErrShards)
	}
	rng := rand.New(rand.NewPCG(seed, streamShards))
	hands := make([][]int, n)
	for _, rows := range byClass(d) {
		rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		deal(hands, rows, rng)
	}
	fillUp(hands, min(minShard, d.Len()/n))
	shards := make([]*Dataset, n)
	for i, rows := range hands {
		shards[i] = d.subset(rows)
	}
	return shards, nil
}

// byClass lists the rows of each class.
func byClass(d *Dataset) [][]int {
	classes := make([][]int, d.Classes)
	for row, y := range d.Y {
		classes[y] = append(classes[y], row)
	}
	return classes
}

// deal spreads rows over hands by one Dirichlet draw, which is gamma draws
// divided by their sum. The last hand also gets what rounding leaves.
func deal(hands [][]int, rows []int, rng *rand.Rand) {
	gamma := distuv.Gamma{Alpha: labelSkew, Beta: 1, Src: rng}
	upTo, sum := make([]float64, len(hands)), 0.0
	for i := range hands {
		sum += gamma.Rand()
		upTo[i] = sum
	}
	start := 0
	for i := range hands {
		end := len(rows)
		if i < len(hands)-1 && sum > 0 {
			end = int(upTo[i] / sum * float64(len(rows)))
		}
		hands[i] = append(hands[i], rows[start:end]...)
		start = end
	}
}

// fillUp moves rows from the largest hand until each has least; the caller
// makes sure that there are enough.
func fillUp(hands [][]int, least int) {
	for i := range hands {
		for len(hands[i]) < least {
			from := largest(hands)
			last := len(hands[from]) - 1
			hands[i] = append(hands[i], hands[from][last])
			hands[from] = hands[from][:last]
		}
	}
}

func largest(hands [][]int) int {
	top := slices.MaxFunc(hands, func(a, b []int) int { return len(a) - len(b) })
	return slices.IndexFunc(hands, func(h []int) bool { return len(h) == len(top) })
}
