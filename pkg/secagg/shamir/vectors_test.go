package shamir_test

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"testing"

	"chorus/pkg/secagg/field"
	"chorus/pkg/secagg/shamir"
)

//go:embed testdata/vectors.json
var vectorsJSON []byte

func unhex(t *testing.T, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func element(t *testing.T, s string) field.Element {
	e, err := field.FromBytes(unhex(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestVectors checks against testdata/vectors.py, which shares nothing with
// the code under test. Combine of a unit vector is a Lagrange coefficient.
func TestVectors(t *testing.T) {
	var cases []struct {
		Secret string   `json:"secret"`
		T      int      `json:"t"`
		Xs     []uint32 `json:"xs"`
		Rand   string   `json:"rand"`
		Ys     []string `json:"ys"`
		Keep   []int    `json:"keep"`
		Lambda []string `json:"lambda"`
	}
	if err := json.Unmarshal(vectorsJSON, &cases); err != nil || len(cases) != 7 {
		t.Fatalf("%d cases, error %v", len(cases), err)
	}
	for _, c := range cases {
		secret := element(t, c.Secret)
		tape := bytes.NewReader(unhex(t, c.Rand))
		shares, err := shamir.Split(secret, c.T, c.Xs, tape)
		if err != nil || tape.Len() != 0 {
			t.Fatalf("%d bytes left, error %v", tape.Len(), err)
		}
		for i, s := range shares {
			if s.X != c.Xs[i] || !field.Equal(s.Y, element(t, c.Ys[i])) {
				t.Errorf("%d of %d: share %d differs", c.T, len(c.Xs), i)
			}
		}
		kept := pick(shares, c.Keep)
		for i := range kept {
			unit := make([]field.Element, len(kept))
			unit[i] = field.FromUint64(1)
			if !field.Equal(combine(t, basis(t, kept), unit), element(t, c.Lambda[i])) {
				t.Errorf("%d of %d: Lagrange coefficient %d differs", c.T, len(c.Xs), i)
			}
		}
		if got, err := shamir.Combine(kept); err != nil || !field.Equal(got, secret) {
			t.Errorf("%d of %d: not recovered, error %v", c.T, len(c.Xs), err)
		}
	}
}

func pick(shares []shamir.Share, keep []int) []shamir.Share {
	out := make([]shamir.Share, 0, len(keep))
	for _, i := range keep {
		out = append(out, shares[i])
	}
	return out
}

func basis(t *testing.T, shares []shamir.Share) *shamir.Basis {
	xs := make([]uint32, 0, len(shares))
	for _, s := range shares {
		xs = append(xs, s.X)
	}
	b, err := shamir.NewBasis(xs)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func combine(t *testing.T, b *shamir.Basis, ys []field.Element) field.Element {
	e, err := b.Combine(ys)
	if err != nil {
		t.Fatal(err)
	}
	return e
}
