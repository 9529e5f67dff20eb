package logtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// take takes orders in the background until the test ends.
func (s *suite) take(t *testing.T, of string) <-chan stage.Order {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ch, done := make(chan stage.Order), make(chan struct{})
	go func() {
		defer close(done)
		for o, err := range s.Tasks.Take(ctx, of) {
			if err != nil {
				t.Errorf("Take: %v", err)
			}
			select {
			case ch <- o:
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return ch
}

func (s *suite) offer(t *testing.T, to string, part, attempt uint32) wire.Entry {
	t.Helper()
	e := wire.Entry{Key: s.key(wire.KindSum, part), Body: []byte("order"), Task: true}
	if err := s.Tasks.Offer(t.Context(), to, e, attempt); err != nil {
		t.Fatal(err)
	}
	return e
}

func nextOrder(t *testing.T, ch <-chan stage.Order) stage.Order {
	t.Helper()
	select {
	case o := <-ch:
		return o
	case <-time.After(long):
		t.Fatal("no order")
		return stage.Order{}
	}
}

func noOrder(t *testing.T, ch <-chan stage.Order, wait time.Duration) {
	t.Helper()
	select {
	case o := <-ch:
		t.Errorf("order %v attempt %d came", o.Key, o.Attempt)
	case <-time.After(wait):
	}
}

// taskOnceAtATime: an attempt is offered once, goes to one taker, to the right
// stage, and does not come back after it is done.
func (s *suite) taskOnceAtATime(t *testing.T) {
	a, b := s.take(t, wire.Collector), s.take(t, wire.Collector)
	other := s.take(t, wire.Unmasker)
	const n = 10
	for p := range uint32(n) {
		s.offer(t, wire.Collector, p, 1)
		s.offer(t, wire.Collector, p, 1)
	}
	s.offer(t, wire.Collector, 0, 2)
	got := map[uint32]int{}
	for range n + 1 {
		var o stage.Order
		select {
		case o = <-a:
		case o = <-b:
		case <-time.After(long):
			t.Fatal("no order")
		}
		if o.Key != s.key(wire.KindSum, o.Key.Part) || string(o.Body) != "order" {
			t.Errorf("took %v: %q", o.Key, o.Body)
		}
		got[o.Key.Part*10+o.Attempt]++
		o.Done()
	}
	if len(got) != n+1 {
		t.Errorf("orders taken by part and attempt: %v", got)
	}
	noOrder(t, a, 2*s.AckWait)
	noOrder(t, b, 0)
	noOrder(t, other, 0)
}

// taskComesBack: after AckWait, unless its taker is still at it.
func (s *suite) taskComesBack(t *testing.T) {
	ch := s.take(t, wire.Verifier)
	e := s.offer(t, wire.Verifier, 0, 3)
	first := nextOrder(t, ch)
	for range 4 {
		noOrder(t, ch, s.AckWait/2)
		first.Extend()
	}
	began := time.Now()
	again := nextOrder(t, ch)
	if d := time.Since(began); d > 2*s.AckWait+time.Second {
		t.Errorf("came back after %v", d)
	}
	if again.Key != e.Key || again.Attempt != 3 || again.Seq != first.Seq {
		t.Errorf("came back as %v attempt %d", again.Key, again.Attempt)
	}
	again.Done()
	noOrder(t, ch, 2*s.AckWait)
}

func (s *suite) taskRefused(t *testing.T) {
	e := wire.Entry{Key: s.key(wire.KindSum, 0), Body: body(wire.MaxTask+1, 1), Task: true}
	if err := s.Tasks.Offer(t.Context(), wire.Collector, e, 1); !errors.Is(err, stage.ErrRefused) {
		t.Errorf("an order that is too long: %v", err)
	}
	e.Body = nil
	if err := s.Tasks.Offer(t.Context(), "a.b", e, 1); !errors.Is(err, stage.ErrRefused) {
		t.Errorf("a stage that cannot be: %v", err)
	}
}
