package field_test

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"

	"chorus/pkg/secagg/field"
)

//go:embed testdata/vectors.json
var vectorsJSON []byte

type vectors struct {
	Cases []struct {
		WideA      string `json:"wide_a"`
		WideB      string `json:"wide_b"`
		A          string `json:"a"`
		B          string `json:"b"`
		Sum        string `json:"sum"`
		Difference string `json:"difference"`
		Product    string `json:"product"`
		Negative   string `json:"negative"`
		Inverse    string `json:"inverse"`
	} `json:"cases"`
	NotCanonical []string    `json:"not_canonical"`
	Int64        [][2]string `json:"int64"`
}

func load(t *testing.T) (v vectors) {
	if err := json.Unmarshal(vectorsJSON, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func unhex(t *testing.T, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func is(t *testing.T, what, want string, got field.Element) {
	t.Helper()
	if b := got.Bytes(); hex.EncodeToString(b[:]) != want {
		t.Errorf("%s: %x, want %s", what, b, want)
	}
}

// TestVectors checks against testdata/vectors.py, which shares nothing with
// the code under test.
func TestVectors(t *testing.T) {
	v := load(t)
	if len(v.Cases) != 145 {
		t.Fatalf("%d cases", len(v.Cases))
	}
	for _, c := range v.Cases {
		a := field.FromUniform([64]byte(unhex(t, c.WideA)))
		b := field.FromUniform([64]byte(unhex(t, c.WideB)))
		is(t, "a", c.A, a)
		is(t, "b", c.B, b)
		is(t, "a+b", c.Sum, field.Add(a, b))
		is(t, "a-b", c.Difference, field.Sub(a, b))
		is(t, "ab", c.Product, field.Mul(a, b))
		is(t, "-a", c.Negative, field.Neg(a))
		is(t, "1/a", c.Inverse, field.Invert(a))
	}
	for _, c := range v.Int64 {
		n, err := strconv.ParseInt(c[0], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		is(t, c[0], c[1], field.FromInt64(n))
	}
}

func TestRefusesNonCanonical(t *testing.T) {
	for _, s := range load(t).NotCanonical {
		if _, err := field.FromBytes(unhex(t, s)); !errors.Is(err, field.ErrNotCanonical) {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, n := range []int{0, 31, 33, 64} {
		if _, err := field.FromBytes(make([]byte, n)); !errors.Is(err, field.ErrNotCanonical) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// TestRedacts prints a secret in every way the standard library offers.
func TestRedacts(t *testing.T) {
	e := field.FromUint64(0xdecafbad)
	holder := struct{ Key field.Element }{e}
	var out strings.Builder
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "key", e, "pointer", &e)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%o", "%t", "%e"} {
		for _, v := range []any{e, &e, holder, &holder, []field.Element{e}, map[string]field.Element{"k": e}} {
			line := fmt.Sprintf(verb, v)
			if !strings.Contains(line, "field.Element(redacted)") {
				t.Errorf("%s of %T lacks the marker", verb, v)
			}
			out.WriteString(line)
		}
	}
	_, _ = fmt.Fprint(&out, e)
	for _, leak := range []string{"decafbad", "DECAFBAD", "3737844653", "adfbcade"} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("the value leaks as %s", leak)
		}
	}
}
