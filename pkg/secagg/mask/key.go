// Package mask expands pairwise and self masks and adds them to a vector of
// words (Bonawitz et al., CCS 2017, section 4 and Figure 4).
//
// A mask is the key stream of AES-128 in counter mode with a 128-bit big-endian
// counter that begins at zero (NIST SP 800-38A, section 6.5), so any AES library
// expands the same one. Word k is the little-endian integer at byte 4k of the
// stream, or 8k for 64-bit words; sums wrap, so the modulus is 2^32 or 2^64.
// Every key is for one mask: it is derived for one round, pair and purpose.
package mask

import (
	"fmt"
	"io"
	"log/slog"
)

// KeySize is that of AES-128.
const KeySize = 16

const redacted = "[redacted]"

// Key is the secret of one mask. It never prints itself. fmt cannot call methods
// on unexported fields: a struct that hides a Key in one needs its own Format.
type Key [KeySize]byte

// Format redacts under every verb, %x and %#v included.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String redacts.
func (Key) String() string { return redacted }

// GoString redacts.
func (Key) GoString() string { return redacted }

// LogValue redacts in slog.
func (Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText redacts in JSON, which slog uses for structs.
func (Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }
