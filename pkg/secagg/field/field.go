// Package field is the scalar field of ristretto255, the integers modulo the
// prime l = 2^252 + 27742317777372353535851937790883648493 (RFC 9496, section
// 4). Shamir shares, commitments' blinds and sketch shares all live in it, so
// one constant-time implementation serves them all: the fiat-crypto scalars of
// filippo.io/edwards25519.
//
// Arithmetic runs in constant time in the values. Functions that do not say so
// in their comment.
package field

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"filippo.io/edwards25519"
)

// Size is the length in bytes of an encoded Element, WideSize that of the
// input of FromUniform: 512 bits reduced modulo a 253-bit prime are within
// 2^-259 of uniform.
const (
	Size     = 32
	WideSize = 64
)

var (
	// ErrNotCanonical reports bytes that are not the one encoding of an Element.
	ErrNotCanonical = errors.New("not a canonical scalar: send 32 little-endian bytes below the group order l")
	// ErrRandomness reports a randomness source that ended or failed.
	ErrRandomness = errors.New("randomness source failed: pass crypto/rand.Reader or a source that does not end")
)

// Element is an integer modulo l. The zero value is 0. Elements are reduced,
// so == agrees with Equal, but is not constant time.
//
// An Element redacts itself when printed or logged. fmt reaches the unexported
// fields of another type by reflection, past every method: a struct that keeps
// a secret Element in one needs a Format of its own.
type Element struct{ s edwards25519.Scalar }

// Add returns a + b mod l.
func Add(a, b Element) Element {
	a.s.Add(&a.s, &b.s)
	return a
}

// Sub returns a - b mod l.
func Sub(a, b Element) Element {
	a.s.Subtract(&a.s, &b.s)
	return a
}

// Mul returns a * b mod l.
func Mul(a, b Element) Element {
	a.s.Multiply(&a.s, &b.s)
	return a
}

// MulAdd returns a * b + c mod l: the step of Horner's rule and of an inner
// product, with fewer copies than Mul and Add.
func MulAdd(a, b, c Element) Element {
	a.s.Multiply(&a.s, &b.s)
	a.s.Add(&a.s, &c.s)
	return a
}

// Neg returns -a mod l.
func Neg(a Element) Element {
	a.s.Negate(&a.s)
	return a
}

// Invert returns the inverse of a mod l, and 0 for 0 (inv0 of RFC 9380,
// section 4): callers for whom 0 is an error test IsZero first.
func Invert(a Element) Element {
	var r Element
	r.s.Invert(&a.s)
	return r
}

// Equal reports whether a and b are the same Element, in constant time.
func Equal(a, b Element) bool { return a.s.Equal(&b.s) == 1 }

// IsZero reports whether e is 0, in constant time.
func (e Element) IsZero() bool { return Equal(e, Element{}) }

// FromUint64 returns v as an Element.
func FromUint64(v uint64) Element {
	var b [Size]byte
	binary.LittleEndian.PutUint64(b[:], v)
	var e Element
	_, _ = e.s.SetCanonicalBytes(b[:]) // v < 2^64 < l is always canonical
	return e
}

// FromInt64 returns v mod l, without a branch on the sign of v.
func FromInt64(v int64) Element {
	const bias = 1 << 63 // v + 2^63 is v with its sign bit flipped
	return Sub(FromUint64(uint64(v)^bias), FromUint64(bias))
}

// FromUniform reduces 64 little-endian bytes modulo l. Uniform bytes give an
// Element within statistical distance 2^-259 of uniform.
func FromUniform(b [WideSize]byte) Element {
	var e Element
	_, _ = e.s.SetUniformBytes(b[:]) // refuses only another length
	return e
}

// Random draws a uniform Element, reading exactly 64 bytes from rand. The
// error wraps ErrRandomness and what rand returned.
func Random(rand io.Reader) (Element, error) {
	var b [WideSize]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return Element{}, fmt.Errorf("%w: %w", ErrRandomness, err)
	}
	e := FromUniform(b)
	clear(b[:])
	return e, nil
}

// Bytes returns the canonical encoding: 32 little-endian bytes below l.
func (e Element) Bytes() [Size]byte { return [Size]byte(e.s.Bytes()) }

// FromBytes decodes what Bytes made, and refuses with ErrNotCanonical every
// other length and every integer of l or more: one value, one encoding.
func FromBytes(b []byte) (Element, error) {
	var e Element
	if _, err := e.s.SetCanonicalBytes(b); err != nil {
		return Element{}, fmt.Errorf("%w (%d bytes given)", ErrNotCanonical, len(b))
	}
	return e, nil
}

// Scalar returns a copy of e for use with edwards25519 points.
func (e Element) Scalar() *edwards25519.Scalar {
	return edwards25519.NewScalar().Set(&e.s)
}

// FromScalar returns the value of s, which must not be nil and is copied.
func FromScalar(s *edwards25519.Scalar) Element { return Element{s: *s} }
