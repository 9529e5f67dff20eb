package encode

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"io"
)

// streamBlock is the keystream made at a time: it stays in the first cache.
const streamBlock = 1 << 14

// stream is AES-256 in counter mode from counter 0 (NIST SP 800-38A, 6.5),
// keyed once per vector: a draw costs no system call.
type stream struct {
	ctr cipher.Stream
	buf [streamBlock]byte
}

func newStream(rand io.Reader) (*stream, error) {
	var key [32]byte
	if _, err := io.ReadFull(rand, key[:]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRandomness, err)
	}
	block, err := aes.NewCipher(key[:])
	clear(key[:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRandomness, err)
	}
	return &stream{ctr: cipher.NewCTR(block, make([]byte, aes.BlockSize))}, nil
}

// next returns the next n <= streamBlock bytes, valid until the next call.
func (s *stream) next(n int) []byte {
	out := s.buf[:n]
	clear(out)
	s.ctr.XORKeyStream(out, out)
	return out
}
