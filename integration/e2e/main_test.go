//go:build heavy

// Package e2e runs Chorus as it is deployed: a server, one process per stage,
// each with credentials of its own, and members over TCP. Its tests take
// minutes: go test -tags heavy ./integration/e2e
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// chorus is the binary under test; memberBinary is this one under another name.
var chorus, memberBinary string

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "member" {
		if err := asMember(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "chorus-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	chorus = filepath.Join(dir, "chorus")
	if out, err := exec.Command("go", "build", "-o", chorus, "chorus/cmd/chorus").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v: %s\n", err, out)
		return 1
	}
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	memberBinary = filepath.Join(dir, "member")
	if err := os.Symlink(self, memberBinary); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
