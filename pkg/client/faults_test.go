package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chorus/pkg/secagg"
	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// A flaky log does every third thing, and says every fault of the contract.
type flaky struct {
	stage.Log
	mu    sync.Mutex
	rng   *rand.Rand
	sent  map[wire.Key][]byte
	other int
}

var errLost = errors.New("no answer")

func newFlaky(log stage.Log, seed uint64) *flaky {
	return &flaky{Log: log, rng: rand.New(rand.NewPCG(seed, 0)), sent: map[wire.Key][]byte{}}
}

func (f *flaky) roll(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rng.IntN(n)
}

func (f *flaky) Append(ctx context.Context, e wire.Entry) error {
	f.mu.Lock()
	if b, ok := f.sent[e.Key]; ok && !bytes.Equal(b, e.Body) {
		f.other++
	}
	f.sent[e.Key] = e.Body
	f.mu.Unlock()
	switch f.roll(6) {
	case 0:
		return fmt.Errorf("%w: on another node", stage.ErrInFlight)
	case 1:
		return fmt.Errorf("%w: for now", stage.ErrFull)
	case 2:
		return errLost
	case 3:
		f.Log.Append(ctx, e)
		return errLost
	}
	return f.Log.Append(ctx, e)
}

func (f *flaky) Get(ctx context.Context, k wire.Key) (wire.Record, error) {
	if f.roll(3) == 0 {
		return wire.Record{}, errLost
	}
	return f.Log.Get(ctx, k)
}

func (f *flaky) Read(ctx context.Context, session string, round uint32) iter.Seq2[stage.Delivery, error] {
	return func(yield func(stage.Delivery, error) bool) {
		left := f.roll(300) // every reader starts over
		for d, err := range f.Log.Read(ctx, session, round) {
			if left--; left < 0 {
				yield(stage.Delivery{}, errLost)
				return
			}
			if !yield(d, err) {
				return
			}
		}
	}
}

// TestFlakyLog: every fault of the contract is waited out, with the same bytes.
func TestFlakyLog(t *testing.T) {
	t.Parallel()
	bubble(t, 4, func(s *session) {
		f := newFlaky(s.log, 1)
		s.logs = map[string]stage.Log{"m0": f, "m1": newFlaky(s.log, 2)}
		s.play()
		if f.other > 0 {
			t.Error("sent again with other bytes")
		}
	})
}

// A spoilt log answers for one kind in its own way.
type spoilt struct {
	stage.Log
	kind wire.Kind
	gets atomic.Int64
	get  func(wire.Record, error) (wire.Record, error)
	put  func() error
}

func (l *spoilt) Get(ctx context.Context, k wire.Key) (wire.Record, error) {
	rec, err := l.Log.Get(ctx, k)
	if k.Kind == l.kind && l.get != nil {
		l.gets.Add(1)
		return l.get(rec, err)
	}
	return rec, err
}

func (l *spoilt) Append(ctx context.Context, e wire.Entry) error {
	if e.Key.Kind == l.kind && l.put != nil {
		return l.put()
	}
	return l.Log.Append(ctx, e)
}

// against runs m0 alone against a log, for a minute.
func (s *session) against(l *spoilt) (took time.Duration, err error) {
	l.Log = s.log
	cfg := s.config("m0")
	cfg.Log = l
	c := s.startWith(cfg)
	defer c.Close()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	began := time.Now()
	_, err = c.Participate(ctx, s.task("m0"))
	return time.Since(began), err
}

// TestRefused: what the log will never take ends the round at once.
func TestRefused(t *testing.T) {
	t.Parallel()
	refusal := fmt.Errorf("%w: no permission for m0", stage.ErrRefused)
	for name, l := range map[string]*spoilt{
		"append":       {kind: wire.KindAdvert, put: func() error { return refusal }},
		"get of own":   {kind: wire.KindAdvert, get: func(wire.Record, error) (wire.Record, error) { return wire.Record{}, refusal }},
		"get of open":  {kind: wire.KindOpen, get: func(wire.Record, error) (wire.Record, error) { return wire.Record{}, refusal }},
		"get of setup": {kind: wire.KindSetupBundle, get: func(wire.Record, error) (wire.Record, error) { return wire.Record{}, refusal }},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 4, func(s *session) {
				s.open()
				s.after = "share keys"
				wait := s.others("m0")
				took, err := s.against(l)
				if !errors.Is(err, stage.ErrRefused) || !strings.Contains(err.Error(), "no permission for m0") {
					s.t.Error(err)
				}
				if took > 2*phase {
					s.t.Errorf("after %v", took)
				}
				wait()
				s.abort()
			})
		})
	}
}

// TestWrongBytes: a server that serves other bytes for ever is asked less and
// less often, and gets nothing.
func TestWrongBytes(t *testing.T) {
	t.Parallel()
	bubble(t, 4, func(s *session) {
		s.open()
		wait := s.others("m0")
		l := &spoilt{kind: wire.KindSetupBundle, get: func(r wire.Record, err error) (wire.Record, error) {
			r.Body = bytes.Repeat([]byte("x"), len(r.Body))
			return r, err
		}}
		if took, err := s.against(l); !errors.Is(err, context.DeadlineExceeded) || took != time.Minute {
			s.t.Errorf("%v after %v", err, took)
		}
		if n := l.gets.Load(); n < 60 || n > 80 {
			s.t.Errorf("asked %d times in a minute", n)
		}
		wait()
	})
}

// TestForgedOwnRecord: bytes at this member's key that it did not sign refuse
// the round, and say nothing about its folder.
func TestForgedOwnRecord(t *testing.T) {
	t.Parallel()
	bubble(t, 4, func(s *session) {
		s.open()
		k := wire.Key{Session: "s", Round: 1, Kind: wire.KindAdvert, Member: "m0"}
		if err := s.log.Append(s.t.Context(), wire.Entry{Key: k, Body: secagg.Sign(key(s.t), k.Kind, wire.Digest{}, &wire.Attest{})}); err != nil {
			s.t.Fatal(err)
		}
		wait := s.others("m0")
		if _, err := s.participate("m0"); !errors.Is(err, secagg.ErrRolledBack) {
			s.t.Error(err)
		}
		s.settle(wait, "m0")
		s.play()
	})
}

// TestRefusals: what the machine refuses comes out as it is, nothing was sent,
// and another try may be better.
func TestRefusals(t *testing.T) {
	t.Parallel()
	bubble(t, 4, func(s *session) {
		s.open()
		wait := s.others("m0")
		log := &counted{Log: s.log}
		cfg := s.config("m0")
		cfg.Log = log
		cfg.Policy = secagg.DefaultPolicy()
		cfg.Policy.MinU1 = 100
		c := s.startWith(cfg)
		if _, err := c.Participate(s.t.Context(), s.task("m0")); !errors.Is(err, secagg.ErrWeak) {
			s.t.Error(err)
		}
		task := s.task("m0")
		task.Model = wire.Digest{1}
		c.cfg.Policy.MinU1 = 3
		if _, err := c.Participate(s.t.Context(), task); !errors.Is(err, secagg.ErrModelUnknown) {
			s.t.Error(err)
		}
		c.Close()
		if log.appends.Load() > 0 || len(s.files("m0")) > 0 {
			s.t.Errorf("sent %d, left %q", log.appends.Load(), s.files("m0"))
		}
		s.exact(must(s.participate("m0")))
		s.settle(wait)
	})
}
