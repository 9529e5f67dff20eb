package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Write writes a exactly as numpy.save writes a C-ordered little-endian array.
// Float32 rounds to nearest, as .astype('float32') does. Nothing is written if
// the array itself is refused.
func Write(w io.Writer, a *Array) error {
	if err := a.check(); err != nil {
		return err
	}
	dtype := a.DType
	if dtype == "" {
		dtype = Float64
	}
	if _, err := w.Write(encodeHeader(a.Shape, dtype)); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	buf := make([]byte, 0, 8*min(len(a.Data), chunk))
	for rest := a.Data; len(rest) > 0; {
		n := min(len(rest), chunk)
		buf = encode(buf[:0], rest[:n], dtype)
		if _, err := w.Write(buf); err != nil {
			return fmt.Errorf("npy: %w", err)
		}
		rest = rest[n:]
	}
	return nil
}

// encode appends values to b as little-endian dtype.
func encode(b []byte, values []float64, dtype string) []byte {
	if dtype == Float32 {
		for _, v := range values {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
		}
		return b
	}
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}
