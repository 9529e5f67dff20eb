//go:build unix

package client

import (
	"os"

	"golang.org/x/sys/unix"
)

// flock falls with the process, however it dies.
func flock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
