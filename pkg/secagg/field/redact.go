package field

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "field.Element(redacted)"

// String hides the value: an Element may be a key or a share, and a log line
// is for ever.
func (e Element) String() string { return redacted }

// GoString hides the value from %#v.
func (e Element) GoString() string { return redacted }

// LogValue hides the value from log/slog.
func (e Element) LogValue() slog.Value { return slog.StringValue(redacted) }

// Format hides the value from every verb, %x and %d included, which ignore
// String.
func (e Element) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }
