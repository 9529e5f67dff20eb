package client

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// replaceFile puts b in the place of path, whole or not at all. Crash points:
// before the rename the old file stands and Open sweeps the new one away; after
// it the new one stands, durably once the folder is synced.
func replaceFile(path string, b []byte) error {
	tmp := path + tmpEnd
	if err := writeFile(tmp, b); err != nil {
		return errors.Join(err, removeFile(tmp))
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Join(err, removeFile(tmp))
	}
	return syncFolder(filepath.Dir(path))
}

func writeFile(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return cmp.Or(err, f.Sync(), f.Close())
}

// removeFile wipes a file and removes it; one that is not there is no error.
// Crash points: before the rename the file stands whole, after it Open sweeps it
// away. A wiped file under its own name would pass for a damaged one.
func removeFile(path string) error {
	if !strings.HasSuffix(path, tmpEnd) {
		err := os.Rename(path, path+tmpEnd)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err = cmp.Or(err, syncFolder(filepath.Dir(path))); err != nil {
			return err
		}
		path += tmpEnd
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return cmp.Or(wipe(f), f.Close(), os.Remove(path), syncFolder(filepath.Dir(path)))
}

// wipe zeroes the head of a file: a secret is no longer than that. Best effort:
// a journal or the wear levelling of a disk may keep a copy.
func wipe(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	_, err = f.WriteAt(make([]byte, min(info.Size(), secretBytes)), 0)
	return cmp.Or(err, f.Sync())
}

// syncFolder makes a rename durable: it lives in the folder, not in the file.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return cmp.Or(d.Sync(), d.Close())
}

// notes tell people and backup programs to leave the folder alone.
var notes = map[string]string{
	"README": `This folder belongs to one participant of Chorus and to one running process.

Do not back it up, copy it, or restore it. It remembers what this participant
has already said. An older copy has forgotten that, and a server could make it
answer the same round again, differently. Two answers open an update: exactly
what secure aggregation exists to prevent. Chorus compares its records with the
log and refuses to go on from a restored folder where it can tell.

If it is lost, ask the authority of the session to put a new identity into the
roster and start with an empty folder. The files hold secrets while a round
runs; they are erased when it ends.
`,
	// https://bford.info/cachedir/ - tar, restic, borg and others obey it.
	"CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n# Chorus participant state; see README.\n",
}

func writeNotes(dir string) error {
	for name, text := range notes {
		path := filepath.Join(dir, name)
		if b, err := os.ReadFile(path); err == nil && string(b) == text {
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
