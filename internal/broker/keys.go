package broker

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/nats-io/nkeys"
)

// ErrKeys: the folder of seeds cannot be used as it is.
var ErrKeys = errors.New("broker: keys")

// keyring reads seeds from a folder and makes those that are missing.
type keyring struct{ dir string }

func openKeyring(dir string) (keyring, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return keyring{}, fmt.Errorf("%w: cannot make %s, choose a folder that you may write: %w", ErrKeys, dir, err)
	}
	return keyring{dir}, nil
}

// pair returns the key pair called name, made by create if there is none.
func (r keyring) pair(name string, create func() (nkeys.KeyPair, error)) (nkeys.KeyPair, error) {
	path := filepath.Join(r.dir, name+".nk")
	seed, err := readSeed(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newSeed(path, create)
	}
	if err != nil {
		return nil, err
	}
	kp, err := nkeys.FromSeed(seed)
	if err != nil {
		return nil, fmt.Errorf("%w: %s holds no seed, restore it from a backup: %w", ErrKeys, path, err)
	}
	return kp, nil
}

func readSeed(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%w: others may read %s; chmod 600 it, and start from new keys if somebody did", ErrKeys, path)
	}
	b, err := os.ReadFile(path)
	return []byte(strings.TrimSpace(string(b))), err
}

// newSeed writes the seed beside its place and links it there: a crash leaves
// either no seed or a whole one, and of two racing processes one wins.
func newSeed(path string, create func() (nkeys.KeyPair, error)) (nkeys.KeyPair, error) {
	kp, err := create()
	if err != nil {
		return nil, err
	}
	seed, err := kp.Seed()
	if err != nil {
		return nil, err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "new-*") // 0600
	if err != nil {
		return nil, fmt.Errorf("%w: cannot write %s, choose a folder that you may write: %w", ErrKeys, path, err)
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(append(seed, '\n'))
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, fmt.Errorf("%w: cannot write %s: %w", ErrKeys, path, err)
	}
	if err := os.Link(tmp.Name(), path); errors.Is(err, fs.ErrExist) {
		won, err := readSeed(path)
		if err != nil {
			return nil, err
		}
		return nkeys.FromSeed(won)
	} else if err != nil {
		return nil, fmt.Errorf("%w: cannot write %s: %w", ErrKeys, path, err)
	}
	return kp, nil
}
