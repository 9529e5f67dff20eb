package mask

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"sync"
)

// piece is how much key stream is expanded at once: large enough for the
// library's eight-block loop, small enough to stay in L1 beside the words.
const piece = 4096

// stream is one mask, read from any block on. It draws the pieces into a buffer
// of its caller, because one buffer serves a whole worker.
type stream struct {
	ctr      cipher.Stream
	negative bool
}

// newStream begins at byte skip of block. Offsets are 64-bit word numbers, so
// the upper half of the 128-bit counter stays zero.
func newStream(key *Key, negative bool, block uint64, skip int, buf *buffer) stream {
	b, err := aes.NewCipher(key[:])
	if err != nil {
		panic("mask: " + err.Error()) // unreachable: a Key is an AES-128 key
	}
	var iv [aes.BlockSize]byte
	binary.BigEndian.PutUint64(iv[8:], block)
	s := stream{cipher.NewCTR(b, iv[:]), negative}
	s.ctr.XORKeyStream(buf[:skip], zeros[:skip])
	return s
}

// next fills the first n bytes of buf with key stream.
func (s *stream) next(buf *buffer, n int) []byte {
	s.ctr.XORKeyStream(buf[:n], zeros[:n])
	return buf[:n]
}

type buffer [piece]byte

// buffers keeps pieces for reuse: a fresh zeroed one costs as much as a short mask.
var buffers = sync.Pool{New: func() any { return new(buffer) }}

// zeros is only ever read.
var zeros buffer

func newStream32(t *Term, offset uint64, buf *buffer) stream {
	return newStream(&t.Key, t.Negative, offset/4, int(offset%4)*4, buf)
}

func newStream64(t *Term, offset uint64, buf *buffer) stream {
	return newStream(&t.Key, t.Negative, offset/2, int(offset%2)*8, buf)
}

// fold32 adds or subtracts the next len(acc) words of s.
func (s *stream) fold32(acc []uint32, buf *buffer) {
	for len(acc) > 0 {
		n := min(len(acc), piece/4)
		if b := s.next(buf, 4*n); s.negative {
			sub32(acc[:n], b)
		} else {
			add32(acc[:n], b)
		}
		acc = acc[n:]
	}
}

// fold64 adds or subtracts the next len(acc) words of s.
func (s *stream) fold64(acc []uint64, buf *buffer) {
	for len(acc) > 0 {
		n := min(len(acc), piece/8)
		if b := s.next(buf, 8*n); s.negative {
			sub64(acc[:n], b)
		} else {
			add64(acc[:n], b)
		}
		acc = acc[n:]
	}
}
