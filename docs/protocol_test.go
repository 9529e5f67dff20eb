// Package docs holds the texts of the project and the tests that keep them true.
package docs

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

var update = flag.Bool("update", false, "write the generated part of PROTOCOL.md")

const (
	begin = "<!-- begin: kind table, made by `go test ./docs -update` -->\n"
	end   = "<!-- end: kind table -->\n"
)

// kindTable prints wire.Kinds.
func kindTable() string {
	var b strings.Builder
	b.WriteString("| kind | stream | writer | class | public | member | parts | says |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range wire.Kinds() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %s | %s |\n", r.Kind, r.Stream, r.Writer, r.Class,
			yes(r.Public), strings.ReplaceAll(r.Member, wire.Nobody, "`-`"), yes(r.Parts), r.Says)
	}
	return b.String()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// TestKindTable: the table in PROTOCOL.md is wire.Kinds.
func TestKindTable(t *testing.T) {
	text := read(t, "PROTOCOL.md")
	before, rest, ok := strings.Cut(text, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("PROTOCOL.md lost the marks of its kind table")
	}
	want := before + begin + kindTable() + end + after
	if want == text {
		return
	}
	if !*update {
		t.Fatal("the kind table in PROTOCOL.md differs from wire.Kinds; run `go test ./docs -update`")
	}
	if err := os.WriteFile("PROTOCOL.md", []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestEveryRefusalAndReason: PROTOCOL.md explains each by its own words, once.
func TestEveryRefusalAndReason(t *testing.T) {
	text := read(t, "PROTOCOL.md")
	for _, err := range secagg.Refusals {
		if n := strings.Count(text, "| "+err.Error()+" |"); n != 1 {
			t.Errorf("%d rows for the refusal %q", n, err)
		}
	}
	for _, r := range wire.Reasons {
		if n := strings.Count(text, "| `"+string(r)+"` |"); n != 1 {
			t.Errorf("%d rows for the reason %q", n, r)
		}
	}
	for _, p := range wire.Phases {
		if !strings.Contains(text, "| `"+string(p)+"` |") {
			t.Errorf("no row for the phase %q", p)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
