package secagg

import (
	"crypto/ed25519"
	"errors"

	"chorus/pkg/wire"
)

// Sign returns the record body of m: its canonical bytes and id's signature
// over purpose, ctx and them (docs/PROTOCOL.md, section 4).
func Sign(id ed25519.PrivateKey, purpose wire.Kind, ctx wire.Digest, m wire.Message) []byte {
	e := wire.Envelope{Body: wire.Encode(m)}
	copy(e.Sig[:], ed25519.Sign(id, wire.SignedBytes(purpose, ctx, e.Body)))
	return wire.Encode(&e)
}

// Verify reports whether identity signed e for this purpose and ctx.
func Verify(identity [wire.IdentitySize]byte, purpose wire.Kind, ctx wire.Digest, e *wire.Envelope) bool {
	return ed25519.Verify(identity[:], wire.SignedBytes(purpose, ctx, e.Body), e.Sig[:])
}

// SignRoster returns the signed roster bytes of the authority (zero ctx).
func SignRoster(authority ed25519.PrivateKey, r *wire.Roster) []byte {
	s := wire.SignedRoster{Body: wire.Encode(r)}
	copy(s.Sig[:], ed25519.Sign(authority, wire.SignedBytes(wire.KindRoster, wire.Digest{}, s.Body)))
	return wire.Encode(&s)
}

// VerifyRoster decodes a signed roster and checks the authority's signature.
func VerifyRoster(authority ed25519.PublicKey, signed []byte) (*wire.Roster, error) {
	r, s, err := wire.OpenRoster(signed)
	if err != nil {
		return nil, err
	}
	if len(authority) != ed25519.PublicKeySize ||
		!ed25519.Verify(authority, wire.SignedBytes(wire.KindRoster, wire.Digest{}, s.Body), s.Sig[:]) {
		return nil, ErrAuthority
	}
	return r, nil
}

// ErrAuthority: a roster that the pinned authority did not sign.
var ErrAuthority = errors.New("secagg: the roster is not signed by the authority you pinned")

// reasonOf names a decoding error for the log.
func reasonOf(err error) wire.Reason {
	switch {
	case errors.Is(err, wire.ErrTooLarge):
		return wire.Oversized
	case errors.Is(err, wire.ErrNotCanonical):
		return wire.NotCanonical
	}
	return wire.Malformed
}
