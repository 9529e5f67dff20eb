package kdf

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"errors"
	"testing"
)

// TestOneEncodingOfAPeerKey: RFC 7748 ignores the top bit and reduces modulo p;
// a key that could be advertised twice under other bytes is refused.
func TestOneEncodingOfAPeerKey(t *testing.T) {
	k, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pub := k.PublicKey().Bytes()
	if err := CheckPeer(pub); err != nil {
		t.Fatalf("an honest key: %v", err)
	}
	top := bytes.Clone(pub)
	top[31] |= 0x80
	ninePlusP := append([]byte{0xed + 9}, bytes.Repeat([]byte{0xff}, 31)...)
	ninePlusP[31] = 0x7f
	for name, b := range map[string][]byte{"top bit set": top, "9 + p": ninePlusP, "short": pub[:31], "empty": nil} {
		if err := CheckPeer(b); !errors.Is(err, ErrPeerKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	nine := make([]byte, 32)
	nine[0] = 9
	if err := CheckPeer(nine); err != nil {
		t.Errorf("the base point: %v", err)
	}
}
