package npy

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// A literal is the unread rest of a header: the Python literal of a dictionary
// with exactly the keys descr, fortran_order and shape, in any order. Only the
// notation that writers use is accepted, not all that ast.literal_eval would.
type literal struct{ rest string }

func malformed(what string) error {
	return fmt.Errorf("npy: header: %s: %w", what, ErrFormat)
}

func parseHeader(text string) (*header, error) {
	l := &literal{text}
	if !l.take("{") {
		return nil, malformed("no dictionary")
	}
	h, seen := &header{}, map[string]bool{}
	for !l.take("}") {
		if err := l.entry(h, seen); err != nil {
			return nil, err
		}
		if !l.take(",") && !l.peek("}") {
			return nil, malformed("no comma between entries")
		}
	}
	if len(seen) != 3 {
		return nil, malformed("descr, fortran_order or shape is missing")
	}
	if l.skip(); l.rest != "" {
		return nil, malformed("text after the dictionary")
	}
	return h, nil
}

// entry reads one "key: value" into h.
func (l *literal) entry(h *header, seen map[string]bool) (err error) {
	key, ok := l.quoted()
	if !ok || !l.take(":") || seen[key] {
		return malformed("bad or repeated key")
	}
	seen[key] = true
	switch key {
	case "descr":
		h.name, h.order, err = l.descr()
	case "fortran_order":
		h.fortran, err = l.boolean()
	case "shape":
		h.shape, err = l.shape()
	default:
		err = malformed(fmt.Sprintf("unknown key %.40q", key))
	}
	return err
}

// descr reads a dtype name. A list is a structured dtype, which is refused
// without reading on.
func (l *literal) descr() (string, binary.ByteOrder, error) {
	if l.peek("[") {
		return "", nil, fmt.Errorf("npy: structured dtype: %w", ErrDType)
	}
	s, ok := l.quoted()
	if !ok {
		return "", nil, malformed("bad descr")
	}
	switch s {
	case "<f4", "<f8":
		return s, binary.LittleEndian, nil
	case ">f4", ">f8":
		return "<" + s[1:], binary.BigEndian, nil
	}
	return "", nil, fmt.Errorf("npy: dtype %.40q: %w", s, ErrDType)
}

func (l *literal) boolean() (bool, error) {
	if l.take("True") {
		return true, nil
	}
	if l.take("False") {
		return false, nil
	}
	return false, malformed("fortran_order is neither True nor False")
}

// shape reads a tuple of dimensions: (), (3,), (3, 4).
func (l *literal) shape() ([]int, error) {
	if !l.take("(") {
		return nil, malformed("shape is not a tuple")
	}
	dims, comma := []int{}, true
	for !l.take(")") {
		if !comma || len(dims) == maxDims {
			return nil, malformed("bad shape")
		}
		d, err := l.dimension()
		if err != nil {
			return nil, err
		}
		dims, comma = append(dims, d), l.take(",")
	}
	// In Python (3) is the integer 3.
	if len(dims) == 1 && !comma {
		return nil, malformed("shape is not a tuple")
	}
	return dims, nil
}

// dimension reads a decimal, with the suffix that Python 2 gave to a long.
func (l *literal) dimension() (int, error) {
	l.skip()
	end := len(l.rest) - len(strings.TrimLeft(l.rest, "0123456789"))
	digits := l.rest[:end]
	if digits == "" || len(digits) > 1 && digits[0] == '0' {
		return 0, malformed("bad dimension")
	}
	l.rest = strings.TrimPrefix(l.rest[end:], "L")
	d, err := strconv.Atoi(digits)
	if err != nil {
		return 0, fmt.Errorf("npy: dimension %.40s: %w", digits, ErrTooLarge)
	}
	return d, nil
}

// quoted reads a string without escapes; no writer needs one here.
func (l *literal) quoted() (string, bool) {
	l.skip()
	if l.rest == "" || l.rest[0] != '\'' && l.rest[0] != '"' {
		return "", false
	}
	s, rest, ok := strings.Cut(l.rest[1:], l.rest[:1])
	if !ok || strings.ContainsAny(s, "\\\n") {
		return "", false
	}
	l.rest = rest
	return s, true
}

func (l *literal) skip() { l.rest = strings.TrimLeft(l.rest, " \t\r\n") }

func (l *literal) peek(token string) bool {
	l.skip()
	return strings.HasPrefix(l.rest, token)
}

func (l *literal) take(token string) bool {
	if !l.peek(token) {
		return false
	}
	l.rest = l.rest[len(token):]
	return true
}
