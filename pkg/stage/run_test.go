package stage_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chorus/pkg/stage"
	"chorus/pkg/stage/memlog"
	"chorus/pkg/wire"
)

// counter closes a phase: it counts adverts until a deadline, has one task done,
// and then certifies.
type counter struct {
	n    int
	void uint32
	late bool
}

func key(k wire.Kind, member string) wire.Key {
	return wire.Key{Session: "s", Round: 1, Kind: k, Member: member}
}

var deadline = time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC) // an hour into synctest's time

func (c *counter) Step(r wire.Record) []wire.Entry {
	switch r.Key.Kind {
	case wire.KindRoster:
		return []wire.Entry{{Key: key(wire.KindDeadline, "advertise-keys"), Body: []byte("time"), NotBefore: deadline}}
	case wire.KindAdvert:
		if !c.late {
			c.n++
		}
	case wire.KindDeadline:
		if r.Time.Before(deadline) { // void
			c.void++
			again := key(wire.KindDeadline, "advertise-keys")
			again.Part = c.void
			return []wire.Entry{{Key: again, Body: []byte("time"), NotBefore: deadline}}
		}
		c.late = true
		return []wire.Entry{{Key: key(wire.KindSetupBundle, wire.Nobody), Body: []byte("bundle")},
			{Key: key(wire.KindSetup, wire.Nobody), Body: []byte(fmt.Sprint(c.n))}}
	case wire.KindSetup:
		return []wire.Entry{{Key: key(wire.KindSharesIntake, "ada"), Body: []byte("order"), Task: true}}
	case wire.KindSharesIntake:
		return []wire.Entry{{Key: key(wire.KindCertificate, wire.Nobody), Body: r.Body}}
	}
	return nil
}

func counterSpec() stage.Spec {
	return stage.Spec{Name: "keybroker", Reads: []wire.Kind{wire.KindRoster, wire.KindAdvert, wire.KindDeadline, wire.KindSetup, wire.KindSharesIntake},
		Derives: []wire.Kind{wire.KindSetup, wire.KindCertificate}, Observes: []wire.Kind{wire.KindDeadline, wire.KindSharesIntake},
		New: func(wire.Record) (stage.Machine, error) { return new(counter), nil },
		Work: map[wire.Kind]stage.Worker{wire.KindSharesIntake: func(ctx context.Context, o wire.Record, _ stage.Getter) ([]wire.Entry, error) {
			time.Sleep(2 * time.Second)
			return []wire.Entry{{Key: o.Key, Body: append([]byte("done: "), o.Body...)}}, nil
		}}}
}

func openRecord(now time.Time) wire.Entry {
	o := &wire.Open{Session: "s", Round: 1, Dim: 1, Bits: 8, MaxWeight: 1, Clip: 1, Gamma: wire.Ratio{Num: 1, Den: 10}, Delta: wire.Ratio{Num: 1, Den: 10},
		RosterParts: 1, PartSize: wire.MinPartSize}
	for i := range wire.Phases {
		o.Deadlines = append(o.Deadlines, now.Add(time.Duration(i+1)*2*time.Hour).UnixMilli())
	}
	return wire.Entry{Key: key(wire.KindOpen, wire.Nobody), Body: wire.Encode(&wire.Envelope{Body: wire.Encode(o)})}
}

func put(t *testing.T, l *memlog.Log, e wire.Entry) {
	t.Helper()
	for {
		err := l.Append(context.Background(), e)
		if err == nil || errors.Is(err, stage.ErrExists) {
			return
		}
	}
}

// play runs replicas of a whole round in virtual time and returns its log.
func play(t *testing.T, replicas int, fault func(wire.Entry) (bool, error), first ...wire.Entry) (records []wire.Record) {
	return playBy(t, replicas, time.Now, fault, first...)
}

