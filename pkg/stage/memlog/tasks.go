package memlog

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"time"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// An order is a task in the store.
type order struct {
	wire.Record
	attempt uint32
	subject string
	until   time.Time // nobody else may take it before
	done    bool
}

// Offer publishes attempt a of the work order e.
func (l *Log) Offer(ctx context.Context, to string, e wire.Entry, a uint32) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	subject := e.Key.TaskSubject(to, a)
	if _, _, _, err := wire.ParseTaskSubject(subject); err != nil || len(e.Body) > wire.MaxTask {
		return fmt.Errorf("%w: bad stage, bad key or more than %d bytes in the order %s", stage.ErrRefused, wire.MaxTask, subject)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.tasks[to] {
		if o.subject == subject {
			return nil
		}
	}
	l.last["task"]++
	r := wire.Record{Key: e.Key, Body: bytes.Clone(e.Body), Seq: l.last["task"], Time: l.clock()}
	l.tasks[to] = append(l.tasks[to], &order{Record: r, attempt: a, subject: subject})
	l.wake()
	return nil
}

// Take yields the orders of a stage, and waits for more until ctx ends.
func (l *Log) Take(ctx context.Context, of string) iter.Seq2[stage.Order, error] {
	return func(yield func(stage.Order, error) bool) {
		for ctx.Err() == nil {
			o, wait, changed := l.lease(of)
			if o != nil {
				if !yield(l.hand(o), nil) {
					return
				}
				continue
			}
			timer := time.NewTimer(wait)
			select {
			case <-changed:
			case <-timer.C:
			case <-ctx.Done():
			}
			timer.Stop()
		}
	}
}

// Wake makes blocked takers look at the clock again. A simulation calls it
// after it moved its clock; with the real clock nobody has to.
func (l *Log) Wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wake()
}

// lease returns the first order that is free, or how long to wait for one.
func (l *Log) lease(of string) (_ *order, wait time.Duration, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	wait = l.AckWait
	for _, o := range l.tasks[of] {
		switch {
		case o.done:
		case !now.Before(o.until):
			o.until = now.Add(l.AckWait)
			return o, 0, nil
		default:
			wait = min(wait, o.until.Sub(now))
		}
	}
	return nil, wait, l.changed
}

func (l *Log) hand(o *order) stage.Order {
	return stage.Order{
		Record:  copied(o.Record),
		Attempt: o.attempt,
		Extend:  func() { l.update(func() { o.until = l.clock().Add(l.AckWait) }) },
		Done:    func() { l.update(func() { o.done = true }) },
	}
}

func (l *Log) update(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}
