package shamir_test

import (
	"bytes"
	"math/big"
	"math/bits"
	"slices"
	"testing"

	"chorus/pkg/secagg/field"
	"chorus/pkg/secagg/shamir"
)

var order, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

func toBig(e field.Element) *big.Int {
	b := e.Bytes()
	slices.Reverse(b[:])
	return new(big.Int).SetBytes(b[:])
}

// interpolate returns the coefficients of the one polynomial of degree below
// len(xs) through the points, by Newton's divided differences on math/big.
func interpolate(xs, ys []*big.Int) []*big.Int {
	div := slices.Clone(ys)
	for k := 1; k < len(xs); k++ {
		for i := len(xs) - 1; i >= k; i-- {
			den := new(big.Int).Sub(xs[i], xs[i-k])
			num := new(big.Int).Sub(div[i], div[i-1])
			num.Mul(num, den.ModInverse(den.Mod(den, order), order))
			div[i] = num.Mod(num, order)
		}
	}
	coeffs := []*big.Int{}
	for i := len(xs) - 1; i >= 0; i-- { // coeffs = coeffs (x - x_i) + div_i
		next := append([]*big.Int{new(big.Int).Set(div[i])}, coeffs...)
		for j, c := range coeffs {
			next[j].Sub(next[j], new(big.Int).Mul(c, xs[i])).Mod(next[j], order)
		}
		coeffs = next
	}
	return coeffs
}

// tape encodes coefficients as the randomness from which Split draws them.
func tape(coeffs []*big.Int) *bytes.Reader {
	var out []byte
	for _, c := range coeffs {
		var b [field.WideSize]byte
		c.FillBytes(b[:])
		slices.Reverse(b[:])
		out = append(out, b[:]...)
	}
	return bytes.NewReader(out)
}

// TestBelowThresholdTellsNothing shows perfect secrecy on every subset of t-1
// of 5 holders: whatever the secret, exactly one choice of the dealer's
// coefficients explains what the subset saw (interpolation is unique), and
// Split run with these coefficients shows the subset the very same shares.
func TestBelowThresholdTellsNothing(t *testing.T) {
	const n, th = 5, 4
	shares := split(t, field.FromUint64(99), th, positions(n))
	secrets := []field.Element{{}, field.FromUint64(1), field.FromUint64(99), field.FromInt64(-1), field.FromUint64(1 << 60)}
	for set := range uint(1 << n) {
		if bits.OnesCount(set) != th-1 {
			continue
		}
		seen := pick(shares, members(set))
		for _, secret := range secrets {
			xs, ys := []*big.Int{new(big.Int)}, []*big.Int{toBig(secret)}
			for _, s := range seen {
				xs, ys = append(xs, big.NewInt(int64(s.X))), append(ys, toBig(s.Y))
			}
			coeffs := interpolate(xs, ys)
			if len(coeffs) != th || coeffs[0].Cmp(ys[0]) != 0 {
				t.Fatalf("interpolation gives %v", coeffs)
			}
			again, err := shamir.Split(secret, th, positions(n), tape(coeffs[1:]))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(pick(again, members(set)), seen) {
				t.Fatalf("subset %05b excludes a secret", set)
			}
		}
	}
}
