package client

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRemovedWhole: what cannot be moved away is not wiped in its place, where a
// crash would leave a member with a damaged file instead of none.
func TestRemovedWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := replaceFile(path, []byte("a master secret")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path+tmpEnd, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := removeFile(path); err == nil {
		t.Error("removed")
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "a master secret" {
		t.Errorf("%q, %v", b, err)
	}
}
