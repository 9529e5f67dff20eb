package commit

import (
	"encoding/hex"
	"math/rand/v2"
	"testing"
)

func mustKey(t testing.TB, m int) *Key {
	k, err := NewKey(m)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func mustLayout(t testing.TB, dim, bits, n int) (Layout, *Key) {
	l, err := NewLayout(dim, bits, n)
	if err != nil {
		t.Fatal(err)
	}
	return l, mustKey(t, l.M)
}

// values draws n signed values of so many bits from a fixed seed.
func values(n, bits int) []int32 {
	r, bound := rand.New(rand.NewPCG(1, uint64(n))), int64(1)<<(bits-1)-1
	x := make([]int32, n)
	for i := range x {
		x[i] = int32(r.Int64N(2*bound+1) - bound)
	}
	return x
}

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
