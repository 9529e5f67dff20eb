package npy

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"testing"
)

// A vector is an entry of the manifest that testdata/generate.py writes.
type vector struct {
	Name      string
	Shape     []int
	DType     string
	Bits      string
	Canonical bool
	Refused   string
}

func vectors(t testing.TB) []vector {
	t.Helper()
	var vs []vector
	if err := json.Unmarshal(readTestdata(t, "manifest.json"), &vs); err != nil {
		t.Fatal(err)
	}
	if len(vs) == 0 {
		t.Fatal("empty manifest")
	}
	return vs
}

func readTestdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bitsOf prints values as the manifest does, so NaNs and signed zeros compare.
func bitsOf(data []float64) string {
	var b []byte
	for _, v := range data {
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(v))
	}
	return hex.EncodeToString(b)
}

func TestNumPyVectors(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			file := readTestdata(t, v.Name+".npy")
			a, err := Read(bytes.NewReader(file), 1000)
			if v.Refused != "" {
				if !errors.Is(err, ErrDType) {
					t.Fatalf("got %v, want ErrDType", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(a.Shape, v.Shape) || a.DType != v.DType || bitsOf(a.Data) != v.Bits {
				t.Fatalf("read %+v, want %+v", a, v)
			}
			checkWritten(t, a, file, v.Canonical)
		})
	}
}

// checkWritten requires the exact numpy bytes of a canonical file, and of any
// other a file that reads back as the same array.
func checkWritten(t *testing.T, a *Array, file []byte, canonical bool) {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, a); err != nil {
		t.Fatal(err)
	}
	if canonical && !bytes.Equal(out.Bytes(), file) {
		t.Fatalf("wrote\n%q\nnumpy wrote\n%q", out.Bytes(), file)
	}
	requireSame(t, a, &out)
}

// TestEveryTruncation cuts each good vector at every length.
func TestEveryTruncation(t *testing.T) {
	for _, v := range vectors(t) {
		if v.Refused != "" {
			continue
		}
		file := readTestdata(t, v.Name+".npy")
		for n := range file {
			if _, err := Read(bytes.NewReader(file[:n]), 1000); !errors.Is(err, ErrTruncated) {
				t.Fatalf("%s cut to %d bytes: %v", v.Name, n, err)
			}
		}
		if _, err := Read(bytes.NewReader(append(file, 0)), 1000); !errors.Is(err, ErrTrailing) {
			t.Fatalf("%s with a byte more: %v", v.Name, err)
		}
	}
}
