package kdf

import (
	"bytes"
	"crypto/ecdh"
	"errors"
	"testing"
)

// RFC 7748, section 6.1.
const (
	alicePrivate = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
	alicePublic  = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
	bobPrivate   = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
	bobPublic    = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
	sharedSecret = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
)

func privateKey(t testing.TB, s string) *ecdh.PrivateKey {
	k, err := ecdh.X25519().NewPrivateKey(unhex(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestPairwiseRFC7748(t *testing.T) {
	c := Context{Sender: "alice", Receiver: "bob", Purpose: "mask"}
	want := sub(unhex(t, sharedSecret), c, "pairwise", PairSize)
	a, errA := Pairwise(privateKey(t, alicePrivate), unhex(t, bobPublic), c)
	c.Sender, c.Receiver = c.Receiver, c.Sender
	b, errB := Pairwise(privateKey(t, bobPrivate), unhex(t, alicePublic), c)
	if errA != nil || errB != nil || !bytes.Equal(a, want) || !bytes.Equal(b, want) {
		t.Error(a, errA, b, errB, want)
	}
}

func TestX25519Vectors(t *testing.T) {
	for i, v := range vectors(t) {
		k, err := MaskKey(v.Secret, v.context())
		if err != nil || !bytes.Equal(k.PublicKey().Bytes(), v.Public) {
			t.Fatalf("%d: %v", i, err)
		}
		if got, err := Pairwise(k, v.Peer, v.context()); err != nil || !bytes.Equal(got, v.Pair) {
			t.Errorf("%d: %x %v", i, got, err)
		}
	}
}

func TestMaskKeyRefuses(t *testing.T) {
	for _, n := range []int{0, 31, 33, 64} {
		if _, err := MaskKey(make([]byte, n), Context{}); !errors.Is(err, ErrSeedSize) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// The points of order 1, 2, 4 and 8 on the curve and its twist, also in
// non-canonical form (https://cr.yp.to/ecdh.html#validate).
var lowOrder = []string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}

func TestPairwiseRefuses(t *testing.T) {
	k, c := privateKey(t, alicePrivate), Context{Sender: "alice", Receiver: "bob"}
	for _, s := range append([]string{"", "01", alicePublic + "00"}, lowOrder...) {
		if _, err := Pairwise(k, unhex(t, s), c); !errors.Is(err, ErrPeerKey) {
			t.Errorf("%s: %v", s, err)
		}
	}
	c.Receiver = "alice"
	if _, err := Pairwise(k, unhex(t, bobPublic), c); !errors.Is(err, ErrSameName) {
		t.Error(err)
	}
}

func TestPairwiseSeparation(t *testing.T) {
	k, c := privateKey(t, alicePrivate), Context{Ctx: [32]byte{1}, Sender: "alice", Receiver: "bob", Purpose: "mask"}
	base, err := Pairwise(k, unhex(t, bobPublic), c)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range edits(c) {
		if got, err := Pairwise(k, unhex(t, bobPublic), e); err != nil || bytes.Equal(got, base) {
			t.Errorf("edit %d does not reach the key: %v", i, err)
		}
	}
}

func FuzzPairwise(f *testing.F) {
	for _, s := range append(lowOrder, bobPublic, "") {
		f.Add(unhex(f, s))
	}
	k := privateKey(f, alicePrivate)
	f.Fuzz(func(t *testing.T, pub []byte) {
		key, err := Pairwise(k, pub, Context{Sender: "a", Receiver: "b"})
		if err == nil && len(key) != PairSize || err != nil && !errors.Is(err, ErrPeerKey) {
			t.Fatal(key, err)
		}
	})
}

func BenchmarkPairwise(b *testing.B) {
	k, pub := privateKey(b, alicePrivate), unhex(b, bobPublic)
	for b.Loop() {
		_, _ = Pairwise(k, pub, Context{Sender: "a", Receiver: "b"})
	}
}
