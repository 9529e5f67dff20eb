package keylog

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"chorus/internal/broker"
	"chorus/internal/broker/brokertest"
	"chorus/pkg/stage"
	"chorus/pkg/stage/jetlog"
	"chorus/pkg/wire"
)

// TestPollsFindWhatNoHintTold runs a reader without its subscriptions.
func TestPollsFindWhatNoHintTold(t *testing.T) {
	b := brokertest.Single(t, t.TempDir())
	nc := b.Core(broker.Admin)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if err := jetlog.Ensure(t.Context(), js, jetlog.Streams(1, jetlog.Sizes{Bulk: 64 << 20})); err != nil {
		t.Fatal(err)
	}
	services := jetlog.NewStore(nc)
	l := New(b.Participant("alice", "s1"))
	l.Poll = 20 * time.Millisecond
	r := newReader(l, "s1", 1)
	r.kinds = nil
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	// The first two are ahead, the third makes the settlement passed, and a
	// full poll finds the abort.
	kinds := []wire.Kind{wire.KindOpen, wire.KindSetup, wire.KindSettlement, wire.KindAccepted, wire.KindAbort}
	found := map[wire.Kind]bool{}
	err = r.run(ctx, func(d stage.Delivery, err error) bool {
		if err != nil {
			t.Error(err)
		}
		if d.Seq > 0 {
			found[d.Key.Kind] = true
			return len(found) < len(kinds)
		}
		for _, k := range kinds {
			e := wire.Entry{Key: wire.Key{Session: "s1", Round: 1, Kind: k, Member: wire.Nobody}}
			if k == wire.KindAbort {
				e.Key.Member = wire.Robust
			}
			if err := services.Append(ctx, e); err != nil {
				t.Error(err)
			}
		}
		return true
	})
	if err != nil || len(found) != len(kinds) {
		t.Errorf("found %v, %v", found, err)
	}
}

// TestForgedHintsAreBounded: a key of no chain is ignored, and a chain that is
// looked at is not looked at more often.
func TestForgedHintsAreBounded(t *testing.T) {
	r := newReader(nil, "s1", 1)
	k := wire.Key{Session: "s1", Round: 1, Kind: wire.KindCertificate, Member: wire.Nobody}
	if look := r.hinted(k); len(look) != 1 {
		t.Errorf("a hint leads to %d looks", len(look))
	}
	if look := r.hinted(k); len(look) != 0 {
		t.Errorf("a second hint leads to %d looks", len(look))
	}
	k.Member = "mallory"
	if look := r.hinted(k); len(look) != 0 || r.furthest != -1 {
		t.Error("a hint about nobody's record is believed")
	}
}
