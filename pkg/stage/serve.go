package stage

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"chorus/pkg/wire"
)

const (
	// Grace is how long after its last deadline a round is still followed:
	// late attestations may certify it.
	Grace     = 10 * time.Minute
	heartbeat = time.Second
	replayGap = 500 * time.Millisecond // between an unknown outcome and the next replay
)

// Serve follows the Opens, runs every round that is still live, and works off
// the tasks of its stages, until ctx ends. Replicas need nothing from each other.
func (s *Shell) Serve(ctx context.Context, opens Opens) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	defer all.Wait()
	for _, spec := range s.Specs {
		if len(spec.Work) > 0 {
			all.Go(func() { s.work(ctx, spec) })
		}
	}
	seen := map[wire.Key]bool{}
	for ctx.Err() == nil {
		for rec, err := range opens.Opens(ctx) {
			if err != nil {
				s.alarm(fmt.Errorf("following opens: %w", err))
				break
			}
			if seen[rec.Key] || !s.live(rec) {
				continue
			}
			seen[rec.Key] = true
			all.Go(func() { s.follow(ctx, rec) })
		}
		pause(ctx, replayGap)
	}
	return ctx.Err()
}

// live reports whether a round can still change.
func (s *Shell) live(open wire.Record) bool {
	var o wire.Open
	if _, err := wire.DecodeSigned(open.Body, &o); err != nil {
		return false
	}
	return s.Now().Before(o.Deadline(wire.Attestation).Add(Grace))
}

// follow runs a round to its end, replaying it after every unknown outcome.
func (s *Shell) follow(ctx context.Context, open wire.Record) {
	var o wire.Open
	if _, err := wire.DecodeSigned(open.Body, &o); err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, o.Deadline(wire.Attestation).Add(Grace).Sub(s.Now()))
	defer cancel()
	for ctx.Err() == nil {
		err := s.Run(ctx, open.Key.Session, open.Key.Round)
		if err == nil {
			return
		}
		if ctx.Err() == nil {
			s.alarm(fmt.Errorf("round %s/%d is replayed: %w", open.Key.Session, open.Key.Round, err))
		}
		pause(ctx, replayGap)
	}
}

// work does orders one at a time. More replicas do more.
func (s *Shell) work(ctx context.Context, spec Spec) {
	for ctx.Err() == nil {
		for o, err := range s.Tasks.Take(ctx, spec.Name) {
			if err != nil {
				s.alarm(fmt.Errorf("%s: taking tasks: %w", spec.Name, err))
				break
			}
			if err := s.Do(ctx, spec, o); err != nil && ctx.Err() == nil {
				s.alarm(fmt.Errorf("%s: task %s, attempt %d: %w", spec.Name, o.Key, o.Attempt, err))
			}
		}
		pause(ctx, replayGap)
	}
}

// Do carries out one order. Crash points: anywhere. Until Done the order comes
// back after AckWait, and every effect is a write-once record.
func (s *Shell) Do(ctx context.Context, spec Spec, o Order) error {
	worker, ok := spec.Work[o.Key.Kind]
	if !ok {
		o.Done()
		return fmt.Errorf("no worker for %s", o.Key.Kind)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go beat(ctx, o.Extend)
	began := s.Now()
	es, err := worker(ctx, o.Record, s.Log)
	if s.Meter != nil {
		s.Meter.Worked(spec.Name, o.Key.Kind, s.Now().Sub(began), err)
	}
	if err != nil {
		return err
	}
	for _, e := range es {
		if err := s.Log.Append(ctx, e); err != nil && !errors.Is(err, ErrExists) {
			return fmt.Errorf("append %s: %w", e.Key, err)
		}
		if s.Meter != nil {
			s.Meter.Appended(spec.Name, e.Key.Kind, nil)
		}
	}
	o.Done()
	return nil
}

func beat(ctx context.Context, extend func()) {
	t := time.NewTicker(heartbeat)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			extend()
		}
	}
}

func (s *Shell) alarm(err error) {
	if s.Meter != nil {
		s.Meter.Alarm("", err)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
