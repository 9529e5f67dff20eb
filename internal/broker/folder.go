package broker

import (
	"fmt"
	"os"
	"path/filepath"
)

// lockFolder makes the folder and keeps a second server out of it: two on one
// store destroy it, and the server itself does not look.
func lockFolder(dir string) (*os.File, error) {
	if dir == "" {
		return nil, fmt.Errorf("%w: none given; set Options.Dir", ErrFolder)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("%w: cannot make %s, choose one that you may write: %w", ErrFolder, dir, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("%w: cannot write in %s, choose one that you may write: %w", ErrFolder, dir, err)
	}
	if err := flock(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("%w: %s belongs to a running server, stop it first: %w", ErrFolder, dir, err)
	}
	return f, nil
}
