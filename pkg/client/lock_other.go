//go:build !unix

package client

import (
	"errors"
	"os"
)

// flock: without a lock that falls with the process, two of them could answer
// one round from one folder, and two answers open an update.
func flock(*os.File) error {
	return errors.New("this system has no flock; run the participant on Unix")
}
