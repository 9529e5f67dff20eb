package memlog_test

import (
	"errors"
	"testing"
	"time"

	"chorus/pkg/stage"
	"chorus/pkg/stage/logtest"
	"chorus/pkg/stage/memlog"
	"chorus/pkg/wire"
)

func TestConformance(t *testing.T) {
	logtest.Run(t, func(*testing.T) logtest.Fixture {
		l := memlog.New(time.Now)
		l.AckWait = 200 * time.Millisecond
		return logtest.Fixture{
			Log: l, Core: l, Opens: l, Tasks: l, AckWait: l.AckWait,
			Another: func() logtest.Store { return l },
			Me:      "alice", Session: "s1",
			Fill: func(*testing.T) func() {
				l.MaxBytes = 50_000 + wire.MaxBody
				return func() { l.MaxBytes = 0 }
			},
		}
	})
}

func entry(round uint32) wire.Entry {
	return wire.Entry{Key: wire.Key{Session: "s", Round: round, Kind: wire.KindOpen, Member: wire.Nobody}, Body: []byte("b")}
}

// TestFaults: a lost entry leaves no trace, a lost acknowledgement does.
func TestFaults(t *testing.T) {
	l := memlog.New(func() time.Time { return time.Unix(7, 0) })
	lost := errors.New("lost")
	l.Fault = func(e wire.Entry) (bool, error) {
		if e.Key.Round == 3 {
			return true, nil
		}
		return e.Key.Round == 2, lost
	}
	for round := uint32(1); round <= 2; round++ {
		if err := l.Append(t.Context(), entry(round)); !errors.Is(err, lost) {
			t.Errorf("round %d: %v", round, err)
		}
	}
	if err := l.Append(t.Context(), entry(3)); err != nil {
		t.Error(err)
	}
	if err := l.Append(t.Context(), entry(3)); !errors.Is(err, stage.ErrExists) {
		t.Error(err)
	}
	rs := l.Records()
	if len(rs) != 2 || rs[0].Key.Round != 2 || rs[0].Seq != 1 || rs[1].Seq != 2 || !rs[1].Time.Equal(time.Unix(7, 0)) {
		t.Errorf("records %+v", rs)
	}
	rs[0].Body[0] = 'X'
	if l.Records()[0].Body[0] != 'b' {
		t.Error("a record was changed from outside")
	}
}
