package kdf

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestSeedRedacts(t *testing.T) {
	s := Seed(bytes.Repeat([]byte{0xab}, 32))
	outer := struct{ S Seed }{s}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("m", "seed", s, "outer", outer)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("m", "seed", s, "outer", outer, "p", &s)
	asJSON, err := json.Marshal(outer)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{s.String(), s.GoString(), logged.String(), string(asJSON)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%d", "%q"} {
		out = append(out, fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s), fmt.Sprintf(verb, outer))
	}
	for _, text := range out {
		low := strings.ToLower(text)
		if strings.Contains(low, hex.EncodeToString(s[:2])) || strings.Contains(low, "171") {
			t.Errorf("leaks: %s", text)
		}
		if !strings.Contains(text, "redacted") {
			t.Errorf("no redaction: %s", text)
		}
	}
}
