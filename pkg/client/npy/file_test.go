package npy

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestFileReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mean.npy")
	for _, v := range []float64{1, 2} {
		if err := WriteFile(path, &Array{Shape: []int{1}, Data: []float64{v}}); err != nil {
			t.Fatal(err)
		}
		a, err := ReadFile(path, 1)
		if err != nil || a.Data[0] != v || a.DType != Float64 {
			t.Fatalf("read %+v, %v; want %v", a, err, v)
		}
	}
	requireOnly(t, filepath.Dir(path), "mean.npy")
}

// TestFailedWriteLeavesOld refuses an array, then a rename onto a folder.
func TestFailedWriteLeavesOld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mean.npy")
	if err := WriteFile(path, &Array{Data: []float64{7}}); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, &Array{Shape: []int{9}}); !errors.Is(err, ErrShape) {
		t.Fatal(err)
	}
	if a, err := ReadFile(path, 1); err != nil || a.Data[0] != 7 {
		t.Fatalf("old file: %+v, %v", a, err)
	}
	if err := os.Mkdir(path+".d", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path+".d", &Array{Data: []float64{7}}); err == nil {
		t.Fatal("a folder was replaced")
	}
	requireOnly(t, filepath.Dir(path), "mean.npy", "mean.npy.d")
}

func requireOnly(t *testing.T, folder string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(names) {
		t.Fatalf("folder holds %v, want %v", entries, names)
	}
	for i, e := range entries {
		if e.Name() != names[i] {
			t.Fatalf("folder holds %v, want %v", entries, names)
		}
	}
}

func TestMissingFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "x.npy")
	if _, err := ReadFile(path, 1); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := WriteFile(path, &Array{Data: []float64{1}}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
