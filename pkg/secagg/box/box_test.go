package box

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"chorus/pkg/secagg/kdf"

	"pgregory.net/rapid"
)

var context = kdf.Context{Ctx: [32]byte{1}, SetupRoot: [32]byte{2}, Sender: "alice", Receiver: "bob", Purpose: "share"}

func newKey(t testing.TB, b byte) *PrivateKey {
	k, err := NewPrivateKey([SeedSize]byte{b})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func seal(t testing.TB, k *PrivateKey, plaintext []byte) []byte {
	b, err := Seal(k.PublicKey(), context, plaintext)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPublishedVector covers the whole suite: key from seed, KEM, key schedule
// and AEAD (source in the file).
func TestPublishedVector(t *testing.T) {
	raw, err := os.ReadFile("testdata/xwing.json")
	if err != nil {
		t.Fatal(err)
	}
	var text map[string]string
	if err := json.Unmarshal(raw, &text); err != nil {
		t.Fatal(err)
	}
	v := map[string][]byte{}
	for _, name := range []string{"seed", "public", "info", "enc", "aad", "ct", "pt"} {
		if v[name], err = hex.DecodeString(text[name]); err != nil || len(v[name]) == 0 {
			t.Fatal(name, err)
		}
	}
	k, err := NewPrivateKey([SeedSize]byte(v["seed"]))
	if err != nil || !bytes.Equal(k.PublicKey(), v["public"]) {
		t.Fatal("public key", err)
	}
	got, err := k.open(v["info"], v["aad"], append(v["enc"], v["ct"]...))
	if err != nil || !bytes.Equal(got, v["pt"]) {
		t.Fatalf("%x %v", got, err)
	}
}

func TestRoundTrip(t *testing.T) {
	k := newKey(t, 3)
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "plaintext")
		b, err := Seal(k.PublicKey(), context, want)
		if err != nil || len(b) != len(want)+Overhead {
			t.Fatal(len(b), err)
		}
		if got, err := k.Open(context, b); err != nil || !bytes.Equal(got, want) {
			t.Fatal(got, err)
		}
	})
}

func TestOpenRefusesOtherContexts(t *testing.T) {
	k := newKey(t, 3)
	b := seal(t, k, []byte("a share"))
	edits := map[string]func(*kdf.Context){
		"ctx":       func(c *kdf.Context) { c.Ctx[31] = 1 },
		"root":      func(c *kdf.Context) { c.SetupRoot[0] = 0 },
		"swapped":   func(c *kdf.Context) { c.Ctx, c.SetupRoot = c.SetupRoot, c.Ctx },
		"sender":    func(c *kdf.Context) { c.Sender = "carol" },
		"receiver":  func(c *kdf.Context) { c.Receiver = "bo" },
		"purpose":   func(c *kdf.Context) { c.Purpose = "" },
		"reflected": func(c *kdf.Context) { c.Sender, c.Receiver = c.Receiver, c.Sender },
		"moved":     func(c *kdf.Context) { c.Receiver, c.Purpose = "bobs", "hare" },
	}
	for name, edit := range edits {
		c := context
		edit(&c)
		if _, err := k.Open(c, b); err != ErrOpen {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := newKey(t, 4).Open(context, b); err != ErrOpen {
		t.Error("another key:", err)
	}
	if _, err := k.Open(context, b); err != nil {
		t.Error("control:", err)
	}
	info := context.Info()
	if _, err := k.open(info, nil, b); err != ErrOpen {
		t.Error("the AAD is not bound:", err)
	}
	if _, err := k.open(nil, info, b); err != ErrOpen {
		t.Error("the info is not bound:", err)
	}
}

// The X25519 key's top bit is masked by RFC 7748, but X-Wing hashes the bytes as
// sent, so a flip there is noticed as well.
func TestOpenRefusesEveryFlippedByte(t *testing.T) {
	k := newKey(t, 3)
	b := seal(t, k, []byte("a share"))
	for i := range b {
		b[i] ^= 0x80
		if _, err := k.Open(context, b); err != ErrOpen {
			t.Fatalf("byte %d: %v", i, err)
		}
		b[i] ^= 0x80
	}
	for _, n := range []int{0, 1, encSize, Overhead - 1, len(b) - 1} {
		if _, err := k.Open(context, b[:n]); err != ErrOpen {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if _, err := k.Open(context, append(b, 0)); err != ErrOpen {
		t.Error("longer:", err)
	}
}

func TestSealRefuses(t *testing.T) {
	pub := newKey(t, 3).PublicKey()
	lowOrder := append(bytes.Clone(pub[:PublicKeySize-32]), make([]byte, 32)...)
	// FIPS 203, section 7.2: a coefficient >= q = 3329 is no encapsulation key.
	notReduced := append([]byte{0xff, 0xff}, pub[2:]...)
	for name, bad := range map[string][]byte{
		"empty": nil, "short": pub[1:], "long": append(bytes.Clone(pub), 0), "low order": lowOrder, "not reduced": notReduced,
	} {
		if _, err := Seal(bad, context, nil); !errors.Is(err, ErrPublicKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSealIsRandomized(t *testing.T) {
	k := newKey(t, 3)
	if bytes.Equal(seal(t, k, []byte("x")), seal(t, k, []byte("x"))) {
		t.Error("two boxes are equal")
	}
	if !bytes.Equal(newKey(t, 3).PublicKey(), k.PublicKey()) || len(k.PublicKey()) != PublicKeySize {
		t.Error("the key is not a function of its seed")
	}
}

func TestPrivateKeyRedacts(t *testing.T) {
	k := newKey(t, 0xab)
	seed, err := k.key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	outer := struct {
		P *PrivateKey
		V PrivateKey
	}{k, *k}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("m", "key", k, "outer", outer)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("m", "key", *k, "outer", outer)
	out := []string{logged.String(), k.String(), k.GoString()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		out = append(out, fmt.Sprintf(verb, k), fmt.Sprintf(verb, *k), fmt.Sprintf(verb, outer.V))
	}
	for _, text := range out {
		if !strings.Contains(text, redacted) || strings.Contains(text, hex.EncodeToString(seed[:2])) {
			t.Errorf("leaks: %s", text)
		}
	}
}

func FuzzOpen(f *testing.F) {
	k := newKey(f, 3)
	f.Add(seal(f, k, []byte("a share")))
	f.Add([]byte{})
	f.Add(make([]byte, Overhead))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := k.Open(context, b); err != nil && err != ErrOpen || err == nil && len(got) != len(b)-Overhead {
			t.Fatal(got, err)
		}
	})
}

func FuzzSeal(f *testing.F) {
	f.Add(newKey(f, 3).PublicKey())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, pub []byte) {
		if _, err := Seal(pub, context, []byte("x")); err != nil && !errors.Is(err, ErrPublicKey) {
			t.Fatal(err)
		}
	})
}

func BenchmarkSeal128(b *testing.B) {
	pub, m := newKey(b, 3).PublicKey(), make([]byte, 128)
	for b.Loop() {
		_, _ = Seal(pub, context, m)
	}
}

func BenchmarkOpen128(b *testing.B) {
	k := newKey(b, 3)
	sealed := seal(b, k, make([]byte, 128))
	for b.Loop() {
		_, _ = k.Open(context, sealed)
	}
}
