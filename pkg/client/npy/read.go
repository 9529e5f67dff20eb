package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// chunk is how many elements are read or written at a time; it bounds what a
// header alone can make Read allocate: 64 KiB of bytes and 64 KiB of values.
const chunk = 8192

// Read reads one array of at most maxElements elements and refuses anything
// after it. Data in Fortran order is transposed to C order.
func Read(r io.Reader, maxElements int) (*Array, error) {
	h, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	n, err := count(h.shape, maxElements)
	if err != nil {
		return nil, err
	}
	data, err := readData(r, h, n)
	if err != nil {
		return nil, err
	}
	if err := readEnd(r); err != nil {
		return nil, err
	}
	if h.fortran {
		data = rowMajor(data, h.shape)
	}
	return &Array{Shape: h.shape, Data: data, DType: h.name}, nil
}

// readData reads n elements. Capacity doubles only after the previous capacity
// was filled, so at most twice what arrived (or one chunk) is allocated.
func readData(r io.Reader, h *header, n int) ([]float64, error) {
	width := h.width()
	buf := make([]byte, min(n, chunk)*width)
	data := make([]float64, 0, min(n, chunk))
	for len(data) < n {
		part := buf[:min(n-len(data), chunk)*width]
		if err := fill(r, part); err != nil {
			return nil, err
		}
		if len(data)+len(part)/width > cap(data) {
			data = append(make([]float64, 0, min(n, 2*cap(data))), data...)
		}
		data = decode(data, part, h)
	}
	return data, nil
}

// decode appends the elements in b to data.
func decode(data []float64, b []byte, h *header) []float64 {
	le := h.order == binary.LittleEndian
	switch width := h.width(); {
	case width == 8 && le:
		for ; len(b) > 0; b = b[8:] {
			data = append(data, math.Float64frombits(binary.LittleEndian.Uint64(b)))
		}
	case width == 8:
		for ; len(b) > 0; b = b[8:] {
			data = append(data, math.Float64frombits(binary.BigEndian.Uint64(b)))
		}
	default:
		for ; len(b) > 0; b = b[4:] {
			data = append(data, float64(math.Float32frombits(h.order.Uint32(b))))
		}
	}
	return data
}

// readEnd requires the end of r.
func readEnd(r io.Reader) error {
	var b [1]byte
	switch _, err := io.ReadFull(r, b[:]); {
	case err == nil:
		return fmt.Errorf("npy: %w", ErrTrailing)
	case errors.Is(err, io.EOF):
		return nil
	default:
		return fmt.Errorf("npy: %w", err)
	}
}

// rowMajor reorders column-major data. index counts through the shape in row
// order while at follows it through data, where dimension k has the stride
// shape[0] * ... * shape[k-1].
func rowMajor(data []float64, shape []int) []float64 {
	strides, step := make([]int, len(shape)), 1
	for k, d := range shape {
		strides[k], step = step, step*d
	}
	out, index, at := make([]float64, len(data)), make([]int, len(shape)), 0
	for i := range out {
		out[i] = data[at]
		for k := len(shape) - 1; k >= 0; k-- {
			index[k]++
			at += strides[k]
			if index[k] < shape[k] {
				break
			}
			at -= strides[k] * shape[k]
			index[k] = 0
		}
	}
	return out
}
