package secagg

import (
	"errors"

	"chorus/pkg/secagg/mask"
)

// A Vector is a run of the masked vector: words of 32 or 64 bits that wrap.
// Exactly one of the two is in use.
type Vector struct {
	w32 []uint32
	w64 []uint64
}

// NewVector returns n zero words of 4 or 8 bytes.
func NewVector(n, wordBytes int) *Vector {
	if wordBytes == 4 {
		return &Vector{w32: make([]uint32, n)}
	}
	return &Vector{w64: make([]uint64, n)}
}

// ErrVector: bytes that are not a whole number of words.
var ErrVector = errors.New("secagg: a part with the wrong number of bytes")

// ParseVector reads little-endian words.
func ParseVector(b []byte, wordBytes int) (*Vector, error) {
	if len(b)%wordBytes != 0 {
		return nil, ErrVector
	}
	v := NewVector(len(b)/wordBytes, wordBytes)
	if v.w32 != nil {
		return v, mask.Words32(v.w32, b)
	}
	return v, mask.Words64(v.w64, b)
}

// Len is the number of words.
func (v *Vector) Len() int { return len(v.w32) + len(v.w64) }

// Add adds u, of the same shape, to v.
func (v *Vector) Add(u *Vector) error {
	if len(v.w32) != len(u.w32) || len(v.w64) != len(u.w64) {
		return ErrVector
	}
	for i, x := range u.w32 {
		v.w32[i] += x
	}
	for i, x := range u.w64 {
		v.w64[i] += x
	}
	return nil
}

// Set writes signed values from word i on.
func (v *Vector) Set(i int, values []int32) {
	for j, x := range values {
		if v.w32 != nil {
			v.w32[i+j] = uint32(x)
		} else {
			v.w64[i+j] = uint64(int64(x))
		}
	}
}

// Apply adds or subtracts masks; offset is the position of v's first word.
func (v *Vector) Apply(terms []mask.Term, offset uint64) {
	mask.Apply32(v.w32, terms, offset)
	mask.Apply64(v.w64, terms, offset)
}

// Bytes returns the words, little-endian.
func (v *Vector) Bytes() []byte {
	b := make([]byte, 4*len(v.w32)+8*len(v.w64))
	mask.Bytes32(b, v.w32)
	mask.Bytes64(b, v.w64)
	return b
}

// Int64s returns the words as signed integers: the slot widths of package encode
// leave room for the sum of a whole roster, so nothing has wrapped.
func (v *Vector) Int64s() []int64 {
	out := make([]int64, 0, v.Len())
	for _, x := range v.w32 {
		out = append(out, int64(int32(x)))
	}
	for _, x := range v.w64 {
		out = append(out, int64(x))
	}
	return out
}
