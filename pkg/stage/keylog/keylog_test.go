package keylog_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"chorus/internal/broker"
	"chorus/internal/broker/brokertest"
	"chorus/pkg/stage"
	"chorus/pkg/stage/jetlog"
	"chorus/pkg/stage/keylog"
	"chorus/pkg/stage/logtest"
	"chorus/pkg/wire"
)

var sizes = jetlog.Sizes{Log: 64 << 20, Bulk: 64 << 20, Pub: 64 << 20, Task: 16 << 20}

func core(t *testing.T, b *brokertest.Broker, replicas int) *jetlog.Log {
	t.Helper()
	nc := b.Core(broker.Admin)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := jetlog.Ensure(t.Context(), js, jetlog.Streams(replicas, sizes)); err != nil {
		t.Fatal(err)
	}
	l, err := jetlog.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func fixture(t *testing.T, b *brokertest.Broker, replicas int) logtest.Fixture {
	t.Helper()
	another := func() logtest.Store { return keylog.New(b.Participant("alice", "s1")) }
	return logtest.Fixture{
		Log: another(), Core: core(t, b, replicas), Another: another,
		Me: "alice", Session: "s1",
		Restart: func(*testing.T) { b.Restart() },
	}
}

func TestConformance(t *testing.T) {
	logtest.Run(t, func(t *testing.T) logtest.Fixture {
		return fixture(t, brokertest.Single(t, t.TempDir()), 1)
	})
}

func public(kind wire.Kind, member string, part uint32) wire.Entry {
	return wire.Entry{Key: wire.Key{Session: "s1", Round: 1, Kind: kind, Member: member, Part: part}, Body: []byte{byte(part)}}
}

// TestEveryPublicKind: parts, phases and stages included, live and afterwards.
func TestEveryPublicKind(t *testing.T) {
	b := brokertest.Single(t, t.TempDir())
	services := core(t, b, 1)
	var all []wire.Entry
	for _, row := range wire.Kinds() {
		if !row.Public || row.Stream != wire.Log || row.Member == "name" {
			continue
		}
		for _, m := range map[string][]string{wire.Nobody: {wire.Nobody},
			"phase": {string(wire.ShareKeys), string(wire.Attestation)}, "stage": {wire.Unmasker, wire.Robust}}[row.Member] {
			all = append(all, public(row.Kind, m, 0))
			if row.Parts {
				all = append(all, public(row.Kind, m, 1), public(row.Kind, m, 2))
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	live := count(ctx, t, keylog.New(b.Participant("alice", "s1")), len(all))
	time.Sleep(50 * time.Millisecond)
	began := time.Now()
	for _, e := range all {
		if err := services.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	want := <-live
	t.Logf("%d records live in %v", want, time.Since(began))
	if got := <-count(ctx, t, keylog.New(b.Participant("bob", "s1")), len(all)); got != len(all) || want != len(all) {
		t.Errorf("read %d live, %d afterwards of %d", want, got, len(all))
	}
}

// count reads n records of round 1, or as many as come in 20 s.
func count(ctx context.Context, t *testing.T, l *keylog.Log, n int) <-chan int {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	ch := make(chan int, 1)
	go func() {
		defer cancel()
		seen := map[wire.Key]bool{}
		for d, err := range l.Read(ctx, "s1", 1) {
			if err != nil {
				t.Error(err)
			}
			if seen[d.Key] {
				t.Errorf("%v came twice", d.Key)
			}
			if d.Seq > 0 {
				seen[d.Key] = true
			}
			if len(seen) == n {
				break
			}
		}
		ch <- len(seen)
	}()
	return ch
}

// TestRefusedAtOnce: what the server refuses it does not answer, and a timeout
// would take 5 s.
func TestRefusedAtOnce(t *testing.T) {
	b := brokertest.Single(t, t.TempDir())
	core(t, b, 1)
	l := keylog.New(b.Participant("alice", "s1"))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	other := wire.Key{Session: "s1", Round: 1, Kind: wire.KindAdvert, Member: "bob"}
	if err := l.Append(ctx, wire.Entry{Key: other}); !errors.Is(err, stage.ErrRefused) {
		t.Errorf("append as bob: %v", err)
	}
	if _, err := l.Get(ctx, other); !errors.Is(err, stage.ErrRefused) {
		t.Errorf("get of bob's: %v", err)
	}
	n := 0
	for d, err := range l.Read(ctx, "s2", 1) {
		if n++; !errors.Is(err, stage.ErrRefused) {
			t.Errorf("read of another session: %v, %v", d.Key, err)
		}
	}
	if n != 1 {
		t.Errorf("%d deliveries", n)
	}
}

// TestErrorsReachTheOwnHandlerToo of the connection.
func TestErrorsReachTheOwnHandlerToo(t *testing.T) {
	b := brokertest.Single(t, t.TempDir())
	seen := make(chan error, 1)
	nc := b.Participant("alice", "s1", broker.OnRefused(func(err error) { seen <- err }))
	keylog.New(nc)
	if err := nc.Publish("elsewhere", nil); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-seen:
		if !errors.Is(err, nats.ErrPermissionViolation) {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("nothing was told")
	}
}
