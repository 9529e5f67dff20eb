package kdf

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"pgregory.net/rapid"
)

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

type vector struct {
	Ctx, Root, Secret, Info, Key, Stream, Public, Peer, Pair hexBytes
	Sender, Receiver, Purpose                                string
}

func (v vector) context() Context {
	return Context{[32]byte(v.Ctx), [32]byte(v.Root), v.Sender, v.Receiver, v.Purpose}
}

// vectors reads what testdata/vectors.py made without our code.
func vectors(t testing.TB) (vs []vector) {
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &vs); err != nil || len(vs) == 0 {
		t.Fatal(len(vs), err)
	}
	return vs
}

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func span(from, to int) (b []byte) {
	for i := from; i <= to; i++ {
		b = append(b, byte(i))
	}
	return b
}

// RFC 5869, appendix A.1 to A.3.
func TestRFC5869(t *testing.T) {
	for _, v := range []struct {
		secret, salt, info []byte
		want               string
	}{
		{bytes.Repeat([]byte{0x0b}, 22), span(0, 12), span(0xf0, 0xf9),
			"3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
		{span(0, 0x4f), span(0x60, 0xaf), span(0xb0, 0xff),
			"b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09" +
				"da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
		{bytes.Repeat([]byte{0x0b}, 22), nil, nil,
			"8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
	} {
		want := unhex(t, v.want)
		if got := derive(v.secret, v.salt, v.info, len(want)); !bytes.Equal(got, want) {
			t.Errorf("%x, want %s", got, v.want)
		}
	}
}

func TestKeyVectors(t *testing.T) {
	for i, v := range vectors(t) {
		c := v.context()
		if !bytes.Equal(c.Info(), v.Info) {
			t.Errorf("%d: info %x", i, c.Info())
		}
		if got := Key(v.Secret, c, len(v.Key)); !bytes.Equal(got, v.Key) {
			t.Errorf("%d: key %x", i, got)
		}
	}
}

func drawContext(t *rapid.T, name string) (c Context) {
	small := rapid.StringOfN(rapid.SampledFrom([]rune("a\x00b\x01")), 0, 3, -1)
	copy(c.Ctx[:], rapid.SliceOfN(rapid.ByteRange(0, 1), 1, 1).Draw(t, name+"ctx"))
	copy(c.SetupRoot[:], rapid.SliceOfN(rapid.ByteRange(0, 1), 1, 1).Draw(t, name+"root"))
	c.Sender, c.Receiver, c.Purpose = small.Draw(t, name+"s"), small.Draw(t, name+"r"), small.Draw(t, name+"p")
	return c
}

func TestInfoInjective(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawContext(t, "a"), drawContext(t, "b")
		if (a == b) != bytes.Equal(a.Info(), b.Info()) {
			t.Fatalf("%+v and %+v", a, b)
		}
		if a != b && bytes.HasPrefix(a.Info(), b.Info()) {
			t.Fatalf("%+v is a prefix of %+v", b, a)
		}
	})
}

// edits changes each field of a context once, also by moving bytes across fields.
func edits(c Context) []Context {
	out := make([]Context, 8)
	for i := range out {
		out[i] = c
	}
	out[0].Ctx[31] ^= 1
	out[1].SetupRoot[0] ^= 128
	out[2].Sender += "\x00"
	out[3].Receiver += "x"
	out[4].Purpose += "x"
	out[5].Purpose = ""
	out[6].Receiver, out[6].Purpose = c.Receiver+c.Purpose[:1], c.Purpose[1:]
	out[7].Ctx, out[7].SetupRoot = c.SetupRoot, c.Ctx
	return out
}

func TestKeySeparation(t *testing.T) {
	c := Context{Ctx: [32]byte{1}, Sender: "alice", Receiver: "bob", Purpose: "mask"}
	secret := bytes.Repeat([]byte{7}, 32)
	base := Key(secret, c, 32)
	for i, e := range edits(c) {
		if bytes.Equal(Key(secret, e, 32), base) {
			t.Errorf("edit %d does not reach the key", i)
		}
	}
	if bytes.Equal(Key(secret[1:], c, 32), base) {
		t.Error("the secret does not reach the key")
	}
	for _, tag := range []string{"stream", "x25519", "pairwise"} {
		if bytes.Equal(sub(secret, c, tag, 32), base) {
			t.Errorf("%s meets Key", tag)
		}
	}
}

func TestKeyBounds(t *testing.T) {
	if got := len(Key([]byte{1}, Context{}, MaxKey)); got != MaxKey {
		t.Error(got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a constant above MaxKey must not pass silently")
		}
	}()
	Key([]byte{1}, Context{}, MaxKey+1)
}

func BenchmarkKey32(b *testing.B) {
	c := Context{Sender: "alice", Receiver: "bob", Purpose: "mask"}
	secret := make([]byte, 32)
	for b.Loop() {
		Key(secret, c, 32)
	}
}
