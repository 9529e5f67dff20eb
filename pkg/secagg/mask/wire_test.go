package mask

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

func TestWire(t *testing.T) {
	w32, w64 := make([]uint32, 2), make([]uint64, 1)
	b := []byte{1, 2, 3, 4, 0xff, 0, 0, 0x80}
	if err := errors.Join(Words32(w32, b), Words64(w64, b)); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(w32, []uint32{0x04030201, 0x800000ff}) || w64[0] != 0x800000ff04030201 {
		t.Errorf("%x %x", w32, w64)
	}
	got32, got64 := make([]byte, 8), make([]byte, 8)
	Bytes32(got32, w32)
	Bytes64(got64, w64)
	if !bytes.Equal(got32, b) || !bytes.Equal(got64, b) {
		t.Error(got32, got64)
	}
}

func TestWireRefuses(t *testing.T) {
	for n := range 20 {
		err32, err64 := Words32(make([]uint32, 2), make([]byte, n)), Words64(make([]uint64, 2), make([]byte, n))
		if (n == 8) != (err32 == nil) || n != 8 && !errors.Is(err32, ErrLength) {
			t.Error(n, err32)
		}
		if (n == 16) != (err64 == nil) || n != 16 && !errors.Is(err64, ErrLength) {
			t.Error(n, err64)
		}
	}
}

func FuzzWords(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8}, uint16(2))
	f.Add([]byte{}, uint16(0))
	f.Add([]byte{1}, uint16(1))
	f.Fuzz(func(t *testing.T, b []byte, n uint16) {
		w32, w64, out := make([]uint32, n), make([]uint64, n), make([]byte, len(b))
		if Words32(w32, b) == nil {
			if Bytes32(out, w32); !bytes.Equal(out, b) {
				t.Fatal("32")
			}
		}
		if Words64(w64, b) == nil {
			if Bytes64(out, w64); !bytes.Equal(out, b) {
				t.Fatal("64")
			}
		}
	})
}

func TestKeyRedacts(t *testing.T) {
	term := Term{Key: Key(bytes.Repeat([]byte{0xab}, 16))}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("m", "key", term.Key, "term", term)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("m", "key", &term.Key, "terms", []Term{term})
	asJSON, err := json.Marshal(term)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{logged.String(), string(asJSON), term.Key.String(), term.Key.GoString()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%d", "%q"} {
		out = append(out, fmt.Sprintf(verb, term.Key), fmt.Sprintf(verb, term), fmt.Sprintf(verb, &term))
	}
	for _, text := range out {
		low := strings.ToLower(text)
		if strings.Contains(low, hex.EncodeToString(term.Key[:2])) || strings.Contains(low, "171") {
			t.Errorf("leaks: %s", text)
		}
		if !strings.Contains(text, "redacted") {
			t.Errorf("no redaction: %s", text)
		}
	}
}
