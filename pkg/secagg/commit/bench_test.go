package commit

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"chorus/pkg/secagg/field"
)

func perValue(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/value")
}

func BenchmarkHashToPoint(b *testing.B) {
	var in [64]byte
	for b.Loop() {
		in[0]++
		fromUniform(&in)
	}
}

func BenchmarkDeriveKey(b *testing.B) {
	dst := make([]niels, 4096)
	for b.Loop() {
		derive(dst, 0)
	}
	perValue(b, len(dst))
}

func BenchmarkAddNiels(b *testing.B) {
	k, v := mustKey(b, 64), identity()
	i := 0
	for b.Loop() {
		v.addNiels(&k.g[i&63], uint32(i>>6))
		i++
	}
}

func BenchmarkCommit(b *testing.B) {
	for _, m := range []int{1 << 11, 1 << 14} {
		b.Run(fmt.Sprint(m), func(b *testing.B) {
			k, x := mustKey(b, m), values(m, 16)
			for b.Loop() {
				k.Commit(x, field.FromUint64(7))
			}
			perValue(b, m)
		})
	}
}

// BenchmarkRow is Commit on one core and without the blind.
func BenchmarkRow(b *testing.B) {
	for _, m := range []int{1 << 11, 1 << 12, 1 << 14, 1 << 17} {
		b.Run(fmt.Sprint(m), func(b *testing.B) {
			k, x := mustKey(b, m), values(m, 16)
			for b.Loop() {
				msm(k.g, int32s(x))
			}
			perValue(b, m)
		})
	}
}

func BenchmarkCommitVector(b *testing.B) {
	l, k := mustLayout(b, 1<<20, 16, 100)
	x, limbs := values(l.Dim, 16), make([]int32, l.Extra())
	for b.Loop() {
		if _, err := k.CommitVector(l, x, limbs); err != nil {
			b.Fatal(err)
		}
	}
	perValue(b, l.Dim)
}

// BenchmarkCheckSum has sums of 26 bits, as of 1000 clients.
func BenchmarkCheckSum(b *testing.B) {
	for _, n := range []int{100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			l, k := mustLayout(b, 1<<20, 16, n)
			sums, rows := make([]int64, l.Dim), make([]Point, l.Rows)
			for i := range sums {
				sums[i] = rand.Int64N(1<<26) - 1<<25
			}
			parallel(l.Rows, func(r int) {
				lo, hi := l.Row(r)
				v := msm(k.g, int64s(sums[lo:hi]))
				rows[r] = Point{v.edwards()}
			})
			for b.Loop() {
				if err := CheckSum(k, l, sums, make([]int64, l.Extra()), rows, [32]byte{1}); err != nil {
					b.Fatal(err)
				}
			}
			perValue(b, l.Dim)
		})
	}
}

func BenchmarkParsePoint(b *testing.B) {
	raw := Generator().Bytes()
	for b.Loop() {
		_, _ = ParsePoint(raw[:])
	}
}

func BenchmarkPointBytes(b *testing.B) {
	g := Generator()
	for b.Loop() {
		g.Bytes()
	}
}
