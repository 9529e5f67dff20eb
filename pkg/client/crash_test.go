package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

var errCrash = errors.New("the process died")

// A mortal dies at one of its side effects: before it happened, or after. Dead,
// it has no effects any more.
type mortal struct {
	stage.Log
	at   int // 0: lives
	done bool
	kill context.CancelFunc

	mu    sync.Mutex
	count int
	sent  map[wire.Key][]byte
	other []wire.Key // sent a second time with other bytes
}

// effect does f, unless the process is dead or dies before.
func (m *mortal) effect(f func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count++
	switch {
	case m.at == 0 || m.count < m.at:
		return f()
	case m.count == m.at && m.done:
		f()
	}
	m.kill()
	return errCrash
}

func (m *mortal) Append(ctx context.Context, e wire.Entry) error {
	return m.effect(func() error {
		if b, ok := m.sent[e.Key]; ok && !bytes.Equal(b, e.Body) {
			m.other = append(m.other, e.Key)
		}
		m.sent[e.Key] = e.Body
		return m.Log.Append(ctx, e)
	})
}

// live is one life of the mortal.
func (s *session) live(m *mortal, who string) error {
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	m.kill, m.count = cancel, 0
	cfg := s.config(who)
	cfg.Log, cfg.Window = m, 1
	c := s.startWith(cfg)
	defer c.Close()
	replace, remove := c.folder.replace, c.folder.remove
	c.folder.replace = func(path string, b []byte) error { return m.effect(func() error { return replace(path, b) }) }
	c.folder.remove = func(path string) error { return m.effect(func() error { return remove(path) }) }
	o, err := c.Participate(ctx, s.task(who))
	if err == nil {
		s.exact(o)
	}
	return err
}

// mortality plays a round in which m0 dies at side effect at, and lives again.
func mortality(t *testing.T, at int, done bool) (effects int) {
	bubble(t, 3, func(s *session) {
		s.open()
		s.careless = []string{"m1", "m2"}
		wait := s.others("m0")
		m := &mortal{Log: s.log, at: at, done: done, sent: map[wire.Key][]byte{}}
		err := s.live(m, "m0")
		effects, m.at = m.count, 0
		if err != nil && at > 0 {
			err = s.live(m, "m0")
		}
		if err != nil {
			t.Error(err)
		}
		s.settle(wait)
		if len(m.other) > 0 {
			t.Errorf("sent again with other bytes: %v", m.other)
		}
		s.remembered("m0")
	})
	return effects
}

// remembered checks what a member must know after a certified round.
func (s *session) remembered(who string) {
	c := s.start(who)
	defer c.Close()
	l, err := c.folder.loadLedger("s")
	if err != nil {
		s.t.Fatal(err)
	}
	if l.Certificate != s.previous || l.Certified != s.round || l.LastRound != s.round || len(l.Spent) != 1 {
		s.t.Errorf("remembered %+v", l)
	}
	if left := s.files(who); slices.ContainsFunc(left, func(n string) bool { return n != "s.memory" }) {
		s.t.Errorf("left on disk: %q", left)
	}
}

// TestCrashes: whatever a member was writing or sending when it died, the next
// life ends with the same sum and sends the same bytes.
func TestCrashes(t *testing.T) {
	effects := mortality(t, 0, false)
	if effects < 30 {
		t.Fatalf("only %d side effects", effects)
	}
	for at := 1; at <= effects; at++ {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d,%v", at, done), func(t *testing.T) {
				t.Parallel()
				mortality(t, at, done)
			})
		}
	}
}
