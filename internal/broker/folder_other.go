//go:build !unix

package broker

import "os"

// flock: these systems refuse to open a store's files twice by themselves.
func flock(*os.File) error { return nil }
