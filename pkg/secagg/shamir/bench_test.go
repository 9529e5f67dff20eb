package shamir_test

import (
	"fmt"
	"testing"

	"chorus/pkg/secagg/field"
	"chorus/pkg/secagg/shamir"
)

// t = floor(2n/3) + 1, the threshold against a server with a third of the clients
// (Bonawitz et al., CCS 2017, Figure 5).
var sizes = []struct{ n, t int }{{100, 67}, {1000, 667}}

func each(b *testing.B, run func(b *testing.B, n, t int)) {
	for _, s := range sizes {
		b.Run(fmt.Sprintf("n=%d/t=%d", s.n, s.t), func(b *testing.B) { run(b, s.n, s.t) })
	}
}

func BenchmarkSplit(b *testing.B) {
	each(b, func(b *testing.B, n, t int) {
		xs := positions(n)
		for b.Loop() {
			split(b, field.FromUint64(5), t, xs)
		}
	})
}

func BenchmarkNewBasis(b *testing.B) {
	each(b, func(b *testing.B, n, t int) {
		xs := positions(n)[n-t:]
		for b.Loop() {
			if _, err := shamir.NewBasis(xs); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCombine(b *testing.B) {
	each(b, func(b *testing.B, n, t int) {
		basis, err := shamir.NewBasis(positions(n)[n-t:])
		if err != nil {
			b.Fatal(err)
		}
		ys := make([]field.Element, t)
		for b.Loop() {
			if _, err := basis.Combine(ys); err != nil {
				b.Fatal(err)
			}
		}
	})
}
