package npy

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
)

// ReadFile reads the file at path as Read does.
func ReadFile(path string, maxElements int) (*Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	defer f.Close()
	a, err := Read(f, maxElements)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// WriteFile writes a to path as a whole or not at all: a reader sees the old
// file or the new one, also after a crash. The file is private to its owner
// (mode 0600), since an update tells about its training data.
func WriteFile(path string, a *Array) error {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, "."+filepath.Base(path)+".tmp-*")
	if err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	err = cmp.Or(writeSynced(f, a), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, cmp.Or(err, os.Remove(f.Name())))
	}
	return syncFolder(folder)
}

func writeSynced(f *os.File, a *Array) error {
	if err := Write(f, a); err != nil {
		return err
	}
	return f.Sync()
}

// syncFolder makes a rename durable: it lives in the folder, not in the file.
func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	if err := cmp.Or(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("npy: %s: %w", folder, err)
	}
	return nil
}
