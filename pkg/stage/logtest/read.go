package logtest

import (
	"context"
	"testing"
	"time"

	"chorus/pkg/wire"
)

// story is a round as its public records tell it.
var story = []wire.Kind{wire.KindRoster, wire.KindOpen, wire.KindSetup, wire.KindShareSet, wire.KindCollection,
	wire.KindWitnessed, wire.KindAccepted, wire.KindConsented, wire.KindResult, wire.KindCertificate}

func (s *suite) order(t *testing.T) {
	s.tell(t, story...)
	r := s.read(t)
	var last wire.Record
	for i, kind := range story {
		d := r.want(kind, i == len(story)-1)
		if d.Key != s.key(kind, 0) || string(d.Body) != "body of "+string(kind) {
			t.Errorf("delivered %v: %q", d.Key, d.Body)
		}
		if d.Seq <= last.Seq || d.Time.Before(last.Time) {
			t.Errorf("%v at %d, %v follows %d, %v", d.Key, d.Seq, d.Time, last.Seq, last.Time)
		}
		last = d.Record
	}
	r.silent(100 * time.Millisecond)
}

func (s *suite) caughtWhenEmpty(t *testing.T) {
	r := s.read(t)
	if d := r.want("", true); d.Seq != 0 || d.Key != (wire.Key{}) {
		t.Errorf("delivered %+v", d)
	}
	for _, k := range story {
		s.tell(t, k)
		r.want(k, true)
	}
}

// caughtIsALatch: it is set by the last record that existed when the reader was
// made, and stays set however many come later.
func (s *suite) caughtIsALatch(t *testing.T) {
	s.tell(t, story[:3]...)
	r := s.read(t)
	r.want(story[0], false)
	s.tell(t, story[3:5]...)
	r.want(story[1], false)
	r.want(story[2], true)
	r.want(story[3], true)
	r.want(story[4], true)
	s.tell(t, story[5])
	r.want(story[5], true)
}

func (s *suite) roundsAreApart(t *testing.T) {
	s.tell(t, wire.KindOpen)
	r := s.read(t)
	r.want(wire.KindOpen, true)
	here := s.round
	s.round += 1000 // a test's own rounds stay below
	s.tell(t, wire.KindOpen, wire.KindSetup)
	s.round = here
	r.silent(200 * time.Millisecond)
	s.tell(t, wire.KindSetup)
	if d := r.want(wire.KindSetup, true); d.Key.Round != here {
		t.Errorf("delivered %v", d.Key)
	}
}

// readEnds: with ctx, or when the caller leaves the loop.
func (s *suite) readEnds(t *testing.T) {
	s.tell(t, wire.KindOpen, wire.KindSetup)
	r := s.read(t)
	r.want(wire.KindOpen, false)
	r.want(wire.KindSetup, true)
	r.stop()
	select {
	case <-r.done:
	case <-time.After(2 * time.Second):
		t.Error("Read goes on after its context")
	}
	for range s.Log.Read(t.Context(), s.Session, s.round) {
		break
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for d, err := range s.Log.Read(ended, s.Session, s.round) {
		t.Errorf("delivered %v, %v after the end of ctx", d.Key, err)
	}
}

// foreignSubjects puts messages among the records that are none.
func (s *suite) foreignSubjects(t *testing.T) {
	before := s.Skipped()
	prefix := s.key(wire.KindOpen, 0).Prefix() // chorus.log.<session>.<round>.open.-
	base := prefix[:len(prefix)-len("open.-")]
	s.Foreign(t, base+"OPEN.-.0")
	s.tell(t, wire.KindOpen)
	s.Foreign(t, base+"open.-.00")
	s.tell(t, wire.KindSetup)
	s.Foreign(t, base+"gossip.-.0")
	s.Foreign(t, base+"open.-.-1")
	r := s.read(t)
	r.want(wire.KindOpen, false)
	r.want(wire.KindSetup, false)
	r.want("", true)
	s.tell(t, wire.KindShareSet)
	r.want(wire.KindShareSet, true)
	if n := s.Skipped() - before; n != 4 {
		t.Errorf("%d were skipped", n)
	}
}

func (s *suite) opens(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ch := make(chan wire.Record)
	done := make(chan struct{})
	t.Cleanup(cancel)
	s.tell(t, wire.KindOpen)
	first := s.key(wire.KindOpen, 0)
	go func() {
		defer close(done)
		for r, err := range s.Opens.Opens(ctx) {
			if err != nil {
				t.Errorf("Opens: %v", err)
			}
			select {
			case ch <- r:
			case <-ctx.Done():
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	last := upTo(t, ch, first)
	s.round += 2000
	s.tell(t, wire.KindSetup, wire.KindOpen)
	if r := upTo(t, ch, s.key(wire.KindOpen, 0)); r.Seq <= last.Seq {
		t.Errorf("%v at %d follows %d", r.Key, r.Seq, last.Seq)
	}
	s.round -= 2000
}

// upTo takes Open records until k comes; other tests left some.
func upTo(t *testing.T, ch chan wire.Record, k wire.Key) wire.Record {
	t.Helper()
	for {
		select {
		case r := <-ch:
			if r.Key.Kind != wire.KindOpen {
				t.Errorf("%v among the opens", r.Key)
			}
			if r.Key == k {
				return r
			}
		case <-time.After(long):
			t.Fatalf("%v did not come", k)
		}
	}
}
