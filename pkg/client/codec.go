package client

import (
	"crypto/sha256"
	"encoding/binary"

	"chorus/pkg/wire"
)

// The files are framed by hand: lengths are four bytes, so that every accepted
// file has one encoding and megabytes of masked words are copied once.
//
//	magic, type, owner, payload, SHA-256 of all before
const (
	magic      = "chorus participant 1\n"
	typeSecret = 'S'
	typeAnswer = 'A'
	typeLedger = 'M'
	headSize   = len(magic) + 1 + wire.DigestSize
)

type writer struct{ b []byte }

func newWriter(kind byte, owner wire.Digest) *writer {
	w := &writer{append([]byte(magic), kind)}
	w.digest(owner)
	return w
}

func (w *writer) u32(v uint32)         { w.b = binary.BigEndian.AppendUint32(w.b, v) }
func (w *writer) digest(d wire.Digest) { w.b = append(w.b, d[:]...) }

func (w *writer) bytes(b []byte) {
	w.u32(uint32(len(b)))
	w.b = append(w.b, b...)
}

func (w *writer) seal() []byte {
	sum := sha256.Sum256(w.b)
	return append(w.b, sum[:]...)
}

// A reader takes a payload apart; after a short read it returns zeros and bad
// is set.
type reader struct {
	b   []byte
	bad bool
}

// unseal checks the frame.
func unseal(b []byte, kind byte, owner wire.Digest) (*reader, error) {
	if len(b) < headSize+sha256.Size {
		return nil, ErrDamaged
	}
	body := b[:len(b)-sha256.Size]
	if sha256.Sum256(body) != [sha256.Size]byte(b[len(body):]) {
		return nil, ErrDamaged
	}
	if string(body[:len(magic)]) != magic || body[len(magic)] != kind {
		return nil, ErrForeign
	}
	if wire.Digest(body[len(magic)+1:headSize]) != owner {
		return nil, ErrForeign
	}
	return &reader{b: body[headSize:]}, nil
}

func (r *reader) take(n uint32) []byte {
	if r.bad || uint64(n) > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) digest() (d wire.Digest) {
	copy(d[:], r.take(wire.DigestSize))
	return d
}

func (r *reader) bytes() []byte { return r.take(r.u32()) }
func (r *reader) text() string  { return string(r.bytes()) }

// count is the length of a list whose items take at least least bytes each: a
// claimed length beyond the bytes that are there allocates nothing.
func (r *reader) count(least uint32) int {
	n := r.u32()
	if uint64(n)*uint64(least) > uint64(len(r.b)) {
		r.bad = true
		return 0
	}
	return int(n)
}

// end accepts the payload if it was read to its last byte.
func (r *reader) end() error {
	if r.bad || len(r.b) != 0 {
		return ErrDamaged
	}
	return nil
}
