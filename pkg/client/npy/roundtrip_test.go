package npy

import (
	"bytes"
	"io"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// requireSame reads r and requires a back, bit for bit.
func requireSame(t rapid.TB, a *Array, r io.Reader) {
	t.Helper()
	b, err := Read(r, len(a.Data))
	if err != nil {
		t.Fatalf("re-read: %v", err)
	}
	if !slices.Equal(a.Shape, b.Shape) || a.DType != b.DType || bitsOf(a.Data) != bitsOf(b.Data) {
		t.Fatalf("re-read %+v, want %+v", b, a)
	}
}

func drawArray(t *rapid.T) *Array {
	shape := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 4).Draw(t, "shape")
	n, err := count(shape, math.MaxInt)
	if err != nil {
		t.Fatal(err)
	}
	a := &Array{Shape: shape, Data: make([]float64, n), DType: Float64}
	if rapid.Bool().Draw(t, "float32") {
		a.DType = Float32
	}
	for i := range a.Data {
		if a.DType == Float32 {
			a.Data[i] = float64(rapid.Float32().Draw(t, "value"))
		} else {
			a.Data[i] = rapid.Float64().Draw(t, "value")
		}
	}
	return a
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawArray(t)
		var out bytes.Buffer
		if err := Write(&out, a); err != nil {
			t.Fatal(err)
		}
		if start := out.Len() - len(a.Data)*(int(a.DType[2]-'0')); start%alignment != 0 {
			t.Fatalf("data starts at %d", start)
		}
		requireSame(t, a, &out)
	})
}

// TestRowMajor checks the odometer against index arithmetic on 3 dimensions.
func TestRowMajor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dim := rapid.IntRange(1, 5)
		p, q, r := dim.Draw(t, "p"), dim.Draw(t, "q"), dim.Draw(t, "r")
		in := make([]float64, p*q*r)
		for i := range in {
			in[i] = float64(i)
		}
		out := rowMajor(in, []int{p, q, r})
		for i, v := range out {
			x, y, z := i/(q*r), i/r%q, i%r
			if want := float64(x + p*y + p*q*z); v != want {
				t.Fatalf("(%d,%d,%d): %v, want %v", x, y, z, v, want)
			}
		}
	})
}

// TestChunks crosses the chunk boundary in both directions.
func TestChunks(t *testing.T) {
	for _, n := range []int{chunk - 1, chunk, chunk + 1, 5*chunk + 3} {
		a := &Array{Shape: []int{n}, Data: make([]float64, n), DType: Float64}
		for i := range a.Data {
			a.Data[i] = float64(i)
		}
		var out bytes.Buffer
		if err := Write(&out, a); err != nil {
			t.Fatal(err)
		}
		requireSame(t, a, &out)
	}
}

func FuzzRead(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(readTestdata(f, v.Name+".npy"))
	}
	f.Add(file(1, "{'shape':(2L,),\"descr\":'<f4','fortran_order':True}", 8))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Read(bytes.NewReader(b), 1<<16)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := Write(&out, a); err != nil {
			t.Fatalf("accepted file does not re-encode: %v", err)
		}
		requireSame(t, a, &out)
	})
}
