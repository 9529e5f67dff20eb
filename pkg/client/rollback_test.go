package client

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"chorus/pkg/secagg"
	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// A counted log counts what is sent.
type counted struct {
	stage.Log
	appends atomic.Int64
	keys    sync.Map
}

func (c *counted) Append(ctx context.Context, e wire.Entry) error {
	c.appends.Add(1)
	c.keys.Store(e.Key, true)
	return c.Log.Append(ctx, e)
}

// copied copies a member's folder, as a backup would.
func (s *session) copied(who string) (dir string) {
	dir = s.dirs[who] + "-copy"
	if err := os.CopyFS(dir, os.DirFS(s.dirs[who])); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		s.t.Fatal(err)
	}
	return dir
}

// leaves lets a member take part until a duty is done.
func (s *session) leaves(who, after string) {
	s.t.Helper()
	c := s.start(who)
	defer c.Close()
	task := s.task(who)
	task.LeaveAfter = after
	if _, err := c.Participate(s.t.Context(), task); !errors.Is(err, ErrLeft) {
		s.t.Fatalf("leaving after %q: %v", after, err)
	}
}

// rolledBack starts a member from another folder, and wants it to refuse and to
// send nothing.
func (s *session) rolledBack(who, dir string) {
	s.t.Helper()
	s.dirs[who] = dir
	cfg := s.config(who)
	log := &counted{Log: s.log}
	cfg.Log = log
	c := s.startWith(cfg)
	defer c.Close()
	_, err := c.Participate(s.t.Context(), s.task(who))
	if !errors.Is(err, secagg.ErrRolledBack) {
		s.t.Errorf("round %d: %v", s.round, err)
	}
	if n := log.appends.Load(); n > 0 {
		s.t.Errorf("round %d: %d entries were sent", s.round, n)
	}
}

// TestRolledBackRound: the folder of a round ago does not know this one.
func TestRolledBackRound(t *testing.T) {
	t.Parallel()
	bubble(t, 4, func(s *session) {
		s.play()
		old := s.copied("m0")
		s.play()
		s.rolledBack("m0", old)
		s.rolledBack("m0", old) // and has not learnt to lie
		s.open()
		wait := s.others("m0")
		s.rolledBack("m0", old)
		s.settle(wait, "m0")
	})
}

// TestEmptyFolder: an empty folder is the oldest copy of all.
func TestEmptyFolder(t *testing.T) {
	t.Parallel()
	bubble(t, 4, func(s *session) {
		s.play()
		s.rolledBack("m0", s.dirs["m0"]+"-empty")
	})
}

// TestRolledBackPhase: the folder of a phase ago would deal other boxes.
func TestRolledBackPhase(t *testing.T) {
	t.Parallel()
	bubble(t, 4, func(s *session) {
		s.open()
		wait := s.others("m0")
		s.leaves("m0", "advertise keys")
		old := s.copied("m0")
		s.leaves("m0", "share keys")
		s.until(wire.KindShareSet)
		s.rolledBack("m0", old)
		s.exact(must(s.participate("m0")), "m0") // it observes
		s.settle(wait, "m0")
	})
}

// TestForgottenConsent: a copy that has not spent the model could be made to
// consent to a second set on it after an abort.
func TestForgottenConsent(t *testing.T) {
	t.Parallel()
	bubble(t, 4, func(s *session) {
		s.open()
		s.after = "consent to A"
		wait := s.others("m0")
		s.leaves("m0", "witness the collection")
		old := s.copied("m0")
		s.leaves("m0", "consent to A")
		for _, e := range wait() {
			if !errors.Is(e.err, ErrLeft) {
				t.Errorf("%s: %v", e.who, e.err)
			}
		}
		s.abort()
		var aborted *AbortedError
		if _, err := s.participate("m1"); !errors.As(err, &aborted) || aborted.Round != 1 || aborted.Reason != wire.NotEnough {
			t.Error(err)
		}
		s.open()
		s.rolledBack("m0", old)
		s.abort()
	})
}
