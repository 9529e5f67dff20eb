package stage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chorus/pkg/wire"
)

// AckWait is how long a task may stay silent before another worker gets it.
const AckWait = 5 * time.Second

const (
	retryInFlight = 250 * time.Millisecond // on R3 the leader knows of a write before the log shows it
	retryFull     = 5 * time.Second
	taskPatience  = 3 * AckWait // a result still missing then is asked for again
	taskAttempts  = 5
)

// A Shell runs the folds of one process: it reads, applies, and appends what is
// pending. It is the only place with a clock.
type Shell struct {
	Log   Log
	Tasks Tasks
	Specs []Spec
	Now   func() time.Time
	Meter Meter
}

// A Meter counts what passes through a shell, by stage and kind; nil counts nothing.
type Meter interface {
	Record(stage string, k wire.Kind, bytes int)
	Appended(stage string, k wire.Kind, err error)
	Worked(stage string, k wire.Kind, took time.Duration, err error)
	Alarm(stage string, err error)
}

// A run is one round in one process: one reader, one kernel per stage.
type run struct {
	*Shell
	session string
	round   uint32
	folds   []*fold
	caught  bool
	mine    map[wire.Key]bool // stored by this run, not yet read back
	skew    time.Duration     // the log's clock minus ours, by the last record of ours
}

// now is the local clock as the log's would say it: a deadline that is stored
// before its time is void, and a clock that is ahead would store one after the
// other.
func (r *run) now() time.Time { return r.Now().Add(r.skew) }

type fold struct {
	spec   Spec
	kernel *Kernel
	sent   map[wire.Key]time.Time // appended or offered, not yet read back
	tries  map[wire.Key]uint32
}

