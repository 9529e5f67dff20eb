package memlog

import (
	"context"
	"iter"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// Read yields one round and then waits for more until ctx ends.
func (l *Log) Read(ctx context.Context, session string, round uint32) iter.Seq2[stage.Delivery, error] {
	return func(yield func(stage.Delivery, error) bool) {
		match := func(k wire.Key) bool { return k.Session == session && k.Round == round }
		pending := l.count(match)
		if pending == 0 && !yield(stage.Delivery{Caught: true}, nil) {
			return
		}
		for r := range l.follow(ctx, match) {
			pending--
			if !yield(stage.Delivery{Record: r, Caught: pending <= 0}, nil) {
				return
			}
		}
	}
}

// Opens yields the Open records of all rounds, and waits for more.
func (l *Log) Opens(ctx context.Context) iter.Seq2[wire.Record, error] {
	return func(yield func(wire.Record, error) bool) {
		for r := range l.follow(ctx, func(k wire.Key) bool { return k.Kind == wire.KindOpen }) {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (l *Log) count(match func(wire.Key) bool) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.log {
		if match(r.Key) {
			n++
		}
	}
	return n
}

// follow yields the matching records of the log stream until ctx ends.
func (l *Log) follow(ctx context.Context, match func(wire.Key) bool) iter.Seq[wire.Record] {
	return func(yield func(wire.Record) bool) {
		for next := 0; ctx.Err() == nil; {
			l.mu.Lock()
			fresh, changed := l.log[next:len(l.log):len(l.log)], l.changed
			l.mu.Unlock()
			next += len(fresh)
			for _, r := range fresh {
				if match(r.Key) && (ctx.Err() != nil || !yield(copied(r))) {
					return
				}
			}
			if len(fresh) > 0 {
				continue
			}
			select {
			case <-changed:
			case <-ctx.Done():
			}
		}
	}
}
