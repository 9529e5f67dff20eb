package stage

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"chorus/pkg/wire"
)

// A Machine is the deterministic core of one service in one round. Step folds
// in the next record and returns the entries that it causes. It depends on
// nothing but the records it was given: no clock, randomness, I/O, goroutines
// or map order. It cannot fail: bad input becomes data in a record.
type Machine interface {
	Step(r wire.Record) []wire.Entry
}

// A Spec declares a stage. Every kind has one writer: a stage or participants.
type Spec struct {
	Name     string
	Reads    []wire.Kind // delivered to Step, in log order
	Derives  []wire.Kind // what Step returns and the log must agree with
	Observes []wire.Kind // first one wins: deadlines and task results
	New      func(open wire.Record) (Machine, error)
	Work     map[wire.Kind]Worker // by the kind of the result
}

// A Worker does one task: a pure function of the order and the named bytes it
// fetches. It returns the entries of its effect, the observed record last.
type Worker func(ctx context.Context, order wire.Record, bulk Getter) ([]wire.Entry, error)

// A Getter fetches records by key, in any stream.
type Getter interface {
	// Get returns the record at k, or an error wrapping ErrMissing.
	Get(ctx context.Context, k wire.Key) (wire.Record, error)
}

// A Delivery is a record on its way into a fold.
type Delivery struct {
	wire.Record
	Caught bool // no later record of the round existed when the reader was made, or since
}

// A Log is a totally ordered, write-once map of one or more streams.
type Log interface {
	Getter
	// Read yields the records of one round from the first, in order, and then
	// waits for more until ctx ends. A delivery with a zero key carries no
	// record: it says that the reader has caught up.
	Read(ctx context.Context, session string, round uint32) iter.Seq2[Delivery, error]
	// Append stores e, or returns an error wrapping
	//
	//	ErrExists    the key is taken: done, whoever wrote it
	//	ErrInFlight  somebody is writing it: pending until the key is read
	//	ErrFull      the store is full: pending, retry later and raise an alarm
	//	ErrRefused   the server will never take it from us (permission, size)
	//
	// After any other error the outcome is unknown: stop this round's fold
	// and replay it.
	Append(ctx context.Context, e wire.Entry) error
}

var (
	ErrExists   = errors.New("stage: key already written")
	ErrInFlight = errors.New("stage: key is being written")
	ErrFull     = errors.New("stage: store is full")
	ErrRefused  = errors.New("stage: refused by the server")
	ErrMissing  = errors.New("stage: no such record")
)

// Opens follows the Open records of all rounds, old ones first.
type Opens interface {
	Opens(ctx context.Context) iter.Seq2[wire.Record, error]
}

// Tasks is the throw-away stream of work orders. Effects are write-once, so
// doing a task twice is harmless and an acknowledgement is no fence.
type Tasks interface {
	// Offer publishes attempt a of the order e; an attempt already offered is
	// no error.
	Offer(ctx context.Context, stage string, e wire.Entry, a uint32) error
	// Take yields orders for the stage, each to one taker at a time; one that
	// is neither done nor extended for AckWait goes to another.
	Take(ctx context.Context, stage string) iter.Seq2[Order, error]
}

// An Order is a task in a worker's hands.
type Order struct {
	wire.Record
	Attempt uint32
	Extend  func() // heartbeat: still at it
	Done    func() // the effect is stored
}

// CheckEntry refuses what the streams would refuse, before it crosses the wire.
func CheckEntry(e wire.Entry) error {
	if e.Task {
		return fmt.Errorf("%w: %v is a work order; use Offer", ErrRefused, e.Key)
	}
	if err := e.Key.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	limit := wire.MaxPart
	if e.Key.Kind.Row().Stream == wire.Log {
		limit = wire.MaxBody
	}
	if len(e.Body) > limit {
		return fmt.Errorf("%w: %v has %d bytes, at most %d fit; split the body into parts", ErrRefused, e.Key, len(e.Body), limit)
	}
	return nil
}