// Run folds one round until its terminal record or until ctx ends. Any other
// error means that the outcome of an append is unknown: run it again, which
// replays the round from its first record.
func (s *Shell) Run(ctx context.Context, session string, round uint32) error {
	r := &run{Shell: s, session: session, round: round, mine: map[wire.Key]bool{}}
	for _, spec := range s.Specs {
		r.folds = append(r.folds, &fold{spec, NewKernel(spec), map[wire.Key]time.Time{}, map[wire.Key]uint32{}})
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return r.loop(ctx, r.deliveries(ctx))
}

type delivered struct {
	Delivery
	err error
}

// deliveries turns the reader into a channel, so that timers can interleave.
func (r *run) deliveries(ctx context.Context) <-chan delivered {
	out := make(chan delivered, 64)
	go func() {
		defer close(out)
		for d, err := range r.Log.Read(ctx, r.session, r.round) {
			select {
			case out <- delivered{d, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return out
}

func (r *run) loop(ctx context.Context, in <-chan delivered) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wake, err := r.settle(ctx)
		if err != nil || r.ended() {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		timer.Reset(wake)
		select {
		case d, ok := <-in:
			if !ok {
				return errReader
			}
			if d.err != nil {
				return d.err
			}
			r.apply(ctx, d.Delivery)
			if err := r.drain(ctx, in); err != nil {
				return err
			}
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// drain applies what is there already: records first, appends after.
func (r *run) drain(ctx context.Context, in <-chan delivered) error {
	for {
		select {
		case d, ok := <-in:
			if !ok {
				return errReader
			}
			if d.err != nil {
				return d.err
			}
			r.apply(ctx, d.Delivery)
		default:
			return nil
		}
	}
}

// errReader: the reader ended by itself, so the fold has to start over.
var errReader = errors.New("stage: the reader ended")

func (r *run) apply(ctx context.Context, d Delivery) {
	r.caught = r.caught || d.Caught
	if d.Key == (wire.Key{}) {
		return
	}
	if r.mine[d.Key] {
		delete(r.mine, d.Key)
		r.skew = d.Time.Sub(r.Now())
	}
	for _, f := range r.folds {
		if r.Meter != nil {
			r.Meter.Record(f.spec.Name, d.Key.Kind, len(d.Body))
		}
		delete(f.sent, d.Key)
		if err := f.kernel.Apply(d.Record); err != nil {
			f.abort(r, ctx, wire.Abort{Reason: wire.Diverged, Detail: d.Key.Subject(), Seq: d.Seq})
		}
		if d.Key.Kind == wire.KindOpen && f.kernel.Void() != nil && r.Meter != nil {
			r.Meter.Alarm(f.spec.Name, fmt.Errorf("round %s/%d is not folded: %w", r.session, r.round, f.kernel.Void()))
		}
	}
}

// abort ends the round for all replicas: the first abort in the log is terminal.
func (f *fold) abort(r *run, ctx context.Context, a wire.Abort) {
	key := wire.Key{Session: r.session, Round: r.round, Kind: wire.KindAbort, Member: f.spec.Name}
	err := r.Log.Append(ctx, wire.Entry{Key: key, Body: wire.Encode(&a)})
	if r.Meter != nil {
		r.Meter.Alarm(f.spec.Name, fmt.Errorf("round %s/%d: %s: %s (append: %v)", r.session, r.round, a.Reason, a.Detail, err))
	}
	f.kernel.end()
}

func (r *run) ended() bool {
	for _, f := range r.folds {
		if !f.kernel.Ended() {
			return false
		}
	}
	return true
}

// settle appends everything pending that is due, and says when to look again.
func (r *run) settle(ctx context.Context) (time.Duration, error) {
	wake := time.Hour
	if !r.caught {
		return wake, nil
	}
	now := r.now()
	for _, f := range r.folds {
		for _, e := range append([]wire.Entry(nil), f.kernel.Pending()...) {
			if wait := f.due(e, now); wait > 0 {
				wake = min(wake, wait)
				continue
			}
			again, err := r.push(ctx, f, e, now)
			if err != nil {
				return 0, err
			}
			wake = min(wake, again)
		}
	}
	return wake, nil
}

// due says how long e has to wait for its time, or for what was sent before.
func (f *fold) due(e wire.Entry, now time.Time) time.Duration {
	at := e.NotBefore
	if until, ok := f.sent[e.Key]; ok && until.After(at) {
		at = until
	}
	return at.Sub(now)
}

// push sends one entry. Crash point: dying right after leaves a record that the
// next fold reads back, or an order whose result it finds or asks for again.
func (r *run) push(ctx context.Context, f *fold, e wire.Entry, now time.Time) (time.Duration, error) {
	if e.Task {
		return r.offer(ctx, f, e, now)
	}
	err := r.Log.Append(ctx, e)
	if r.Meter != nil {
		r.Meter.Appended(f.spec.Name, e.Key.Kind, err)
	}
	wait := time.Minute // read back long before; the reader, not this, takes it off
	switch {
	case err == nil || errors.Is(err, ErrExists):
		if e.Key.Kind.Row().Stream != wire.Log {
			f.kernel.Stored(e)
			return time.Hour, nil
		}
		r.mine[e.Key] = err == nil
	case errors.Is(err, ErrInFlight):
		wait = retryInFlight
	case errors.Is(err, ErrFull):
		wait = retryFull
		if r.Meter != nil {
			r.Meter.Alarm(f.spec.Name, err)
		}
	case errors.Is(err, ErrRefused):
		f.abort(r, ctx, wire.Abort{Reason: wire.Internal, Detail: "the server refuses " + e.Key.Subject()})
		return time.Hour, nil
	default:
		return 0, fmt.Errorf("append %s: %w", e.Key, err)
	}
	f.sent[e.Key] = now.Add(wait)
	return wait, nil
}

func (r *run) offer(ctx context.Context, f *fold, e wire.Entry, now time.Time) (time.Duration, error) {
	a := f.tries[e.Key] + 1
	if a > taskAttempts {
		f.abort(r, ctx, wire.Abort{Reason: wire.Internal, Detail: "no worker finished " + e.Key.Subject()})
		return 0, nil
	}
	if err := r.Tasks.Offer(ctx, f.spec.Name, e, a); err != nil && !errors.Is(err, ErrInFlight) && !errors.Is(err, ErrFull) {
		return 0, fmt.Errorf("offer %s: %w", e.Key, err)
	}
	f.tries[e.Key] = a
	f.sent[e.Key] = now.Add(taskPatience)
	return taskPatience, nil
}