func playBy(t *testing.T, replicas int, clock func() time.Time, fault func(wire.Entry) (bool, error), first ...wire.Entry) (records []wire.Record) {
	synctest.Test(t, func(t *testing.T) {
		l := memlog.New(time.Now)
		l.Fault = fault
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range replicas {
			s := &stage.Shell{Log: l, Tasks: l, Specs: []stage.Spec{counterSpec()}, Now: clock}
			all.Go(func() { _ = s.Serve(ctx, l) })
		}
		put(t, l, openRecord(time.Now()))
		put(t, l, wire.Entry{Key: key(wire.KindRoster, wire.Nobody), Body: []byte("roster")})
		for _, e := range first {
			put(t, l, e)
		}
		for i := range 3 {
			put(t, l, wire.Entry{Key: key(wire.KindAdvert, fmt.Sprintf("m%d", i)), Body: []byte("x")})
		}
		for range 100 {
			time.Sleep(time.Minute)
			if _, err := l.Get(ctx, key(wire.KindCertificate, wire.Nobody)); err == nil {
				break
			}
		}
		cancel()
		all.Wait()
		records = l.Records()
	})
	return records
}

func last(records []wire.Record) (body string, at time.Time) {
	r := records[len(records)-1]
	return string(r.Key.Kind) + " " + string(r.Body), r.Time
}

func TestShellRunsARound(t *testing.T) {
	for _, replicas := range []int{1, 3} {
		body, at := last(play(t, replicas, nil))
		if body != "certificate done: order" {
			t.Fatalf("%d replicas: ended with %q", replicas, body)
		}
		if want := deadline.Add(2 * time.Second); at.Before(want) || at.After(want.Add(time.Second)) {
			t.Fatalf("%d replicas: the deadline and the task took until %v", replicas, at)
		}
	}
}

// TestFaultMatrix: each append i is lost, or done and not acknowledged; the
// round ends all the same.
func TestFaultMatrix(t *testing.T) {
	clean := 0
	play(t, 1, func(wire.Entry) (bool, error) { clean++; return true, nil })
	errGone := errors.New("no acknowledgement")
	for i := range clean {
		for _, store := range []bool{false, true} {
			n := 0
			records := play(t, 1, func(wire.Entry) (bool, error) {
				n++
				if n == i+1 {
					return store, errGone
				}
				return true, nil
			})
			if body, _ := last(records); body != "certificate done: order" {
				t.Fatalf("append %d, stored %v: ended with %q", i, store, body)
			}
		}
	}
}

func TestFullStoreIsNotTheEnd(t *testing.T) {
	n := 0
	body, _ := last(play(t, 1, func(e wire.Entry) (bool, error) {
		if e.Key.Kind == wire.KindSetup {
			if n++; n < 4 {
				return false, stage.ErrFull
			}
		}
		return true, nil
	}))
	if body != "certificate done: order" || n < 4 {
		t.Fatalf("ended with %q after %d tries", body, n)
	}
}

// TestRefusedAppendAborts: what the server will never take ends the round with a
// reason instead of a replay without end.
func TestRefusedAppendAborts(t *testing.T) {
	tries := 0
	records := play(t, 1, func(e wire.Entry) (bool, error) {
		if e.Key.Kind == wire.KindSetup {
			tries++
			return false, stage.ErrRefused
		}
		return true, nil
	})
	var a wire.Abort
	r := records[len(records)-1]
	if r.Key.Kind != wire.KindAbort || wire.DecodeBody(r.Body, &a) != nil || a.Reason != wire.Internal || tries != 1 {
		t.Fatalf("%d tries, ended with %s", tries, r.Key)
	}
}

// TestDivergenceAborts: a stage that finds a foreign record under its own kind
// ends the round for everybody, and lives on.
func TestDivergenceAborts(t *testing.T) {
	records := play(t, 2, nil, wire.Entry{Key: key(wire.KindSetup, wire.Nobody), Body: []byte("9")})
	body, _ := last(records)
	var a wire.Abort
	r := records[len(records)-1]
	if r.Key.Kind != wire.KindAbort || wire.DecodeBody(r.Body, &a) != nil || a.Reason != wire.Diverged {
		t.Fatalf("ended with %q", body)
	}
}

// TestClockSkew: a replica whose clock is ahead stores at most one void deadline,
// and one whose clock is behind stores its deadline late, but stores it.
func TestClockSkew(t *testing.T) {
	for _, skew := range []time.Duration{-10 * time.Minute, 10 * time.Minute} {
		records := playBy(t, 1, func() time.Time { return time.Now().Add(skew) }, nil)
		deadlines := 0
		for _, r := range records {
			if r.Key.Kind == wire.KindDeadline {
				deadlines++
			}
		}
		if body, _ := last(records); body != "certificate done: order" || deadlines > 2 {
			t.Fatalf("clock off by %v: %d deadlines, ended with %q", skew, deadlines, body)
		}
	}
}
