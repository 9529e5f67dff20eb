package commit

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"math/big"
	"slices"
	"testing"

	"filippo.io/edwards25519"
	fe "filippo.io/edwards25519/field"

	"chorus/pkg/secagg/field"

	"pgregory.net/rapid"
)

// RFC 9496, section 4.1.
func TestConstants(t *testing.T) {
	for decimal, e := range map[string]*fe.Element{
		"37095705934669439343138083508754565189542113879843219016388785533085940283555": d,
		"19681161376707505956807079304988542015446066515923890162744021073123829784752": sqrtM1,
		"25063068953384623474111414158702152701244531502492656460079210482610430750235": sqrtADMinusOne,
		"54469307008909316920995813868745141605393597292927456921205312896311721017578": invSqrtAMinusD,
		"1159843021668779879193775521855586647937357759715417654439879720876111806838":  oneMinusDSq,
		"40440834346308536858101042469323190826248399146238708352240133220865137265952": dMinusOneSq,
	} {
		n, _ := new(big.Int).SetString(decimal, 10)
		b := n.FillBytes(make([]byte, 32))
		slices.Reverse(b)
		if !bytes.Equal(b, e.Bytes()) {
			t.Errorf("%s: %x", decimal, e.Bytes())
		}
	}
}

func TestSmallMultiples(t *testing.T) {
	sum := Point{}
	for i, s := range smallMultiples {
		p, err := ParsePoint(unhex(t, s))
		if err != nil || !p.Equal(sum) || !p.Equal(Generator().Mul(field.FromUint64(uint64(i)))) {
			t.Fatalf("%d: %v", i, err)
		}
		if got := sum.Bytes(); hex.EncodeToString(got[:]) != s {
			t.Errorf("%d: %x", i, got)
		}
		if i > 0 && p.Equal(Point{}) {
			t.Errorf("%d: equals the identity", i)
		}
		sum = sum.Add(Generator())
	}
}

func TestBadEncodings(t *testing.T) {
	for _, s := range append(badEncodings, "", "00", smallMultiples[1]+"00", smallMultiples[1][2:]) {
		if _, err := ParsePoint(unhex(t, s)); !errors.Is(err, ErrPoint) {
			t.Errorf("%s: %v", s, err)
		}
	}
	b := unhex(t, smallMultiples[1])
	b[31] |= 0x80
	if _, err := ParsePoint(b); !errors.Is(err, ErrPoint) {
		t.Error("the top bit is ignored")
	}
}

func TestOneWayMap(t *testing.T) {
	check := func(in [64]byte, want string) {
		t.Helper()
		if got := FromUniform(in).Bytes(); hex.EncodeToString(got[:]) != want {
			t.Errorf("%x, want %s", got, want)
		}
	}
	for _, v := range hashed {
		check(sha512.Sum512([]byte(v.text)), v.point)
	}
	for _, s := range equivalent {
		check([64]byte(unhex(t, s)), equivalentPoint)
	}
}

func drawPoint(t *rapid.T, name string) Point {
	var b [64]byte
	copy(b[:], rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(t, name))
	return FromUniform(b)
}

// torsion is a point of order 4, (sqrt(-1), 0): it represents the identity.
func torsion(t testing.TB) *edwards25519.Point {
	p, err := new(edwards25519.Point).SetExtendedCoordinates(sqrtM1, new(fe.Element), one, new(fe.Element))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestQuotientGroup(t *testing.T) {
	tor := torsion(t)
	rapid.Check(t, func(t *rapid.T) {
		p := drawPoint(t, "p")
		want, q := p.Bytes(), p
		for range 4 {
			q = Point{new(edwards25519.Point).Add(q.edwards(), tor)}
			if got := q.Bytes(); got != want || !q.Equal(p) {
				t.Fatalf("%x and %x", got, want)
			}
		}
		back, err := ParsePoint(want[:])
		if err != nil || !back.Equal(p) || p.Equal(p.Add(Generator())) {
			t.Fatal(err)
		}
	})
}

func TestPointArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := drawPoint(t, "p"), drawPoint(t, "q")
		if !p.Add(q).Sub(q).Equal(p) || !Sum([]Point{p, q, p}).Equal(q.Add(p).Add(p)) {
			t.Fatal("sums")
		}
		if !p.Mul(field.FromInt64(-3)).Equal(Point{}.Sub(p).Sub(p).Sub(p)) || !Sum(nil).Equal(Point{}) {
			t.Fatal("multiples")
		}
	})
}

func FuzzParsePoint(f *testing.F) {
	for _, s := range append(smallMultiples, badEncodings...) {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePoint(b)
		if err != nil {
			if !errors.Is(err, ErrPoint) {
				t.Fatal(err)
			}
			return
		}
		if got := p.Bytes(); !bytes.Equal(got[:], b) {
			t.Fatalf("%x re-encodes to %x", b, got)
		}
	})
}
