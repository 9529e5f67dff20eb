package put_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"chorus/pkg/stage"
	"chorus/pkg/stage/memlog"
	"chorus/pkg/stage/put"
	"chorus/pkg/wire"
)

func parts(n uint32) (all []wire.Entry) {
	for p := range n {
		k := wire.Key{Session: "s", Round: 1, Kind: wire.KindInputPart, Member: "p", Part: p}
		all = append(all, wire.Entry{Key: k, Body: []byte(k.Subject())})
	}
	return all
}

// stored makes sure that everything is stored, whatever the log did.
func stored(t *testing.T, l *memlog.Log, all []wire.Entry) {
	t.Helper()
	for _, e := range all {
		if r, err := l.Get(t.Context(), e.Key); err != nil || string(r.Body) != string(e.Body) {
			t.Errorf("%v: %q, %v", e.Key, r.Body, err)
		}
	}
}

// TestEveryThirdAnswerIsLost, before or after the part was stored, or the
// stream is busy: all parts arrive.
func TestEveryThirdAnswerIsLost(t *testing.T) {
	for name, fault := range map[string]struct {
		store bool
		err   error
	}{
		"lost": {false, errors.New("timeout")}, "unacknowledged": {true, errors.New("timeout")},
		"busy": {false, fmt.Errorf("%w: %w", stage.ErrInFlight, put.ErrBusy)}, "in flight": {true, stage.ErrInFlight},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := memlog.New(time.Now)
				var n atomic.Int64
				l.Fault = func(wire.Entry) (bool, error) {
					if n.Add(1)%3 == 0 {
						return fault.store, fault.err
					}
					return true, nil
				}
				all := parts(50)
				if err := put.All(t.Context(), l, all, 4); err != nil {
					t.Fatal(err)
				}
				stored(t, l, all)
			})
		})
	}
}

func TestGivesUp(t *testing.T) {
	silent := errors.New("timeout")
	for _, c := range []struct {
		fault error
		after time.Duration
	}{{stage.ErrFull, 0}, {stage.ErrRefused, 0}, {silent, put.Patience}} {
		synctest.Test(t, func(t *testing.T) {
			l := memlog.New(time.Now)
			l.Fault = func(e wire.Entry) (bool, error) { return e.Key.Part != 5, cond(e.Key.Part == 5, c.fault) }
			began := time.Now()
			err := put.All(t.Context(), l, parts(10), 0)
			if d := time.Since(began); !errors.Is(err, c.fault) || d < c.after || d > c.after+5*time.Second {
				t.Errorf("%v after %v", err, d)
			}
			l.Fault = nil
			if err := put.All(t.Context(), l, parts(10), 0); err != nil {
				t.Errorf("resumed: %v", err)
			}
			stored(t, l, parts(10))
		})
	}
}

func cond(c bool, err error) error {
	if c {
		return err
	}
	return nil
}

// TestWindow: no more parts at a time than asked for, and fewer when busy.
func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memlog.New(time.Now)
		var now, most, calls atomic.Int64
		l.Fault = func(wire.Entry) (bool, error) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Millisecond)
			defer now.Add(-1)
			switch calls.Add(1) {
			case 20:
				return false, fmt.Errorf("%w: %w", stage.ErrInFlight, put.ErrBusy)
			case 100:
				most.Store(0) // the busy part has been sent again by now
			}
			return true, nil
		}
		if err := put.All(t.Context(), l, parts(10), 8); err != nil || most.Load() != 8 {
			t.Errorf("%d at a time, %v", most.Load(), err)
		}
		rest := parts(200)[10:]
		if err := put.All(t.Context(), l, rest, 2); err != nil || most.Load() > 1 {
			t.Errorf("%d at a time after the stream was busy, %v", most.Load(), err)
		}
	})
}

func TestEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := memlog.New(time.Now)
		l.Fault = func(wire.Entry) (bool, error) { return false, errors.New("timeout") }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := put.All(ctx, l, parts(3), 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}
