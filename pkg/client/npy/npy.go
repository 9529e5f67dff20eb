// Package npy reads and writes NumPy .npy files of float32 and float64 arrays.
//
// The format is NEP 1 as numpy.lib.format implements it: versions 1.0, 2.0 and
// 3.0 are read, 1.0 is written. Files come from outside, so no size a header
// claims is trusted: memory grows with the bytes that arrive. Values are not
// judged here; NaN and infinities pass through.
package npy

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// The two element types. A big-endian file reads as its little-endian name,
// because Array holds values and Write always writes little-endian.
const (
	Float32 = "<f4"
	Float64 = "<f8"
)

// maxDims is NPY_MAXDIMS of NumPy 2.
const maxDims = 64

// Every error of this package, except one from the reader, writer or file
// system, wraps one of these.
var (
	ErrFormat    = errors.New("not a .npy file of format 1.0 to 3.0: write it with numpy.save")
	ErrDType     = errors.New("only float32 and float64 are supported: convert with .astype('float32')")
	ErrTooLarge  = errors.New("too many elements: raise the limit or save a smaller array")
	ErrTruncated = errors.New("file ends early: save or copy it again")
	ErrTrailing  = errors.New("bytes follow the array: save one array per file")
	ErrShape     = errors.New("shape and data disagree: make len(Data) the product of Shape")
	ErrRange     = errors.New("value overflows float32: set DType to \"<f8\"")
)

// An Array is a dense array in C (row-major) order.
type Array struct {
	Shape []int // empty for a scalar, which holds one element
	Data  []float64
	DType string // Float32 or Float64; empty is written as Float64
}

// count returns the product of shape, refusing one above limit. A zero
// dimension empties the array whatever the others say.
func count(shape []int, limit int) (int, error) {
	if slices.Contains(shape, 0) {
		return 0, nil
	}
	n := 1
	for _, d := range shape {
		if d > limit/n { // n <= limit, so n*d <= limit below and cannot overflow
			return 0, fmt.Errorf("npy: shape %v exceeds %d elements: %w", shape, limit, ErrTooLarge)
		}
		n *= d
	}
	if n > limit {
		return 0, fmt.Errorf("npy: one element exceeds the limit %d: %w", limit, ErrTooLarge)
	}
	return n, nil
}

// check reports why a cannot be written as its dtype.
func (a *Array) check() error {
	if len(a.Shape) > maxDims || slices.ContainsFunc(a.Shape, func(d int) bool { return d < 0 }) {
		return fmt.Errorf("npy: shape has a negative or more than %d dimensions: %w", maxDims, ErrShape)
	}
	n, err := count(a.Shape, math.MaxInt)
	if err != nil || n != len(a.Data) {
		return fmt.Errorf("npy: shape %v, %d values: %w", a.Shape, len(a.Data), ErrShape)
	}
	switch a.DType {
	case "", Float64:
		return nil
	case Float32:
		return checkFloat32(a.Data)
	}
	return fmt.Errorf("npy: dtype %.40q: %w", a.DType, ErrDType)
}

// checkFloat32 refuses a finite value that rounds to an infinity: an overflow
// here would silently become someone's model update.
func checkFloat32(data []float64) error {
	for i, v := range data {
		if math.IsInf(float64(float32(v)), 0) && !math.IsInf(v, 0) {
			return fmt.Errorf("npy: element %d is %g: %w", i, v, ErrRange)
		}
	}
	return nil
}
