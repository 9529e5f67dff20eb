package encode

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"math/big"
	"testing"
)

// TestRedrawsAreBounded: a bound that nothing meets ends in a typed refusal, a
// bound that half of the draws meet does not.
func TestRedrawsAreBounded(t *testing.T) {
	g, u := gains{1, 0x1p31}, []float64{1} // y = 1/2
	s, err := newStream(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for range 64 {
		if x, err := g.round(u, s, 0); err != nil || x[0] != 0 {
			t.Errorf("%v, error %v", x, err) // by chance: 2^-58
		}
	}
	if x, err := (gains{1, 0x1p33}).round(u, s, 3); !errors.Is(err, ErrRounding) || x != nil {
		t.Errorf("%v, error %v", x, err)
	}
}

// TestStreamIsOneCounterRun: requests of any size continue one keystream.
func TestStreamIsOneCounterRun(t *testing.T) {
	key := bytes.Repeat([]byte{7}, 32)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]byte, 3*streamBlock)
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(want, want)
	s, err := newStream(bytes.NewReader(key))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{4, streamBlock, 100, streamBlock, 0, streamBlock - 104} {
		if !bytes.Equal(s.next(n), want[:n]) {
			t.Fatalf("request of %d bytes differs", n)
		}
		want = want[n:]
	}
}

// TestClippedNormIsBelowV sums the squares of the float64 numbers that are
// rounded exactly: clipping keeps them, not just the reals, within V.
func TestClippedNormIsBelowV(t *testing.T) {
	for seed := range byte(40) {
		s, err := newStream(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)))
		if err != nil {
			t.Fatal(err)
		}
		u := make([]float64, 3000)
		for i, b := range s.next(len(u)) {
			u[i] = float64(b) - 127.3
		}
		p := Params{Bits: 16, Clip: 3, MaxWeight: 7, Roster: 2, Dim: len(u)}
		g, err := p.gains(u, 7)
		if err != nil {
			t.Fatal(err)
		}
		sum := new(big.Rat)
		for _, v := range u {
			y := new(big.Rat).SetFloat64(float64(v*g.pre) * g.gain)
			sum.Add(sum, y.Mul(y, y))
		}
		v := new(big.Rat).SetInt64(int64(p.top()) << 32)
		if v.Mul(v, v); sum.Cmp(v) > 0 {
			t.Fatalf("seed %d: the clipped norm exceeds V", seed)
		}
		if sum.Cmp(v.Mul(v, big.NewRat(1<<30-1, 1<<30))) < 0 {
			t.Fatalf("seed %d: the clipped norm is far below V", seed)
		}
	}
}
