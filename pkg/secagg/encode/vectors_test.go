package encode_test

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"testing"

	"chorus/pkg/secagg/encode"
)

//go:embed testdata/vectors.json
var vectorsJSON []byte

func hexFloat(t *testing.T, s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestVectors checks against testdata/vectors.py, which works in exact
// rationals and takes AES from openssl.
func TestVectors(t *testing.T) {
	var cases []struct {
		Name      string   `json:"name"`
		Bits      int      `json:"bits"`
		Clip      string   `json:"clip"`
		MaxWeight uint32   `json:"max_weight"`
		Roster    int      `json:"roster"`
		Weight    uint32   `json:"weight"`
		U         []string `json:"u"`
		Key       string   `json:"key"`
		X         []int32  `json:"x"`
		Width     int      `json:"width"`
		Bound     uint64   `json:"bound"`
	}
	if err := json.Unmarshal(vectorsJSON, &cases); err != nil || len(cases) != 7 {
		t.Fatalf("%d cases, error %v", len(cases), err)
	}
	for _, c := range cases {
		p := encode.Params{Bits: c.Bits, Clip: hexFloat(t, c.Clip), MaxWeight: c.MaxWeight, Roster: c.Roster, Dim: len(c.U)}
		u := make([]float64, len(c.U))
		for i, s := range c.U {
			u[i] = hexFloat(t, s)
		}
		key, err := hex.DecodeString(c.Key)
		if err != nil {
			t.Fatal(err)
		}
		x, err := p.Encode(u, c.Weight, bytes.NewReader(key))
		if err != nil || !slices.Equal(x, c.X) {
			t.Errorf("%s: %v, error %v, want %v", c.Name, x, err, c.X)
		}
		if p.SlotWidth() != c.Width || p.NormBound(c.Weight) != c.Bound {
			t.Errorf("%s: width %d, bound %d, want %d, %d", c.Name, p.SlotWidth(), p.NormBound(c.Weight), c.Width, c.Bound)
		}
	}
}
