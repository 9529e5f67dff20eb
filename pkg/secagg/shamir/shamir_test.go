package shamir_test

import (
	"crypto/rand"
	"errors"
	"math/bits"
	"strings"
	"testing"

	"chorus/pkg/secagg/field"
	"chorus/pkg/secagg/shamir"

	"pgregory.net/rapid"
)

func positions(n int) []uint32 {
	xs := make([]uint32, n)
	for i := range xs {
		xs[i] = uint32(i + 1)
	}
	return xs
}

func split(t testing.TB, secret field.Element, th int, xs []uint32) []shamir.Share {
	shares, err := shamir.Split(secret, th, xs, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return shares
}

// TestEverySubset tries every threshold and every subset for n up to 7: t or
// more shares recover; fewer do not, but for a chance of 2^-252 per subset.
func TestEverySubset(t *testing.T) {
	secret := field.FromInt64(-42)
	for n := 1; n <= 7; n++ {
		for th := 1; th <= n; th++ {
			shares := split(t, secret, th, positions(n))
			for set := uint(1); set < 1<<n; set++ {
				got, err := shamir.Combine(pick(shares, members(set)))
				if err != nil {
					t.Fatal(err)
				}
				if want := bits.OnesCount(set) >= th; field.Equal(got, secret) != want {
					t.Fatalf("t = %d, subset %b: recovered is %v", th, set, !want)
				}
			}
		}
	}
}

func members(set uint) (out []int) {
	for ; set != 0; set &= set - 1 {
		out = append(out, bits.TrailingZeros(set))
	}
	return out
}

func TestAnyThresholdRecovers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		xs := rapid.SliceOfNDistinct(rapid.Uint32Min(1), 1, 40, rapid.ID[uint32]).Draw(rt, "xs")
		th := rapid.IntRange(1, len(xs)).Draw(rt, "t")
		secret := field.FromInt64(rapid.Int64().Draw(rt, "secret"))
		shares := split(t, secret, th, xs)
		order := rapid.Permutation(shares).Draw(rt, "order")
		m := rapid.IntRange(th, len(xs)).Draw(rt, "answers")
		if got, err := shamir.Combine(order[:m]); err != nil || !field.Equal(got, secret) {
			rt.Fatalf("not recovered from %d of %d, error %v", m, len(xs), err)
		}
	})
}

// TestSharesAdd: shares of many dealers added point by point share the sum.
func TestSharesAdd(t *testing.T) {
	xs := positions(5)
	sums, want := make([]field.Element, 5), field.Element{}
	for i := range 10 {
		secret := field.FromUint64(uint64(i) << 40)
		want = field.Add(want, secret)
		for j, s := range split(t, secret, 3, xs) {
			sums[j] = field.Add(sums[j], s.Y)
		}
	}
	b, err := shamir.NewBasis(xs[1:4])
	if err != nil {
		t.Fatal(err)
	}
	if !field.Equal(combine(t, b, sums[1:4]), want) {
		t.Fatal("the sum of shares is not a share of the sum")
	}
}

func TestRefusals(t *testing.T) {
	three := []uint32{1, 2, 3}
	for _, c := range []struct {
		name string
		t    int
		xs   []uint32
		want error
	}{
		{"t is 0", 0, three, shamir.ErrThreshold},
		{"t is negative", -1, three, shamir.ErrThreshold},
		{"t above n", 4, three, shamir.ErrThreshold},
		{"no holders", 1, nil, shamir.ErrThreshold},
		{"a holder at 0", 2, []uint32{1, 0, 2}, shamir.ErrPoint},
		{"a repeated holder", 2, []uint32{2, 1, 2}, shamir.ErrPoint},
	} {
		shares, err := shamir.Split(field.Element{}, c.t, c.xs, rand.Reader)
		if !errors.Is(err, c.want) || shares != nil {
			t.Errorf("%s: %v, error %v", c.name, shares, err)
		}
	}
	for _, xs := range [][]uint32{nil, {}, {0}, {3, 0}, {7, 8, 7}} {
		if _, err := shamir.NewBasis(xs); !errors.Is(err, shamir.ErrPoint) {
			t.Errorf("basis %v: %v", xs, err)
		}
	}
	if _, err := shamir.Combine(nil); !errors.Is(err, shamir.ErrPoint) {
		t.Errorf("no shares: %v", err)
	}
	b, err := shamir.NewBasis(three)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 2, 4} {
		if _, err := b.Combine(make([]field.Element, n)); !errors.Is(err, shamir.ErrLength) {
			t.Errorf("%d values: %v", n, err)
		}
	}
	_, err = shamir.Split(field.Element{}, 2, three, strings.NewReader("short"))
	if !errors.Is(err, field.ErrRandomness) {
		t.Errorf("a source that ends: %v", err)
	}
}
