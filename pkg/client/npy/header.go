package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	magic = "\x93NUMPY"

	// prefixSize is magic, two version bytes and the 16-bit header length of
	// format 1.0; formats 2.0 and 3.0 have a 32-bit length.
	prefixSize = len(magic) + 2 + 2

	// maxHeader is _MAX_HEADER_SIZE of numpy.lib.format.
	maxHeader = 10_000

	// Sizes of numpy's _wrap_header: the header ends on a multiple of
	// alignment, after room for the first dimension to grow to growthDigits.
	alignment    = 64
	growthDigits = 21
)

// A header is what precedes the elements.
type header struct {
	name    string // Float32 or Float64
	order   binary.ByteOrder
	fortran bool
	shape   []int
}

// width returns the bytes of one element.
func (h *header) width() int {
	if h.name == Float32 {
		return 4
	}
	return 8
}

// readHeader consumes everything before the elements.
func readHeader(r io.Reader) (*header, error) {
	var fixed [len(magic) + 2]byte
	if err := fill(r, fixed[:]); err != nil {
		return nil, err
	}
	if string(fixed[:len(magic)]) != magic {
		return nil, fmt.Errorf("npy: wrong first bytes: %w", ErrFormat)
	}
	size, err := readHeaderSize(r, fixed[len(magic)], fixed[len(magic)+1])
	if err != nil {
		return nil, err
	}
	text := make([]byte, size)
	if err := fill(r, text); err != nil {
		return nil, err
	}
	return parseHeader(string(text))
}

// readHeaderSize reads the length field, whose width the version decides.
func readHeaderSize(r io.Reader, major, minor byte) (uint32, error) {
	width := 4
	switch {
	case minor != 0 || major < 1 || major > 3:
		return 0, fmt.Errorf("npy: version %d.%d: %w", major, minor, ErrFormat)
	case major == 1:
		width = 2
	}
	var b [4]byte
	if err := fill(r, b[:width]); err != nil {
		return 0, err
	}
	size := binary.LittleEndian.Uint32(b[:])
	if size > maxHeader {
		return 0, fmt.Errorf("npy: header of %d bytes, above %d: %w", size, maxHeader, ErrFormat)
	}
	return size, nil
}

// fill reads exactly len(b) bytes; a file that ends before is ErrTruncated.
func fill(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("npy: %w", ErrTruncated)
	}
	if err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}

// encodeHeader is _write_array_header and _wrap_header of numpy.lib.format,
// version 1.0. At most 64 dimensions of 20 bytes keep it below 65,536 bytes.
func encodeHeader(shape []int, dtype string) []byte {
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }", dtype, tuple(shape))
	if len(shape) > 0 {
		text += strings.Repeat(" ", growthDigits-len(strconv.Itoa(shape[0])))
	}
	used := prefixSize + len(text) + 1
	// As in numpy, an aligned header still gets a whole unit of padding.
	text += strings.Repeat(" ", alignment-used%alignment) + "\n"
	b := append([]byte(magic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(text)))
	return append(b, text...)
}

// tuple is Python's repr of a tuple of integers.
func tuple(shape []int) string {
	parts := make([]string, len(shape))
	for i, d := range shape {
		parts[i] = strconv.Itoa(d)
	}
	if len(parts) == 1 {
		return "(" + parts[0] + ",)"
	}
	return "(" + strings.Join(parts, ", ") + ")"
}
