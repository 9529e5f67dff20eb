// Package logtest is the conformance suite of stage.Log: what it says holds in
// memory, on one server, on a cluster and through a participant's credentials.
package logtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// A Store is a log that also takes many parts at a time.
type Store interface {
	stage.Log
	PutAll(ctx context.Context, entries []wire.Entry, window int) error
}

// A Fixture is one store, as several connections see it. A nil func or
// interface is something that the store does not offer.
type Fixture struct {
	Log     Store        // under test; writes as participant Me of Session
	Core    stage.Log    // writes the records of services
	Another func() Store // one more Log, over a connection of its own
	Me      string
	Session string

	Opens   stage.Opens
	Tasks   stage.Tasks
	AckWait time.Duration // of Tasks

	Foreign func(t *testing.T, subject string) // stores a message that is no record
	Skipped func() uint64                      // counts them
	Fill    func(t *testing.T) (undo func())   // leaves room for less than 64 KiB in the log stream
	Restart func(t *testing.T)
	Settle  time.Duration // how far a direct get may lag behind an acknowledgement
}

type suite struct {
	Fixture
	round uint32
}

// Run runs the suite on one fixture. Every test has a round of its own.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	s := &suite{Fixture: open(t)}
	for _, c := range []struct {
		name string
		test func(*testing.T)
		ok   bool
	}{
		{"WriteOnce", s.writeOnce, true},
		{"BytesAreCopied", s.bytesAreCopied, true},
		{"OneRacerWins", s.oneRacerWins, true},
		{"Missing", s.missing, true},
		{"Sizes", s.sizes, true},
		{"NoSuchKey", s.noSuchKey, true},
		{"Order", s.order, true},
		{"CaughtWhenEmpty", s.caughtWhenEmpty, true},
		{"CaughtIsALatch", s.caughtIsALatch, true},
		{"RoundsAreApart", s.roundsAreApart, true},
		{"ReadEnds", s.readEnds, true},
		{"PartsAreWriteOnce", s.partsAreWriteOnce, true},
		{"PutAllResumes", s.putAllResumes, true},
		{"PutAllOtherBytes", s.putAllOtherBytes, true},
		{"Bundles", s.bundles, true},
		{"ForeignSubjects", s.foreignSubjects, s.Foreign != nil},
		{"Opens", s.opens, s.Opens != nil},
		{"TaskOnceAtATime", s.taskOnceAtATime, s.Tasks != nil},
		{"TaskComesBack", s.taskComesBack, s.Tasks != nil},
		{"TaskRefused", s.taskRefused, s.Tasks != nil},
		{"Full", s.full, s.Fill != nil},
		{"Restart", s.restart, s.Restart != nil},
	} {
		if c.ok {
			s.round++
			t.Run(c.name, c.test)
		}
	}
}

// key is that of a record of the current round.
func (s *suite) key(kind wire.Kind, part uint32) wire.Key {
	member := wire.Nobody
	if kind.Row().Member == "name" {
		member = s.Me
	}
	return wire.Key{Session: s.Session, Round: s.round, Kind: kind, Member: member, Part: part}
}

func (s *suite) entry(kind wire.Kind, body string) wire.Entry {
	return wire.Entry{Key: s.key(kind, 0), Body: []byte(body)}
}

// tell appends the records of services, in order.
func (s *suite) tell(t *testing.T, kinds ...wire.Kind) {
	t.Helper()
	for _, k := range kinds {
		if err := s.Core.Append(t.Context(), s.entry(k, "body of "+string(k))); err != nil {
			t.Fatal(err)
		}
	}
}

// get waits for a record that was acknowledged.
func (s *suite) get(t *testing.T, k wire.Key) wire.Record {
	t.Helper()
	var err error
	for end := time.Now().Add(s.Settle + 10*time.Millisecond); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		var r wire.Record
		if r, err = s.Log.Get(t.Context(), k); err == nil {
			return r
		}
	}
	t.Fatalf("%v: %v", k, err)
	return wire.Record{}
}

// A reader reads a round in the background.
type reader struct {
	t    *testing.T
	ch   chan stage.Delivery
	done chan struct{}
	stop context.CancelFunc
}

// read starts a reader of the current round.
func (s *suite) read(t *testing.T) *reader {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &reader{t, make(chan stage.Delivery), make(chan struct{}), cancel}
	go func() {
		defer close(r.done)
		for d, err := range s.Log.Read(ctx, s.Session, s.round) {
			if err != nil {
				t.Errorf("Read: %v", err)
			}
			select {
			case r.ch <- d:
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-r.done })
	return r
}

// long is beyond every wait that a test expects to succeed, elections included.
const long = 30 * time.Second

func (r *reader) next() stage.Delivery {
	r.t.Helper()
	select {
	case d := <-r.ch:
		return d
	case <-r.done:
		r.t.Fatal("the reader ended")
	case <-time.After(long):
		r.t.Fatal("no delivery")
	}
	return stage.Delivery{}
}

// want reads one delivery and compares its kind, "" for none, and its latch.
func (r *reader) want(kind wire.Kind, caught bool) stage.Delivery {
	r.t.Helper()
	d := r.next()
	if d.Key.Kind != kind || d.Caught != caught {
		r.t.Fatalf("delivered %q, caught %v; want %q, %v", d.Key.Kind, d.Caught, kind, caught)
	}
	return d
}

// silent checks that nothing comes.
func (r *reader) silent(wait time.Duration) {
	r.t.Helper()
	select {
	case d := <-r.ch:
		r.t.Fatalf("delivered %v", d.Key)
	case <-time.After(wait):
	}
}

func body(n int, seed byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = seed + byte(i*7)
	}
	return b
}

func label(i int) string { return fmt.Sprintf("racer %d", i) }
