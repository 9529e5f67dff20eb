package world

import (
	"context"
	"errors"
	"fmt"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// A fold is one replica of one stage.
type fold struct {
	world  *World
	spec   stage.Spec
	kernel *stage.Kernel
	read   int // records of the round folded so far

	diverged bool
}

// deliver folds in the next record; false if there is none. Where somebody
// tampers a divergence ends the round, as it does in the shell; elsewhere it is
// a violation.
func (f *fold) deliver(records []wire.Record) (bool, error) {
	if f.read >= len(records) || f.kernel.Ended() || f.diverged {
		return false, nil
	}
	f.read++
	err := f.kernel.Apply(records[f.read-1])
	f.world.watch.folded(f)
	var d *stage.Divergence
	if errors.As(err, &d) && f.world.Tamper != nil {
		f.diverged = true
		_, err = f.append(wire.Entry{Key: wire.Key{Session: d.Record.Key.Session, Round: d.Record.Key.Round, Kind: wire.KindAbort, Member: f.spec.Name},
			Body: wire.Encode(&wire.Abort{Reason: wire.Diverged, Detail: d.Record.Key.Subject(), Seq: d.Record.Seq})})
	}
	return true, err
}

// crash loses everything the replica knew.
func (f *fold) crash() { f.kernel, f.read = stage.NewKernel(f.spec), 0 }

// due returns a pending entry whose time has come, and the earliest time of one
// whose time has not.
func (f *fold) due(records []wire.Record) (e wire.Entry, ok bool, next int64) {
	if f.kernel.Ended() || f.diverged || f.read < len(records) {
		return e, false, 0 // not caught up: nothing is appended
	}
	for _, p := range f.kernel.Pending() {
		if !p.NotBefore.After(f.world.now) {
			return p, true, 0
		}
		if at := p.NotBefore.UnixNano(); next == 0 || at < next {
			next = at
		}
	}
	return e, false, next
}

// push appends one pending entry, or does the task it orders.
func (f *fold) push(e wire.Entry) error {
	if !e.Task {
		_, err := f.append(e)
		return err
	}
	worker, ok := f.spec.Work[e.Key.Kind]
	if !ok {
		return fmt.Errorf("world: %s has no worker for %s", f.spec.Name, e.Key.Kind)
	}
	es, err := worker(hurried, wire.Record{Key: e.Key, Body: e.Body}, patient{f.world.Log})
	if err != nil {
		return fmt.Errorf("world: task %s: %w", e.Key, err)
	}
	for _, e := range es {
		if ok, err := f.append(e); !ok || err != nil {
			return err // the order comes back, and its effect is write-once
		}
	}
	return nil
}

// hurried makes a worker's waits end at once; patient reads all the same. There
// is nothing to wait for: what is not in the log in memory never comes.
var hurried = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

type patient struct{ stage.Getter }

// Get implements stage.Getter.
func (p patient) Get(ctx context.Context, k wire.Key) (wire.Record, error) {
	return p.Getter.Get(context.WithoutCancel(ctx), k)
}

// append stores an entry. An unknown outcome makes the replica start over, as
// the shell does; ok is false then.
func (f *fold) append(e wire.Entry) (ok bool, err error) {
	switch err := f.world.append(e); {
	case errors.Is(err, errLost):
		f.crash()
		return false, nil
	case err != nil && !errors.Is(err, stage.ErrExists):
		return false, err
	case e.Key.Kind.Row().Stream != wire.Log:
		f.kernel.Stored(e)
	}
	return true, nil
}

// append stores an entry, after whoever tampers with the store.
func (w *World) append(e wire.Entry) error {
	w.stale = true
	es := []wire.Entry{e}
	if w.Tamper != nil {
		es = w.Tamper(w, e)
	}
	for _, e := range es {
		if err := w.Log.Append(context.Background(), e); err != nil {
			return err
		}
	}
	return nil
}

// store appends until it is stored: for the opener, whose patience has no end.
func (w *World) store(e wire.Entry) {
	w.stale = true
	for {
		if err := w.Log.Append(context.Background(), e); err == nil || errors.Is(err, stage.ErrExists) {
			return
		}
	}
}
