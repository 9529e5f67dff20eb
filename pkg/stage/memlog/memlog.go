// Package memlog keeps the log in memory. It is the oracle of the tests and
// the store of the simulation: the same write-once rules and size limits as
// the streams, a clock from outside, and faults on demand.
package memlog

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"chorus/pkg/stage"
	"chorus/pkg/stage/put"
	"chorus/pkg/wire"
)

// A Log implements stage.Log, stage.Opens and stage.Tasks.
type Log struct {
	// Fault, if set before the first use, is asked about every entry before it
	// is stored. (true, nil) is normal, (false, err) loses the entry, (true,
	// err) stores it and loses the acknowledgement.
	Fault func(e wire.Entry) (store bool, err error)
	// AckWait is how long a task stays with its taker, by the clock; set it
	// before the first use. New sets 5 s.
	AckWait time.Duration
	// MaxBytes bounds the bodies of one stream; 0 does not.
	MaxBytes int

	clock func() time.Time

	mu      sync.Mutex
	log     []wire.Record // the log stream, in order
	keys    map[wire.Key]wire.Record
	last    map[wire.Stream]uint64 // sequence numbers
	bytes   map[wire.Stream]int
	tasks   map[string][]*order // by stage
	changed chan struct{}       // closed and replaced by every change
}

// New returns an empty log whose records are timed by clock.
func New(clock func() time.Time) *Log {
	return &Log{
		AckWait: 5 * time.Second,
		clock:   clock,
		keys:    map[wire.Key]wire.Record{},
		last:    map[wire.Stream]uint64{},
		bytes:   map[wire.Stream]int{},
		tasks:   map[string][]*order{},
		changed: make(chan struct{}),
	}
}

// Append stores e under its key, once and for all.
func (l *Log) Append(ctx context.Context, e wire.Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := stage.CheckEntry(e); err != nil {
		return err
	}
	store, fault := true, error(nil)
	if l.Fault != nil {
		store, fault = l.Fault(e)
	}
	if !store {
		return fault
	}
	if err := l.store(e); err != nil && fault == nil {
		return err
	}
	return fault
}

func (l *Log) store(e wire.Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, taken := l.keys[e.Key]; taken {
		return fmt.Errorf("%w: %v", stage.ErrExists, e.Key)
	}
	stream := e.Key.Kind.Row().Stream
	if l.MaxBytes > 0 && l.bytes[stream]+len(e.Body) > l.MaxBytes {
		return fmt.Errorf("%w: %s holds %d bytes; raise MaxBytes", stage.ErrFull, stream, l.bytes[stream])
	}
	l.bytes[stream] += len(e.Body)
	l.last[stream]++
	r := wire.Record{Key: e.Key, Body: bytes.Clone(e.Body), Seq: l.last[stream], Time: l.clock()}
	l.keys[e.Key] = r
	if stream == wire.Log {
		l.log = append(l.log, r)
	}
	l.wake()
	return nil
}

// wake tells every blocked reader and taker to look again; l.mu is held.
func (l *Log) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// Get returns the record at k of any stream.
func (l *Log) Get(ctx context.Context, k wire.Key) (wire.Record, error) {
	if err := ctx.Err(); err != nil {
		return wire.Record{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok := l.keys[k]
	if !ok {
		return wire.Record{}, fmt.Errorf("%w: %v", stage.ErrMissing, k)
	}
	return copied(r), nil
}

// PutAll stores the entries, see put.All.
func (l *Log) PutAll(ctx context.Context, entries []wire.Entry, window int) error {
	return put.All(ctx, l, entries, window)
}

// Records returns the log stream so far, in order.
func (l *Log) Records() []wire.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	rs := slices.Clone(l.log)
	for i := range rs {
		rs[i] = copied(rs[i])
	}
	return rs
}

// copied keeps callers from changing what is stored.
func copied(r wire.Record) wire.Record {
	r.Body = bytes.Clone(r.Body)
	return r
}
