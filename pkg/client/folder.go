package client

import (
	"cmp"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"chorus/pkg/wire"
)

const (
	lockName = "lock"
	tmpEnd   = ".tmp"
	// secretBytes at the head of a file are zeroed before the file goes; a
	// secret file is shorter.
	secretBytes = 4096
)

// A folder holds what one member must not lose. The functions are seams: the
// tests crash before and after each of them, and fill the disk.
type folder struct {
	dir     string
	owner   wire.Digest
	lock    *os.File
	replace func(path string, b []byte) error
	remove  func(path string) error
}

// ownerOf says whose files these are; it is public.
func ownerOf(name string, id ed25519.PrivateKey) wire.Digest {
	return wire.Tagged("client-folder", []byte(name), id.Public().(ed25519.PublicKey))
}

// openFolder makes or takes the folder and clears what a crash left half-written.
func openFolder(dir string, owner wire.Digest) (*folder, error) {
	if err := private(dir); err != nil {
		return nil, err
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	f := &folder{dir: dir, owner: owner, lock: lock, replace: replaceFile, remove: removeFile}
	if err := errors.Join(f.sweep(), writeNotes(dir)); err != nil {
		lock.Close()
		return nil, fmt.Errorf("%w: cannot write in %s; free space or make it writable: %w", ErrFolder, dir, err)
	}
	return f, nil
}

// private makes dir, or refuses one that others can look into.
func private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("%w: cannot make %s; choose one that you may write: %w", ErrFolder, dir, err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%w: %s holds secrets and others may enter it; run chmod 700 %s", ErrFolder, dir, dir)
	}
	return nil
}

func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: cannot write in %s; choose one that you may write: %w", ErrFolder, dir, err)
	}
	if err := flock(f); err != nil {
		b, _ := io.ReadAll(io.LimitReader(f, 64))
		f.Close()
		holder := cmp.Or(strings.TrimSpace(string(b)), "another process")
		return nil, fmt.Errorf("%w: %s belongs to %s; stop it: %w", ErrInUse, dir, holder, err)
	}
	// Only for the message above: the lock itself is the kernel's.
	f.Truncate(0)
	f.WriteAt(fmt.Appendf(nil, "process %d\n", os.Getpid()), 0)
	return f, nil
}

// sweep removes half-written files: they hold secrets and no one reads them.
func (f *folder) sweep() error {
	left, err := f.list(func(name string) bool { return strings.HasSuffix(name, tmpEnd) })
	for _, name := range left {
		err = errors.Join(err, removeFile(f.path(name)))
	}
	return err
}

// list returns the names of the files that match.
func (f *folder) list(match func(name string) bool) (names []string, err error) {
	all, err := os.ReadDir(f.dir)
	for _, e := range all {
		if match(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, err
}

func (f *folder) close() error { return f.lock.Close() }

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

// save replaces one file, or says that nothing may be sent.
func (f *folder) save(name string, b []byte) error {
	if err := f.replace(f.path(name), b); err != nil {
		return fmt.Errorf("%w: free space in %s or make it writable, then run again: %w", ErrNotSaved, f.dir, err)
	}
	return nil
}
