package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// file builds a .npy file by hand: a version, a header text, some zero bytes.
func file(major byte, text string, body int) []byte {
	b := append([]byte(magic), major, 0)
	if major == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(text)))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	}
	return append(append(b, text...), make([]byte, body)...)
}

// described is a version 1.0 file with the given Python literals and two
// float64 of data.
func described(descr, fortran, shape string) []byte {
	return file(1, "{'descr': "+descr+", 'fortran_order': "+fortran+", 'shape': "+shape+", }\n", 16)
}

func TestReadAccepts(t *testing.T) {
	for name, b := range map[string][]byte{
		"python 2 long":   described("'<f8'", "False", "(2L,)"),
		"double quotes":   described(`"<f8"`, "False", "(2,)"),
		"fortran vector":  described("'<f8'", "True", "(2,)"),
		"no last comma":   file(2, "{'descr':'<f8','fortran_order':False,'shape':(1,2)}", 16),
		"other key order": file(3, "{'shape':(2,),'fortran_order':False,'descr':'<f8'}", 16),
	} {
		if a, err := Read(bytes.NewReader(b), 2); err != nil || len(a.Data) != 2 {
			t.Errorf("%s: %v, %v", name, a, err)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	long := "(" + strings.Repeat("1,", maxDims+1) + ")"
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"magic":            {[]byte("\x93NUMPZ\x01\x00\x00\x00"), ErrFormat},
		"npz":              {[]byte("PK\x03\x04 and the rest"), ErrFormat},
		"version 0":        {file(0, "{}", 0), ErrFormat},
		"version 4":        {file(4, "{}", 0), ErrFormat},
		"minor version":    {[]byte(magic + "\x01\x01\x00\x00"), ErrFormat},
		"header size":      {[]byte(magic + "\x02\x00\xff\xff\xff\xff"), ErrFormat},
		"empty dictionary": {file(1, "{}", 0), ErrFormat},
		"no dictionary":    {file(1, "(2,)", 0), ErrFormat},
		"after dictionary": {file(1, "{'descr':'<f8','fortran_order':False,'shape':()}}", 8), ErrFormat},
		"missing comma":    {file(1, "{'descr':'<f8' 'fortran_order':False,'shape':()}", 8), ErrFormat},
		"repeated key":     {file(1, "{'descr':'<f8','descr':'<f8','shape':()}", 8), ErrFormat},
		"unknown key":      {file(1, "{'descr':'<f8','order':False,'shape':()}", 8), ErrFormat},
		"escape":           {described(`'<f\x38'`, "False", "(2,)"), ErrFormat},
		"open string":      {file(1, "{'descr", 0), ErrFormat},
		"descr number":     {described("8", "False", "(2,)"), ErrFormat},
		"fortran":          {described("'<f8'", "0", "(2,)"), ErrFormat},
		"shape list":       {described("'<f8'", "False", "[2]"), ErrFormat},
		"shape integer":    {described("'<f8'", "False", "(2)"), ErrFormat},
		"shape commas":     {described("'<f8'", "False", "(2,,)"), ErrFormat},
		"shape no comma":   {described("'<f8'", "False", "(1 2)"), ErrFormat},
		"leading zero":     {described("'<f8'", "False", "(02,)"), ErrFormat},
		"negative":         {described("'<f8'", "False", "(-2,)"), ErrFormat},
		"dimensions":       {described("'<f8'", "False", long), ErrFormat},
		"native order":     {described("'f8'", "False", "(2,)"), ErrDType},
		"structured":       {described("[('x', '<f8')]", "False", "(2,)"), ErrDType},
		"three of two":     {described("'<f8'", "False", "(3,)"), ErrTooLarge},
		"beyond int":       {described("'<f8'", "False", "(99999999999999999999,)"), ErrTooLarge},
		"product":          {described("'<f8'", "False", "(4294967296, 4294967296)"), ErrTooLarge},
	} {
		_, err := Read(bytes.NewReader(c.file), 2)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		} else if text := err.Error(); strings.Contains(text, "\n") || len(text) > 300 {
			t.Errorf("%s: not one short line: %q", name, text)
		}
	}
}

func TestLimitZero(t *testing.T) {
	if _, err := Read(bytes.NewReader(described("'<f8'", "False", "()")), 0); !errors.Is(err, ErrTooLarge) {
		t.Errorf("scalar: %v", err)
	}
	if _, err := Read(bytes.NewReader(file(1, "{'descr':'<f8','fortran_order':True,'shape':(0,9)}", 0)), 0); err != nil {
		t.Errorf("empty array: %v", err)
	}
}

// TestHostileHeaderAllocation lets headers promise 8 GiB that never arrive.
func TestHostileHeaderAllocation(t *testing.T) {
	b := described("'<f8'", "True", "(1073741824,)")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Read(bytes.NewReader(b), math.MaxInt)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, ErrTruncated) {
		t.Fatal(err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("allocated %d bytes for a file of %d", got, len(b))
	}
}

func TestReaderErrorPasses(t *testing.T) {
	broken := errors.New("disk gone")
	good := described("'<f8'", "False", "(2,)")
	for n := range len(good) + 1 {
		r := io.MultiReader(bytes.NewReader(good[:n]), iotest.ErrReader(broken))
		if _, err := Read(r, 2); !errors.Is(err, broken) {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	two := []float64{1, 2}
	for name, c := range map[string]struct {
		a    Array
		want error
	}{
		"product":    {Array{Shape: []int{3}, Data: two}, ErrShape},
		"negative":   {Array{Shape: []int{-1, -2}, Data: two}, ErrShape},
		"overflow":   {Array{Shape: []int{math.MaxInt, 3}, Data: two}, ErrShape},
		"dimensions": {Array{Shape: make([]int, maxDims+1)}, ErrShape},
		"dtype":      {Array{Shape: []int{2}, Data: two, DType: "<i4"}, ErrDType},
		"range":      {Array{Shape: []int{1}, Data: []float64{1e39}, DType: Float32}, ErrRange},
	} {
		var out bytes.Buffer
		if err := Write(&out, &c.a); !errors.Is(err, c.want) || out.Len() != 0 {
			t.Errorf("%s: got %v and %d bytes, want %v", name, err, out.Len(), c.want)
		}
	}
}
