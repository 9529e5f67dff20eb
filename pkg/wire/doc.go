// Package wire is the vocabulary of Chorus: the kinds of records, their keys
// and subjects, their messages, limits and reasons, and the bytes that get
// signed. It knows no NATS, no cryptography beyond SHA-256, and does no I/O.
package wire
