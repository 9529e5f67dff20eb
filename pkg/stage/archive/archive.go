// Package archive writes records to a file and reads them back: a round in one
// bundle that anyone can replay and audit offline.
//
// The file is the line "chorus-bundle/1\n", then per record a frame - length
// (4 bytes, big-endian) and canonical MessagePack of subject, sequence, time and
// body - and at the end a frame of length 0 and the SHA-256 of all before it.
package archive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

const magic = "chorus-bundle/1\n"

// maxFrame bounds a frame: a part and its subject.
const maxFrame = wire.MaxPart + 512

var (
	// ErrFormat: not a bundle, or one of another version.
	ErrFormat = errors.New("archive: not a chorus bundle")
	// ErrDamaged: cut short or altered.
	ErrDamaged = errors.New("archive: damaged; export the round again")
)

type frame struct {
	Subject string
	Seq     uint64
	Time    int64 // Unix nanoseconds
	Body    []byte
}

// Check implements wire.Message.
func (f *frame) Check() error { _, err := wire.ParseSubject(f.Subject); return err }

// Write writes records in the given order.
func Write(w io.Writer, records []wire.Record) error {
	h := sha256.New()
	out := bufio.NewWriter(io.MultiWriter(w, h))
	out.WriteString(magic)
	for _, r := range records {
		b := wire.Encode(&frame{r.Key.Subject(), r.Seq, r.Time.UnixNano(), r.Body})
		binary.Write(out, binary.BigEndian, uint32(len(b)))
		out.Write(b)
	}
	binary.Write(out, binary.BigEndian, uint32(0))
	if err := out.Flush(); err != nil {
		return err
	}
	_, err := w.Write(h.Sum(nil))
	return err
}

// Read reads a bundle whole. Nothing of a damaged one is returned.
func Read(r io.Reader) ([]wire.Record, error) {
	h := sha256.New()
	in := bufio.NewReader(r)
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(in, head); err != nil || string(head) != magic {
		return nil, ErrFormat
	}
	h.Write(head)
	var records []wire.Record
	for {
		rec, last, err := next(in, h)
		if err != nil {
			return nil, err
		}
		if last {
			return records, trailer(in, h.Sum(nil))
		}
		records = append(records, rec)
	}
}

func next(in io.Reader, h io.Writer) (rec wire.Record, last bool, err error) {
	var size [4]byte
	if _, err := io.ReadFull(in, size[:]); err != nil {
		return rec, false, ErrDamaged
	}
	h.Write(size[:])
	n := binary.BigEndian.Uint32(size[:])
	if n == 0 || n > maxFrame {
		if n != 0 {
			err = ErrDamaged
		}
		return rec, n == 0, err
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(in, b); err != nil {
		return rec, false, ErrDamaged
	}
	h.Write(b)
	var f frame
	if err := wire.Decode(b, maxFrame, &f); err != nil {
		return rec, false, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	k, err := wire.ParseSubject(f.Subject)
	return wire.Record{Key: k, Body: f.Body, Seq: f.Seq, Time: time.Unix(0, f.Time).UTC()}, false, err
}

func trailer(in io.Reader, sum []byte) error {
	rest, err := io.ReadAll(io.LimitReader(in, sha256.Size+1))
	if err != nil || !bytes.Equal(rest, sum) {
		return ErrDamaged
	}
	return nil
}

// Index answers Get from records in memory.
type Index map[wire.Key]wire.Record

// NewIndex indexes records; the first on a key wins.
func NewIndex(records []wire.Record) Index {
	m := make(Index, len(records))
	for _, r := range records {
		if _, ok := m[r.Key]; !ok {
			m[r.Key] = r
		}
	}
	return m
}

// Get implements stage.Getter.
func (m Index) Get(_ context.Context, k wire.Key) (wire.Record, error) {
	r, ok := m[k]
	if !ok {
		return r, fmt.Errorf("%w: %s", stage.ErrMissing, k)
	}
	return r, nil
}
