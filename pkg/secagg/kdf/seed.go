package kdf

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Seed is a 32-byte secret that never prints itself. fmt cannot call methods on
// unexported fields: a struct that hides a Seed in one needs a Format of its own.
type Seed [32]byte

// Format redacts under every verb, %x and %#v included.
func (Seed) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String redacts.
func (Seed) String() string { return redacted }

// GoString redacts.
func (Seed) GoString() string { return redacted }

// LogValue redacts in slog.
func (Seed) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText redacts in JSON, which slog uses for structs. Persisting a seed
// takes an explicit slice of its bytes.
func (Seed) MarshalText() ([]byte, error) { return []byte(redacted), nil }
