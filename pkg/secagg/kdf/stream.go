package kdf

import (
	"crypto/aes"
	"crypto/cipher"
	"io"
)

// Stream is a deterministic generator: AES-256-CTR from counter zero under a key
// derived from secret and c. A participant that crashed reads the same shares,
// blinds and limbs again from its persisted master secret. Read never fails; the
// counter is 128 bits wide, so the stream does not end.
func Stream(secret []byte, c Context) io.Reader {
	key := sub(secret, c, "stream", 32)
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("kdf: " + err.Error()) // unreachable: 32 bytes is an AES-256 key
	}
	return &reader{ctr: cipher.NewCTR(block, make([]byte, aes.BlockSize))}
}

type reader struct{ ctr cipher.Stream }

func (r *reader) Read(p []byte) (int, error) {
	clear(p)
	r.ctr.XORKeyStream(p, p)
	return len(p), nil
}
