// Package kdf derives every key of a round from its secrets, under a context
// that names the round, the two parties and the use.
//
// HKDF-SHA-256 is RFC 5869, X25519 is RFC 7748. Deriving with the round's ctx
// and setup root in the info string is what ties a key to one model, one set of
// advertised keys and one purpose: a key of another round is another key.
package kdf

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
)

// MaxKey is the longest output of HKDF-SHA-256 (RFC 5869, section 2.3).
const MaxKey = 255 * sha256.Size

// label opens every info string, so that no other protocol that holds the same
// secret can derive the same key.
const label = "chorus/v1/"

// Context says what a derived key is for. All fields are public.
type Context struct {
	Ctx       [32]byte // digest of the round's Open
	SetupRoot [32]byte // digest of U1, its keys and parameters; zero before it is known
	Sender    string
	Receiver  string
	Purpose   string
}

// Info encodes c injectively and prefix-free: two fixed-size digests, then each
// string behind its length. It serves as HKDF info, AEAD AAD and HPKE info.
func (c Context) Info() []byte {
	n := len(label) + len(c.Ctx) + len(c.SetupRoot) + 3*4 + len(c.Sender) + len(c.Receiver) + len(c.Purpose)
	b := make([]byte, 0, n)
	b = append(b, label...)
	b = append(b, c.Ctx[:]...)
	b = append(b, c.SetupRoot[:]...)
	b = appendString(b, c.Sender)
	b = appendString(b, c.Receiver)
	return appendString(b, c.Purpose)
}

func appendString(b []byte, s string) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
	return append(b, s...)
}

// Key derives n bytes, n <= MaxKey, from secret for the use that c names. As in
// RFC 5869 a shorter key is a prefix of a longer one under the same context, so
// one context is for one length.
func Key(secret []byte, c Context, n int) []byte {
	return derive(secret, nil, c.Info(), n)
}

// derive panics for n outside 0..MaxKey: n is a constant of the calling code,
// never a number from outside.
func derive(secret, salt, info []byte, n int) []byte {
	key, err := hkdf.Key(sha256.New, secret, salt, string(info), n)
	if err != nil {
		panic("kdf: " + err.Error())
	}
	return key
}

// sub derives for one of this package's own constructions. Its tag stands
// behind the prefix-free Info, so it cannot meet an output of Key.
func sub(secret []byte, c Context, tag string, n int) []byte {
	return derive(secret, nil, appendString(c.Info(), tag), n)
}
