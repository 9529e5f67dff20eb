// Package box seals a share for one holder: HPKE base mode (RFC 9180) with the
// hybrid KEM X-Wing (ML-KEM-768 and X25519, draft-ietf-hpke-pq), HKDF-SHA-256
// and ChaCha20-Poly1305. It stays confidential while either half of X-Wing holds.
//
// HPKE base mode does not say who sealed: a box counts only under a signed
// header that carries its digest. Sealing draws fresh randomness, so a sender
// keeps the box it made and sends the same bytes again.
package box

import (
	"crypto/hpke"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"chorus/pkg/secagg/kdf"
)

const (
	// SeedSize is the size of the seed a private key is made from.
	SeedSize = 32
	// PublicKeySize is an ML-KEM-768 encapsulation key and an X25519 key.
	PublicKeySize = 1184 + 32
	// encSize is an ML-KEM-768 ciphertext and an X25519 key.
	encSize = 1088 + 32
	// Overhead is what a box is longer than its plaintext: enc and Poly1305 tag.
	Overhead = encSize + 16
)

var (
	// ErrPublicKey refuses to seal to bytes that are no X-Wing public key.
	ErrPublicKey = errors.New("box: bad public key")
	// ErrOpen is every failed opening. It does not say which check failed: to a
	// holder a wrong size, KEM part, context and tag all mean a bad box.
	ErrOpen = errors.New("box: cannot open")
)

const redacted = "[redacted]"

// PrivateKey opens boxes. It never prints itself.
type PrivateKey struct{ key hpke.PrivateKey }

// NewPrivateKey makes the X-Wing key of a seed, always the same for one seed.
func NewPrivateKey(seed [SeedSize]byte) (*PrivateKey, error) {
	key, err := hpke.MLKEM768X25519().NewPrivateKey(seed[:])
	if err != nil {
		return nil, fmt.Errorf("box: new private key: %w", err)
	}
	return &PrivateKey{key}, nil
}

// PublicKey returns the PublicKeySize bytes that senders seal to.
func (k *PrivateKey) PublicKey() []byte { return k.key.PublicKey().Bytes() }

// CheckPublicKey refuses, with ErrPublicKey, bytes to which no Seal succeeds.
func CheckPublicKey(pub []byte) error {
	if len(pub) != PublicKeySize {
		return fmt.Errorf("%w: %d bytes", ErrPublicKey, len(pub))
	}
	if _, err := hpke.MLKEM768X25519().NewPublicKey(pub); err != nil {
		return fmt.Errorf("%w: %w", ErrPublicKey, err)
	}
	if err := kdf.CheckPeer(pub[PublicKeySize-32:]); err != nil { // the X25519 half comes last
		return fmt.Errorf("%w: %w", ErrPublicKey, err)
	}
	return nil
}

// Seal encrypts plaintext to pub. The context goes into both the key schedule
// and the AAD, and only Open with an equal context succeeds.
func Seal(pub []byte, c kdf.Context, plaintext []byte) ([]byte, error) {
	if len(pub) != PublicKeySize {
		return nil, fmt.Errorf("%w: %d bytes", ErrPublicKey, len(pub))
	}
	key, err := hpke.MLKEM768X25519().NewPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPublicKey, err)
	}
	info := c.Info()
	enc, sender, err := hpke.NewSender(key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPublicKey, err) // a low-order X25519 half
	}
	ct, err := sender.Seal(info, plaintext)
	if err != nil {
		return nil, fmt.Errorf("box: seal: %w", err)
	}
	return append(enc, ct...), nil
}

// Open returns the plaintext of a box that was sealed to k under c, or ErrOpen.
func (k *PrivateKey) Open(c kdf.Context, box []byte) ([]byte, error) {
	info := c.Info()
	return k.open(info, info, box)
}

func (k *PrivateKey) open(info, aad, box []byte) ([]byte, error) {
	if len(box) < Overhead {
		return nil, ErrOpen
	}
	r, err := hpke.NewRecipient(box[:encSize], k.key, hpke.HKDFSHA256(), hpke.ChaCha20Poly1305(), info)
	if err != nil {
		return nil, ErrOpen
	}
	plaintext, err := r.Open(aad, box[encSize:])
	if err != nil {
		return nil, ErrOpen
	}
	return plaintext, nil
}

// Format redacts under every verb.
func (PrivateKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String redacts.
func (PrivateKey) String() string { return redacted }

// GoString redacts.
func (PrivateKey) GoString() string { return redacted }

// LogValue redacts in slog.
func (PrivateKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText redacts in JSON.
func (PrivateKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }
