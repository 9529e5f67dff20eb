package kdf

import (
	"crypto/ecdh"
	"errors"
	"fmt"
)

const (
	// SeedSize is the size of the seed of a mask key: one share secret.
	SeedSize = 32
	// PairSize is the size of a pair's key: AES-128.
	PairSize = 16
)

var (
	// ErrSeedSize refuses a seed that is not SeedSize bytes long.
	ErrSeedSize = errors.New("kdf: a mask-key seed has 32 bytes")
	// ErrPeerKey refuses a peer's key that is missized or of low order.
	ErrPeerKey = errors.New("kdf: bad X25519 public key")
	// ErrSameName refuses a pair of one name with itself: its key would not be pairwise.
	ErrSameName = errors.New("kdf: a pair needs two different names")
)

// MaskKey derives a round's X25519 key from the seed that is Shamir-shared, so
// that whoever rebuilds the seed can compare the key with the advertised one.
func MaskKey(seed []byte, c Context) (*ecdh.PrivateKey, error) {
	if len(seed) != SeedSize {
		return nil, fmt.Errorf("%w, got %d", ErrSeedSize, len(seed))
	}
	return ecdh.X25519().NewPrivateKey(sub(seed, c, "x25519", 32))
}

// probe is a scalar for CheckPeer: which one does not matter.
var probe = func() *ecdh.PrivateKey {
	k, err := ecdh.X25519().NewPrivateKey([]byte("any clamped scalar finds them out")[:32])
	if err != nil {
		panic("kdf: " + err.Error())
	}
	return k
}()

// CheckPeer refuses, with ErrPeerKey, a key with which no Pairwise succeeds: a
// clamped scalar takes a point to zero if and only if its order is low, whatever
// the scalar is. A phase that admits keys asks before others depend on them.
func CheckPeer(pub []byte) error {
	if !canonical(pub) {
		return fmt.Errorf("%w: not the one encoding of its point", ErrPeerKey)
	}
	peer, err := ecdh.X25519().NewPublicKey(pub)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPeerKey, err)
	}
	if _, err := probe.ECDH(peer); err != nil {
		return fmt.Errorf("%w: %w", ErrPeerKey, err)
	}
	return nil
}

// canonical refuses what RFC 7748 would reduce: a set top bit, and a coordinate
// of p = 2^255 - 19 or more. Else one key could be advertised under two names.
func canonical(pub []byte) bool {
	if len(pub) != 32 || pub[31] > 0x7f {
		return false
	}
	for i := 30; i > 0; i-- {
		if pub[i] != 0xff {
			return true
		}
	}
	return pub[31] < 0x7f || pub[0] < 0xed
}

// Pairwise derives the AES-128 key of a pair. The two names of c are put in byte
// order first, so that both ends, whoever calls itself the sender, get one key.
// An all-zero DH output is refused (RFC 7748, section 6.1).
func Pairwise(priv *ecdh.PrivateKey, pub []byte, c Context) ([]byte, error) {
	if c.Sender == c.Receiver {
		return nil, fmt.Errorf("%w: %q", ErrSameName, c.Sender)
	}
	peer, err := ecdh.X25519().NewPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPeerKey, err)
	}
	dh, err := priv.ECDH(peer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPeerKey, err)
	}
	c.Sender, c.Receiver = min(c.Sender, c.Receiver), max(c.Sender, c.Receiver)
	return sub(dh, c, "pairwise", PairSize), nil
}
