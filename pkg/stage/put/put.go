// Package put stores many write-once parts in any log. It knows no
// NATS, so that the oracle offers the same method as the real logs.
package put

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

var (
	// ErrOtherBytes: a key holds bytes that are not ours. Write-once means that
	// no retry helps: whoever owns the key has lost or forked its state.
	ErrOtherBytes = errors.New("put: key already holds other bytes; never send again from this state, start a new round")
	// ErrBusy: the stream's ingest queue was full. Nothing was stored. Logs wrap
	// it together with stage.ErrInFlight, which a fold treats the same way.
	ErrBusy = errors.New("put: stream is busy, send less at a time")
)

// DefaultWindow is how many parts one writer keeps in flight: with more, a few
// hundred writers overrun the 128 MiB ingest queue of a stream.
const DefaultWindow = 2

// Patience bounds how long one part is retried without an answer; a crashed
// leader takes 5 to 8 s to replace.
const Patience = 30 * time.Second

// A Store is as much of a stage.Log as putting needs.
type Store interface {
	stage.Getter
	Append(ctx context.Context, e wire.Entry) error
}

// All stores the entries, at most window at a time (0: DefaultWindow). A part
// is stored once the log acknowledged it or returned equal bytes, so that a
// call which failed half-way is resumed by calling again. A busy stream halves
// the window for the rest of the call.
func All(ctx context.Context, to Store, entries []wire.Entry, window int) error {
	if window <= 0 {
		window = DefaultWindow
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := &putter{to: to}
	p.window.Store(int64(min(window, len(entries))))
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range p.window.Load() {
		wg.Go(func() {
			for w < p.window.Load() && ctx.Err() == nil {
				i := next.Add(1) - 1
				if i >= int64(len(entries)) {
					return
				}
				if err := p.one(ctx, entries[i]); err != nil {
					cancel(fmt.Errorf("part %d of %d, %v: %w", i+1, len(entries), entries[i].Key, err))
				}
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

type putter struct {
	to     Store
	window atomic.Int64
}

// one stores e, or fails for good.
func (p *putter) one(ctx context.Context, e wire.Entry) error {
	pause, began := 50*time.Millisecond, time.Now()
	for {
		err := p.to.Append(ctx, e)
		if errors.Is(err, stage.ErrExists) {
			err = p.same(ctx, e)
		}
		switch {
		case err == nil:
			return nil
		case errors.Is(err, ErrOtherBytes), errors.Is(err, stage.ErrRefused), errors.Is(err, stage.ErrFull):
			return err
		case errors.Is(err, ErrBusy):
			p.halve()
		}
		if time.Since(began) > Patience {
			return fmt.Errorf("no answer for %v, run again to resume: %w", Patience, err)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
			pause = min(2*pause, 2*time.Second)
		}
	}
}

// same compares the stored bytes with e. On a replicated stream a read may miss
// a record that is there: stage.ErrMissing then leads to another try.
func (p *putter) same(ctx context.Context, e wire.Entry) error {
	r, err := p.to.Get(ctx, e.Key)
	if err == nil && !bytes.Equal(r.Body, e.Body) {
		return ErrOtherBytes
	}
	return err
}

// halve never goes below one: the worker numbered 0 finishes the list.
func (p *putter) halve() {
	if w := p.window.Load(); w > 1 {
		p.window.CompareAndSwap(w, w/2)
	}
}
