package world

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"chorus/pkg/secagg"
	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// maxSteps bounds one round; a live round takes far fewer.
const maxSteps = 200_000

// ErrStuck: nobody can do anything and the round has not ended.
var ErrStuck = errors.New("world: the round is stuck")

// Round opens a round and runs it to its end, checking the invariants.
func (w *World) Round() error {
	w.Open()
	for n := 0; n < maxSteps; n++ {
		ok, err := w.step()
		if w.watch.broken != nil {
			err = w.watch.broken
		}
		if err != nil {
			return fmt.Errorf("seed %d, round %d, step %d: %w", w.Seed, w.round, n, err)
		}
		w.Steps++
		if !ok {
			return w.finish()
		}
	}
	return fmt.Errorf("seed %d, round %d: %w after %d steps", w.Seed, w.round, ErrStuck, maxSteps)
}

// step does one thing that can be done; false if there is none.
func (w *World) step() (bool, error) {
	if w.Crash && w.rng.IntN(60) == 0 {
		w.crashSomebody()
	}
	records := w.Records()
	actors := len(w.folds) + len(w.Members)
	first := 0
	if !w.Fair {
		first = w.rng.IntN(actors)
	}
	for i := range actors {
		done, err := w.act((first+i)%actors, records)
		if done || err != nil {
			return true, err
		}
	}
	return w.wait(records), nil
}

// act lets one actor do one thing.
func (w *World) act(i int, records []wire.Record) (bool, error) {
	if i >= len(w.folds) {
		m := w.Members[i-len(w.folds)]
		return m.send() || m.deliver(records), nil
	}
	f := w.folds[i]
	if done, err := f.deliver(records); done || err != nil {
		return done, err
	}
	if e, ok, _ := f.due(records); ok && !w.onLog(records, e) {
		return true, f.push(e)
	}
	return false, nil
}

// onLog: appended before and not yet delivered, which due excludes but for
// entries of a replica that pushes again what another has just written.
func (w *World) onLog(records []wire.Record, e wire.Entry) bool {
	return slices.ContainsFunc(records, func(r wire.Record) bool { return r.Key == e.Key })
}

// wait moves the clock to the next timer; false if there is none.
func (w *World) wait(records []wire.Record) bool {
	next := int64(0)
	for _, f := range w.folds {
		if _, _, at := f.due(records); at != 0 && (next == 0 || at < next) {
			next = at
		}
	}
	for _, m := range w.Members {
		if at := m.due(); at != 0 && (next == 0 || at < next) {
			next = at
		}
	}
	if next == 0 {
		return false
	}
	w.now = time.Unix(0, next).UTC()
	return true
}

func (w *World) crashSomebody() {
	if w.rng.IntN(2) == 0 {
		w.folds[w.rng.IntN(len(w.folds))].crash()
		return
	}
	if m := w.Members[w.rng.IntN(len(w.Members))]; !m.Gone {
		m.restart()
	}
}

// finish checks what must hold when nothing moves any more.
func (w *World) finish() error {
	records := w.Records()
	if err := w.checkRound(records); err != nil {
		return err
	}
	if a, ok := abortOf(records); ok {
		w.Aborts = append(w.Aborts, a)
		return nil
	}
	if !slices.ContainsFunc(records, func(r wire.Record) bool { return r.Key.Kind == wire.KindCertificate }) {
		return ErrStuck
	}
	return w.checkSum()
}

func abortOf(records []wire.Record) (a wire.Abort, ok bool) {
	for _, r := range records {
		if r.Key.Kind == wire.KindAbort {
			return a, wire.DecodeBody(r.Body, &a) == nil
		}
	}
	return a, false
}

// checkSum: every member that is done holds the exact sum of A's encoded inputs.
func (w *World) checkSum() error {
	done := 0
	for _, m := range w.Members {
		if !m.Done() {
			if !m.Gone && m.Err() != nil && m.honest() {
				return fmt.Errorf("%s: %w", m.Name, m.Err())
			}
			continue
		}
		o, err := m.Outcome()
		if err != nil {
			return err
		}
		if err := w.exact(o); err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
		w.previous, w.model = secagg.CertificateDigest(&o.Certificate), o.Result.Next
		done++
	}
	if done == 0 {
		return fmt.Errorf("%w: certified, and nobody has the result", ErrStuck)
	}
	return nil
}

func (w *World) exact(o *secagg.Outcome) error {
	want := make([]int64, w.Dim)
	for _, name := range o.Contributed {
		for i, x := range w.Members[w.Roster.Position(name)].encoded {
			want[i] += int64(x)
		}
	}
	if !slices.Equal(want, o.Sum) {
		return fmt.Errorf("the sum over %v is %v, want %v", o.Contributed, o.Sum, want)
	}
	return nil
}

// Replay folds the finished round again and returns what does not agree.
func (w *World) Replay(specs []stage.Spec) (bad []stage.Finding) {
	for _, f := range stage.Replay(w.Records(), specs, 0) {
		if f.Verdict != stage.Agreed && f.Verdict != stage.NotNeeded {
			bad = append(bad, f)
		}
	}
	return bad
}
