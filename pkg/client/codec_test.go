package client

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

var owner, ctx = wire.Digest{1}, wire.Digest{2}

func sampleAnswer() secagg.Sent {
	return secagg.Sent{Phase: "share-keys", Bind: wire.Digest{3}, Entries: []wire.Entry{
		{Key: wire.Key{Session: "s", Round: 7, Kind: wire.KindSharesPart, Member: "m0", Part: 4}, Body: []byte("box")},
		{Key: wire.Key{Session: "s", Round: 7, Kind: wire.KindShares, Member: "m0"}, Body: []byte("header")}}}
}

func sampleLedger() *ledger {
	return &ledger{Certified: 6, Memory: secagg.Memory{RosterVersion: 2, LastRound: 7, LastCtx: ctx, Certificate: wire.Digest{4},
		Model: wire.Digest{5}, Spent: []secagg.Spent{{Model: wire.Digest{5}, Sets: [][]string{{"m0", "m1"}, {"m2"}}}, {Model: wire.Digest{6}}}}}
}

func TestFilesComeBack(t *testing.T) {
	s := must(decodeAnswer(encodeAnswer(owner, ctx, 3, sampleAnswer()), owner, ctx, 3))
	if !reflect.DeepEqual(s, sampleAnswer()) {
		t.Errorf("%+v", s)
	}
	l := must(decodeLedger(encodeLedger(owner, sampleLedger()), owner))
	if l.saved = nil; !reflect.DeepEqual(l, sampleLedger()) {
		t.Errorf("%+v", l)
	}
	if b := must(decodeSecret(encodeSecret(owner, ctx, []byte("secret")), owner, ctx)); string(b) != "secret" {
		t.Errorf("%q", b)
	}
}

// TestEveryByte: a file with any byte changed or missing is not taken.
func TestEveryByte(t *testing.T) {
	for name, f := range map[string]struct {
		b      []byte
		decode func([]byte) error
	}{
		"secret": {encodeSecret(owner, ctx, make([]byte, 32)), func(b []byte) error { _, err := decodeSecret(b, owner, ctx); return err }},
		"answer": {encodeAnswer(owner, ctx, 3, sampleAnswer()), func(b []byte) error { _, err := decodeAnswer(b, owner, ctx, 3); return err }},
		"ledger": {encodeLedger(owner, sampleLedger()), func(b []byte) error { _, err := decodeLedger(b, owner); return err }},
	} {
		for i := range f.b {
			c := bytes.Clone(f.b)
			c[i] ^= 1
			if err := f.decode(c); !errors.Is(err, ErrDamaged) {
				t.Fatalf("%s, byte %d: %v", name, i, err)
			}
			if err := f.decode(f.b[:i]); !errors.Is(err, ErrDamaged) {
				t.Fatalf("%s, cut at %d: %v", name, i, err)
			}
		}
	}
}

func TestForeignFiles(t *testing.T) {
	other := wire.Digest{9}
	answer := encodeAnswer(owner, ctx, 3, sampleAnswer())
	for name, decode := range map[string]func() error{
		"owner":   func() error { _, err := decodeAnswer(answer, other, ctx, 3); return err },
		"ctx":     func() error { _, err := decodeAnswer(answer, owner, other, 3); return err },
		"number":  func() error { _, err := decodeAnswer(answer, owner, ctx, 2); return err },
		"type":    func() error { _, err := decodeLedger(answer, owner); return err },
		"secret":  func() error { _, err := decodeSecret(encodeSecret(owner, other, nil), owner, ctx); return err },
		"program": func() error { _, err := unseal((&writer{make([]byte, 100)}).seal(), typeLedger, owner); return err },
	} {
		if err := decode(); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDamagedFolder: the error names the file and what to do.
func TestDamagedFolder(t *testing.T) {
	t.Parallel()
	bubble(t, 4, func(s *session) {
		s.open()
		wait := s.others("m0")
		s.leaves("m0", "contribute")
		for _, n := range s.files("m0") {
			path := s.dirs["m0"] + "/" + n
			whole := must(os.ReadFile(path))
			os.WriteFile(path, whole[1:], 0o600)
			err := s.fails("m0")
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
				s.t.Errorf("%s: %v", n, err)
			}
			os.WriteFile(path, whole, 0o600)
		}
		first := s.dirs["m0"] + "/" + s.files("m0")[0]
		whole := must(os.ReadFile(first))
		os.Remove(first)
		if err := s.fails("m0"); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "only observes") {
			s.t.Error(err)
		}
		os.WriteFile(first, whole, 0o600)
		s.exact(must(s.participate("m0")))
		s.settle(wait)
	})
}

func (s *session) fails(who string) error {
	cfg := s.config(who)
	c, err := Open(cfg)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Participate(s.t.Context(), s.task(who))
	return err
}

// FuzzFiles: what a decoder takes encodes back to the same bytes, and no length
// makes it allocate. The checksum is put right, or nothing would get past it.
func FuzzFiles(f *testing.F) {
	for _, b := range [][]byte{encodeSecret(owner, ctx, make([]byte, 32)), encodeAnswer(owner, ctx, 3, sampleAnswer()), encodeLedger(owner, sampleLedger())} {
		f.Add(b[len(magic)], b[headSize:len(b)-32])
	}
	f.Fuzz(func(t *testing.T, kind byte, payload []byte) {
		w := newWriter(kind, owner)
		w.b = append(w.b, payload...)
		b := w.seal()
		if m, err := decodeSecret(b, owner, ctx); err == nil && !bytes.Equal(encodeSecret(owner, ctx, m), b) {
			t.Errorf("secret %x", b)
		}
		if s, err := decodeAnswer(b, owner, ctx, 3); err == nil && !bytes.Equal(encodeAnswer(owner, ctx, 3, s), b) {
			t.Errorf("answer %x", b)
		}
		if l, err := decodeLedger(b, owner); err == nil && !bytes.Equal(encodeLedger(owner, l), b) {
			t.Errorf("ledger %x", b)
		}
	})
}
