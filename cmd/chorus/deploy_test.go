package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chorus/services"
)

// TestUnitsRunWhatExists: every ExecStart of deploy/ is a command line that this
// binary takes, for every stage.
func TestUnitsRunWhatExists(t *testing.T) {
	units, err := filepath.Glob("../../deploy/systemd/*.service")
	if err != nil || len(units) < 2 {
		t.Fatal(units, err)
	}
	for _, unit := range units {
		b, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(b), "\n") {
			if args, ok := strings.CutPrefix(line, "ExecStart=/usr/local/bin/chorus "); ok {
				for _, spec := range services.All() {
					parses(t, unit, strings.Fields(strings.ReplaceAll(args, "%i", spec.Name)))
				}
			}
		}
	}
}

func parses(t *testing.T, unit string, args []string) {
	t.Helper()
	c, rest, err := newRoot().Find(args)
	if err != nil || c.Name() != args[0] {
		t.Errorf("%s: no command %q: %v", unit, args[0], err)
		return
	}
	if err := c.ParseFlags(rest); err != nil || len(c.Flags().Args()) > 0 {
		t.Errorf("%s: %v: %v", unit, args, err)
	}
}
