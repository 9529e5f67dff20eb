package mask

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrLength refuses bytes that do not hold exactly the words asked for.
var ErrLength = errors.New("mask: wrong number of bytes")

// Words32 reads len(dst) little-endian words from b, which must hold no more
// and no fewer.
func Words32(dst []uint32, b []byte) error {
	if len(b)%4 != 0 || len(b)/4 != len(dst) {
		return fmt.Errorf("%w: %d for %d words of 4", ErrLength, len(b), len(dst))
	}
	for i := range dst {
		dst[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return nil
}

// Words64 is Words32 for 64-bit words.
func Words64(dst []uint64, b []byte) error {
	if len(b)%8 != 0 || len(b)/8 != len(dst) {
		return fmt.Errorf("%w: %d for %d words of 8", ErrLength, len(b), len(dst))
	}
	for i := range dst {
		dst[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return nil
}

// Bytes32 writes w as little-endian words. dst must have room for 4 bytes a
// word, as for binary.ByteOrder.PutUint32.
func Bytes32(dst []byte, w []uint32) {
	for i, x := range w {
		binary.LittleEndian.PutUint32(dst[4*i:], x)
	}
}

// Bytes64 is Bytes32 for 64-bit words.
func Bytes64(dst []byte, w []uint64) {
	for i, x := range w {
		binary.LittleEndian.PutUint64(dst[8*i:], x)
	}
}
