package wire

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"

	"github.com/vmihailenco/msgpack/v5"
)

// Canonical bytes: MessagePack, structs as arrays in field order, shortest
// forms, no maps. A decoder accepts nothing that does not encode back to
// itself, because the library alone takes duplicate keys, wide integers, wrong
// types and trailing bytes.
var (
	// ErrNotCanonical: the bytes are not the one encoding of a message.
	ErrNotCanonical = errors.New("wire: not canonical")
	// ErrTooLarge: more bytes than the kind allows; nothing was decoded.
	ErrTooLarge = errors.New("wire: too large")
	// ErrMalformed: canonical, but a field breaks its own rules.
	ErrMalformed = errors.New("wire: malformed")
)

// A Message is the body of a record. Check holds what field types cannot say.
type Message interface{ Check() error }

// Encode returns the canonical bytes of m, a pointer. Messages hold no type that
// MessagePack cannot encode, so failing is a bug in this package.
func Encode(m Message) []byte {
	fill(reflect.ValueOf(m).Elem())
	var b bytes.Buffer
	e := msgpack.NewEncoder(&b)
	e.UseCompactInts(true)
	e.UseArrayEncodedStructs(true)
	if err := e.Encode(m); err != nil {
		panic(fmt.Sprintf("wire: %T cannot be encoded: %v", m, err))
	}
	return b.Bytes()
}

// Decode reads the canonical bytes b into m, which must be a pointer to a zero
// message. limit is held against len(b) before anything is decoded.
func Decode(b []byte, limit int, m Message) error {
	if len(b) > limit {
		return fmt.Errorf("%w: %d bytes where %d are allowed", ErrTooLarge, len(b), limit)
	}
	if rest, err := skip(b, maxDepth); err != nil || len(rest) != 0 {
		return fmt.Errorf("%w: no single value", ErrNotCanonical)
	}
	if err := msgpack.Unmarshal(b, m); err != nil {
		return fmt.Errorf("%w: %w", ErrNotCanonical, err)
	}
	if !bytes.Equal(Encode(m), b) {
		return fmt.Errorf("%w: encodes back to other bytes", ErrNotCanonical)
	}
	if err := m.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// DecodeBody is Decode with the limit of a log record.
func DecodeBody(b []byte, m Message) error { return Decode(b, MaxBody, m) }

// fill makes nil slices empty ones: absent and empty have one encoding.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		if v.Type().Elem().Kind() == reflect.Struct {
			for i := range v.Len() {
				fill(v.Index(i))
			}
		}
	}
}

const maxDepth = 8

// skip passes over one MessagePack value of the few types that messages use,
// and returns what follows. A claimed length beyond the bytes that are there is
// refused here, before the library would allocate for it.
func skip(b []byte, depth int) ([]byte, error) {
	if len(b) == 0 || depth == 0 {
		return nil, ErrNotCanonical
	}
	c, b := b[0], b[1:]
	switch {
	case c <= 0x7f, c >= 0xe0, c == 0xc2, c == 0xc3: // fixint, bool
		return b, nil
	case c >= 0x90 && c <= 0x9f: // fixarray
		return skipArray(b, uint64(c&0x0f), depth)
	case c >= 0xa0 && c <= 0xbf: // fixstr
		return drop(b, uint64(c&0x1f))
	case c == 0xc4, c == 0xd9: // bin8, str8
		return dropPrefixed(b, 1)
	case c == 0xc5, c == 0xda:
		return dropPrefixed(b, 2)
	case c == 0xc6, c == 0xdb:
		return dropPrefixed(b, 4)
	case c == 0xcb: // float64
		return drop(b, 8)
	case c >= 0xcc && c <= 0xd3: // uint8..uint64, int8..int64
		return drop(b, 1<<((c-0xcc)%4))
	case c == 0xdc:
		n, b, err := length(b, 2)
		if err != nil {
			return nil, err
		}
		return skipArray(b, n, depth)
	case c == 0xdd:
		n, b, err := length(b, 4)
		if err != nil {
			return nil, err
		}
		return skipArray(b, n, depth)
	}
	return nil, ErrNotCanonical // nil, maps, extensions, float32
}

func skipArray(b []byte, n uint64, depth int) (_ []byte, err error) {
	if n > uint64(len(b)) { // every element takes at least one byte
		return nil, ErrNotCanonical
	}
	for ; n > 0; n-- {
		if b, err = skip(b, depth-1); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func dropPrefixed(b []byte, size int) ([]byte, error) {
	n, b, err := length(b, size)
	if err != nil {
		return nil, err
	}
	return drop(b, n)
}

func drop(b []byte, n uint64) ([]byte, error) {
	if n > uint64(len(b)) {
		return nil, ErrNotCanonical
	}
	return b[n:], nil
}

func length(b []byte, size int) (uint64, []byte, error) {
	if len(b) < size {
		return 0, nil, ErrNotCanonical
	}
	var w [8]byte
	copy(w[8-size:], b[:size])
	return binary.BigEndian.Uint64(w[:]), b[size:], nil
}

// A Digest is a SHA-256.
type Digest [DigestSize]byte

func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// IsZero reports whether d is the absent digest.
func (d Digest) IsZero() bool { return d == Digest{} }

// Sum is the digest of bytes that are named by nothing but themselves.
func Sum(b []byte) Digest { return sha256.Sum256(b) }

// Tagged is SHA-256 over "chorus/v1/" || tag || 0x00 || each piece with its
// length, so that no two tags or splits of the same bytes collide.
func Tagged(tag string, pieces ...[]byte) Digest {
	h := sha256.New()
	h.Write([]byte(signPrefix + tag + "\x00"))
	var n [8]byte
	for _, p := range pieces {
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write(p)
	}
	return Digest(h.Sum(nil))
}

const signPrefix = "chorus/v1/"

// SignedBytes are what a signature covers: "chorus/v1/" || purpose || 0x00 ||
// ctx || body. The purpose is the kind of the record. Open and Roster, which
// exist before a ctx does, are signed with the zero ctx.
func SignedBytes(purpose Kind, ctx Digest, body []byte) []byte {
	b := make([]byte, 0, len(signPrefix)+len(purpose)+1+len(ctx)+len(body))
	b = append(b, signPrefix...)
	b = append(b, purpose...)
	b = append(b, 0)
	b = append(b, ctx[:]...)
	return append(b, body...)
}
