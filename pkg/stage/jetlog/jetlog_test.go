package jetlog_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"chorus/internal/broker"
	"chorus/internal/broker/brokertest"
	"chorus/pkg/stage"
	"chorus/pkg/stage/jetlog"
	"chorus/pkg/stage/logtest"
	"chorus/pkg/wire"
)

// sizes keep the servers of a test small.
var sizes = jetlog.Sizes{Log: 64 << 20, Bulk: 64 << 20, Pub: 64 << 20, Task: 16 << 20}

func ensure(t *testing.T, b *brokertest.Broker, replicas int) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(b.Core(broker.Admin))
	if err != nil {
		t.Fatal(err)
	}
	if err := jetlog.Ensure(t.Context(), js, jetlog.Streams(replicas, sizes)); err != nil {
		t.Fatal(err)
	}
	return js
}

func open(t *testing.T, b *brokertest.Broker, r broker.Role) *jetlog.Log {
	t.Helper()
	l, err := jetlog.New(b.Core(r))
	if err != nil {
		t.Fatal(err)
	}
	l.AckWait = 500 * time.Millisecond
	return l
}

// fixture writes as admin: no other role may write every kind.
func fixture(t *testing.T, b *brokertest.Broker, replicas int) logtest.Fixture {
	t.Helper()
	js := ensure(t, b, replicas)
	l := open(t, b, broker.Admin)
	return logtest.Fixture{
		Log: l, Core: open(t, b, broker.Admin), Opens: l, Tasks: open(t, b, broker.Services), AckWait: l.AckWait,
		Another: func() logtest.Store { return open(t, b, broker.Admin) },
		Me:      "alice", Session: "s1",
		Skipped: l.Skipped,
		Foreign: func(t *testing.T, subject string) {
			if _, err := js.Publish(t.Context(), subject, nil); err != nil {
				t.Fatal(err)
			}
		},
		Fill:    func(t *testing.T) func() { return fill(t, js, replicas) },
		Restart: func(*testing.T) { b.Restart() },
	}
}

// fill leaves room for a few records in the log stream.
func fill(t *testing.T, js jetstream.JetStream, replicas int) (undo func()) {
	t.Helper()
	s, err := js.Stream(t.Context(), jetlog.LogStream)
	if err != nil {
		t.Fatal(err)
	}
	small := s.CachedInfo().Config
	small.MaxBytes = int64(s.CachedInfo().State.Bytes) + 30_000
	if _, err := js.UpdateStream(t.Context(), small); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := jetlog.Ensure(t.Context(), js, jetlog.Streams(replicas, sizes)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestConformanceR1(t *testing.T) {
	logtest.Run(t, func(t *testing.T) logtest.Fixture {
		return fixture(t, brokertest.Single(t, t.TempDir()), 1)
	})
}

// TestConformanceR3 leaves restarting three servers to the heavy tests.
func TestConformanceR3(t *testing.T) {
	logtest.Run(t, func(t *testing.T) logtest.Fixture {
		f := fixtureR3(t)
		f.Restart = nil
		return f
	})
}

func fixtureR3(t *testing.T) logtest.Fixture {
	f := fixture(t, brokertest.Cluster3(t, t.TempDir()), 3)
	f.Settle = 5 * time.Second
	return f
}

func TestVerifyNamesEveryDifference(t *testing.T) {
	b := brokertest.Single(t, t.TempDir())
	js := ensure(t, b, 1)
	want := jetlog.Streams(1, sizes)
	if err := jetlog.Verify(t.Context(), js, want); err != nil {
		t.Fatal(err)
	}
	wrong := want[0]
	wrong.MaxAge, wrong.MaxBytes, wrong.AllowRollup = time.Hour, 1<<20, true
	if _, err := js.UpdateStream(t.Context(), wrong); err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteStream(t.Context(), jetlog.PubStream); err != nil {
		t.Fatal(err)
	}
	err := jetlog.Verify(t.Context(), js, want)
	d, ok := err.(*jetlog.DriftError)
	if !ok || len(d.Lines) != 4 || !strings.Contains(err.Error(), "chorus streams ensure") {
		t.Fatalf("got %v", err)
	}
	if err := jetlog.Ensure(t.Context(), js, want); err != nil {
		t.Fatal(err)
	}
	if err := jetlog.Verify(t.Context(), js, want); err != nil {
		t.Fatal(err)
	}
}

// TestHistory reads a round and the list of rounds with the replay credential.
func TestHistory(t *testing.T) {
	b := brokertest.Single(t, t.TempDir())
	js := ensure(t, b, 1)
	l := open(t, b, broker.Admin)
	const n = 600 // more than two batches
	for i := range uint32(n) {
		for _, round := range []uint32{1, 2} {
			k := wire.Key{Session: "s", Round: round, Kind: wire.KindRoster, Member: wire.Nobody, Part: i}
			if err := l.Append(t.Context(), wire.Entry{Key: k, Body: []byte{byte(i)}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := js.Publish(t.Context(), "chorus.log.s.00000001.open.-.x", nil); err != nil {
		t.Fatal(err)
	}
	view := jetlog.NewStore(b.Core(broker.Replay))
	i := uint32(0)
	for r, err := range view.History(t.Context(), "s", 1) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Key.Round != 1 || r.Key.Part != i || r.Seq != uint64(2*i+1) || len(r.Body) != 1 || r.Body[0] != byte(i) {
			t.Fatalf("record %d is %+v", i, r)
		}
		i++
	}
	if i != n {
		t.Errorf("%d records", i)
	}
	for r, err := range view.Rounds(t.Context()) {
		t.Errorf("round %v, %v", r.Key, err)
	}
	for r, err := range jetlog.NewStore(b.Participant("alice", "s")).History(t.Context(), "s", 1) {
		if !errors.Is(err, stage.ErrRefused) {
			t.Errorf("a participant reads %v, %v", r.Key, err)
		}
	}
}
