package field_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/big"
	"slices"
	"testing"

	"chorus/pkg/secagg/field"

	"filippo.io/edwards25519"
	"pgregory.net/rapid"
)

var order, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

// toBig reads e through its canonical bytes, the one door out of the field.
func toBig(e field.Element) *big.Int {
	b := e.Bytes()
	slices.Reverse(b[:])
	return new(big.Int).SetBytes(b[:])
}

func fromBig(v *big.Int) field.Element {
	var b [32]byte
	new(big.Int).Mod(v, order).FillBytes(b[:])
	slices.Reverse(b[:])
	e, err := field.FromBytes(b[:])
	if err != nil {
		panic(err)
	}
	return e
}

func element() *rapid.Generator[field.Element] {
	corner := rapid.SampledFrom(corners())
	wide := rapid.Custom(func(t *rapid.T) field.Element {
		b := rapid.SliceOfN(rapid.Byte(), 64, 64).Draw(t, "wide")
		return field.FromUniform([64]byte(b))
	})
	return rapid.OneOf(wide, wide, corner)
}

// corners are the values where a limb, a borrow or the reduction turns over.
func corners() []field.Element {
	out := []field.Element{{}}
	for _, shift := range []uint{0, 1, 63, 64, 127, 128, 191, 192, 251, 252} {
		for _, d := range []int64{-1, 0, 1} {
			v := new(big.Int).Lsh(big.NewInt(1), shift)
			e := fromBig(v.Add(v, big.NewInt(d)))
			out = append(out, e, field.Neg(e))
		}
	}
	return out
}

// checkPair compares every operation on (a, b) with math/big.
func checkPair(t interface{ Fatalf(string, ...any) }, a, b field.Element) {
	x, y := toBig(a), toBig(b)
	is := func(op string, got field.Element, want *big.Int) {
		if want.Mod(want, order); toBig(got).Cmp(want) != 0 {
			t.Fatalf("%s of %v and %v is %v, want %v", op, x, y, toBig(got), want)
		}
	}
	is("Add", field.Add(a, b), new(big.Int).Add(x, y))
	is("Sub", field.Sub(a, b), new(big.Int).Sub(x, y))
	is("Mul", field.Mul(a, b), new(big.Int).Mul(x, y))
	is("MulAdd", field.MulAdd(a, b, a), new(big.Int).Add(new(big.Int).Mul(x, y), x))
	is("Neg", field.Neg(a), new(big.Int).Neg(x))
	is("Invert", field.Invert(a), new(big.Int).Exp(x, new(big.Int).Sub(order, big.NewInt(2)), order))
	if field.Equal(a, b) != (x.Cmp(y) == 0) || (a == b) != field.Equal(a, b) {
		t.Fatalf("Equal(%v, %v) is wrong", x, y)
	}
	if a.IsZero() != (x.Sign() == 0) {
		t.Fatalf("IsZero(%v) is wrong", x)
	}
}

func TestCornersAgainstBig(t *testing.T) {
	cs := corners()
	for _, a := range cs {
		for _, b := range cs {
			checkPair(t, a, b)
		}
	}
}

func TestArithmeticAgainstBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkPair(t, element().Draw(t, "a"), element().Draw(t, "b"))
	})
}

func TestIntegersAgainstBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u, i := rapid.Uint64().Draw(t, "u"), rapid.Int64().Draw(t, "i")
		if toBig(field.FromUint64(u)).Cmp(new(big.Int).SetUint64(u)) != 0 {
			t.Fatalf("FromUint64(%d)", u)
		}
		want := new(big.Int).Mod(big.NewInt(i), order)
		if toBig(field.FromInt64(i)).Cmp(want) != 0 {
			t.Fatalf("FromInt64(%d)", i)
		}
	})
	if !field.Equal(field.FromInt64(math.MinInt64), field.Neg(field.FromUint64(1<<63))) {
		t.Fatal("FromInt64 of the smallest integer")
	}
}

func TestInvertAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		es := rapid.SliceOfN(element(), 0, 9).Draw(t, "es")
		got := slices.Clone(es)
		field.InvertAll(got)
		for i, e := range es {
			if !field.Equal(got[i], field.Invert(e)) {
				t.Fatalf("element %d differs from Invert", i)
			}
		}
	})
}

func TestScalarIsACopy(t *testing.T) {
	e := field.FromUint64(7)
	s := e.Scalar()
	s.Add(s, s)
	if !field.Equal(e, field.FromUint64(7)) {
		t.Fatal("changing the scalar changed the element")
	}
	if !field.Equal(field.FromScalar(s), field.FromUint64(14)) {
		t.Fatal("FromScalar(Scalar()) is not the identity")
	}
	if !field.FromScalar(edwards25519.NewScalar()).IsZero() {
		t.Fatal("the zero scalar is not the zero element")
	}
}

func TestRandomReadsOneWideBlock(t *testing.T) {
	src := bytes.NewReader(bytes.Repeat([]byte{0xff}, 100))
	e, err := field.Random(src)
	if err != nil || src.Len() != 36 {
		t.Fatalf("%d bytes left, error %v", src.Len(), err)
	}
	want := new(big.Int).Lsh(big.NewInt(1), 512)
	want.Sub(want, big.NewInt(1)).Mod(want, order)
	if toBig(e).Cmp(want) != 0 {
		t.Fatal("Random is not the wide reduction")
	}
	_, err = field.Random(src)
	if !errors.Is(err, field.ErrRandomness) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatalf("a source that ends: %v", err)
	}
}

func FuzzFromBytes(f *testing.F) {
	f.Add(make([]byte, 32))
	f.Add(bytes.Repeat([]byte{0xff}, 32))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := field.FromBytes(b)
		rev := slices.Clone(b)
		slices.Reverse(rev)
		valid := len(b) == 32 && new(big.Int).SetBytes(rev).Cmp(order) < 0
		if (err == nil) != valid || (err != nil && !errors.Is(err, field.ErrNotCanonical)) {
			t.Fatalf("%x: valid is %v, error %v", b, valid, err)
		}
		if out := e.Bytes(); err == nil && !bytes.Equal(out[:], b) {
			t.Fatalf("%x re-encodes to %x", b, out)
		}
	})
}

func BenchmarkMul(b *testing.B) {
	x, y := field.FromInt64(-3), field.FromInt64(-5)
	for b.Loop() {
		x = field.Mul(x, y)
	}
}
