package logtest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

func (s *suite) writeOnce(t *testing.T) {
	first, second := s.entry(wire.KindAdvert, "first"), s.entry(wire.KindAdvert, "second")
	if err := s.Log.Append(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	for _, e := range []wire.Entry{first, second} {
		if err := s.Log.Append(t.Context(), e); !errors.Is(err, stage.ErrExists) && !errors.Is(err, stage.ErrInFlight) {
			t.Errorf("append of %s: %v", e.Body, err)
		}
	}
	r := s.get(t, first.Key)
	if string(r.Body) != "first" || r.Key != first.Key || r.Seq == 0 || r.Time.IsZero() {
		t.Errorf("got %+v", r)
	}
	if err := s.Log.Append(t.Context(), second); !errors.Is(err, stage.ErrExists) {
		t.Errorf("append after a read: %v", err)
	}
}

func (s *suite) bytesAreCopied(t *testing.T) {
	e := s.entry(wire.KindAdvert, "bytes")
	if err := s.Log.Append(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	e.Body[0] = 'X'
	s.get(t, e.Key).Body[1] = 'X'
	if r := s.get(t, e.Key); string(r.Body) != "bytes" {
		t.Errorf("the record became %q", r.Body)
	}
	empty := wire.Entry{Key: s.key(wire.KindShares, 0)}
	if err := s.Log.Append(t.Context(), empty); err != nil {
		t.Fatal(err)
	}
	if r := s.get(t, empty.Key); len(r.Body) != 0 {
		t.Errorf("the empty record became %q", r.Body)
	}
}

const racers = 20

// oneRacerWins races on three keys. ErrInFlight is no outcome: ask again.
func (s *suite) oneRacerWins(t *testing.T) {
	logs := make([]Store, racers)
	for i := range logs {
		logs[i] = s.Another()
	}
	for _, kind := range []wire.Kind{wire.KindAdvert, wire.KindConsent, wire.KindInputPart} {
		e := s.entry(kind, "")
		errs := make([]error, racers)
		gate := make(chan struct{})
		var wg sync.WaitGroup
		for i, l := range logs {
			wg.Go(func() {
				<-gate
				errs[i] = settled(t.Context(), l, wire.Entry{Key: e.Key, Body: []byte(label(i))})
			})
		}
		close(gate)
		wg.Wait()
		var winners []string
		for i, err := range errs {
			if err == nil {
				winners = append(winners, label(i))
			} else if !errors.Is(err, stage.ErrExists) {
				t.Errorf("%s: %v", label(i), err)
			}
		}
		if got := string(s.get(t, e.Key).Body); len(winners) != 1 || winners[0] != got {
			t.Errorf("%s: winners %q, stored %q", kind, winners, got)
		}
	}
}

// settled appends until the outcome is known.
func settled(ctx context.Context, l stage.Log, e wire.Entry) error {
	for {
		err := l.Append(ctx, e)
		if !errors.Is(err, stage.ErrInFlight) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (s *suite) missing(t *testing.T) {
	for _, k := range []wire.Key{s.key(wire.KindAdvert, 0), s.key(wire.KindOpen, 0), s.key(wire.KindInputPart, 3), s.key(wire.KindSetupBundle, 0)} {
		if _, err := s.Log.Get(t.Context(), k); !errors.Is(err, stage.ErrMissing) {
			t.Errorf("%v: %v", k, err)
		}
	}
}

// sizes stores what just fits and refuses one byte more, without sending it.
func (s *suite) sizes(t *testing.T) {
	for kind, limit := range map[wire.Kind]int{wire.KindAdvert: wire.MaxBody, wire.KindInputPart: wire.MaxPart} {
		fits := wire.Entry{Key: s.key(kind, 0), Body: body(limit, 1)}
		if err := s.Log.Append(t.Context(), wire.Entry{Key: fits.Key, Body: body(limit+1, 1)}); !errors.Is(err, stage.ErrRefused) {
			t.Errorf("%s of %d bytes: %v", kind, limit+1, err)
		}
		if err := s.Log.Append(t.Context(), fits); err != nil {
			t.Errorf("%s of %d bytes: %v", kind, limit, err)
		}
		if r := s.get(t, fits.Key); !bytes.Equal(r.Body, fits.Body) {
			t.Errorf("%s of %d bytes came back as %d", kind, limit, len(r.Body))
		}
	}
}

func (s *suite) noSuchKey(t *testing.T) {
	good := s.key(wire.KindAdvert, 0)
	wild, empty, zero, unknown := good, good, good, good
	wild.Member, empty.Session, zero.Round, unknown.Kind = "*", "", 0, "gossip"
	for _, k := range []wire.Key{wild, empty, zero, unknown} {
		if err := s.Log.Append(t.Context(), wire.Entry{Key: k}); !errors.Is(err, stage.ErrRefused) {
			t.Errorf("%+v: %v", k, err)
		}
	}
	if err := s.Log.Append(t.Context(), wire.Entry{Key: good, Task: true}); !errors.Is(err, stage.ErrRefused) {
		t.Errorf("a work order was appended: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Log.Append(ended, wire.Entry{Key: good}); err == nil {
		t.Error("appended after the end of ctx")
	}
}
