package client

import (
	"context"
	"errors"
	"testing"
	"time"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// next is what NextRound says within some time; 0: it waits.
func (s *session) next(who string) uint32 {
	s.t.Helper()
	c := s.start(who)
	defer c.Close()
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	r, err := c.NextRound(ctx)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		s.t.Fatal(err)
	}
	return r
}

func (s *session) wantNext(who string, want uint32) {
	s.t.Helper()
	if got := s.next(who); got != want {
		s.t.Errorf("%s: the next round is %d, want %d", who, got, want)
	}
}

// abort ends the open round without a result.
func (s *session) abort() {
	k := wire.Key{Session: "s", Round: s.round, Kind: wire.KindAbort, Member: wire.Collector}
	if err := s.log.Append(s.t.Context(), wire.Entry{Key: k, Body: wire.Encode(&wire.Abort{Reason: wire.NotEnough})}); err != nil {
		s.t.Fatal(err)
	}
}

// TestMissedRounds: a member that was away verifies the certificates it missed,
// around a round without any, and takes part on the model that follows.
func TestMissedRounds(t *testing.T) {
	t.Parallel()
	bubble(t, 5, func(s *session) {
		s.wantNext("m4", 0)
		s.play()
		s.wantNext("m4", 0)
		s.play("m4")
		s.open()
		s.abort()
		s.wantNext("m4", 0)
		s.play("m4")
		s.wantNext("m4", 0)
		s.open()
		s.wantNext("m4", s.round)
		s.model = wire.Digest{} // nobody is told: the certificates say it
		s.settle(s.others())
	})
}

func TestUnfinishedRound(t *testing.T) {
	t.Parallel()
	bubble(t, 4, func(s *session) {
		s.open()
		wait := s.others("m0")
		s.leaves("m0", "advertise keys") // the others wait for its shares
		s.wantNext("m0", s.round)
		if o, err := s.participate("m0"); err != nil {
			t.Error(err)
		} else {
			s.exact(o)
		}
		s.settle(wait)
		s.wantNext("m0", 0)
	})
}

// until waits for a record of the round as a whole.
func (s *session) until(k wire.Kind) {
	s.t.Helper()
	for {
		if _, err := s.log.Get(s.t.Context(), wire.Key{Session: "s", Round: s.round, Kind: k, Member: wire.Nobody}); err == nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// TestLeavesInTime: opening boxes and contributing is one step, and still a
// member that leaves between them sends no input, then.
func TestLeavesInTime(t *testing.T) {
	t.Parallel()
	bubble(t, 4, func(s *session) {
		s.open()
		wait := s.others("m0")
		s.leaves("m0", "open boxes")
		if _, err := s.log.Get(s.t.Context(), wire.Key{Session: "s", Round: 1, Kind: wire.KindInput, Member: "m0"}); err == nil {
			s.t.Error("it contributed before it left")
		}
		s.exact(must(s.participate("m0")))
		s.settle(wait)
	})
}

// TestDeadRound: a round past its last deadline is nothing to take part in.
func TestDeadRound(t *testing.T) {
	t.Parallel()
	bubble(t, 4, func(s *session) {
		s.log.Append(s.t.Context(), wire.Entry{Key: wire.Key{Session: "s", Round: 1, Kind: wire.KindOpen, Member: wire.Nobody}, Body: []byte("x")})
		s.round++
		s.open()
		time.Sleep(time.Duration(len(wire.Phases)+1) * phase)
		s.wantNext("m0", 0)
	})
}

func TestCatchUp(t *testing.T) {
	t.Parallel()
	bubble(t, 5, func(s *session) {
		s.play()
		s.play("m4")
		s.play("m4")
		c := s.start("m4")
		defer c.Close()
		if err := c.CatchUp(s.t.Context(), s.round); err != nil {
			t.Fatal(err)
		}
		l, err := c.folder.loadLedger("s")
		if err != nil || l.Certificate != s.previous || l.Model != s.model || l.Certified != 3 || l.LastRound != 1 {
			t.Errorf("%v, %+v", err, l.Memory)
		}
		if err := c.CatchUp(s.t.Context(), s.round); err != nil {
			t.Errorf("again: %v", err)
		}
	})
}

// TestNoPath: a certificate that does not follow from this member's.
func TestNoPath(t *testing.T) {
	t.Parallel()
	bubble(t, 5, func(s *session) {
		s.play()
		s.previous = wire.Digest{1}
		s.open()
		_, err := s.participate("m0")
		if !errors.Is(err, secagg.ErrModelBehind) {
			t.Error(err)
		}
		s.abort()
	})
}

func TestObserve(t *testing.T) {
	t.Parallel()
	bubble(t, 5, func(s *session) {
		s.play()
		first := s.previous
		s.play()
		c := s.start("m0")
		defer c.Close()
		o, err := c.Observe(s.t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		s.exact(o)
		l, err := c.folder.loadLedger("s")
		if secagg.CertificateDigest(&o.Certificate) != first || err != nil || l.Certified != 2 {
			t.Errorf("observing moved what this member knows: %v, %+v", err, l)
		}
	})
}

func TestObserveRefuses(t *testing.T) {
	t.Parallel()
	bubble(t, 4, func(s *session) {
		s.play()
		s.authority = key(t)
		c := s.start("m0")
		defer c.Close()
		if _, err := c.Observe(s.t.Context(), 1); !errors.Is(err, secagg.ErrAuthority) {
			t.Error(err)
		}
	})
}
