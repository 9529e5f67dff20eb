package broker_test

import (
	"fmt"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"chorus/internal/broker"
	"chorus/internal/broker/brokertest"
	"chorus/pkg/stage/jetlog"
	"chorus/pkg/wire"
)

// A trial is a connection whose permission violations are kept by subject.
type trial struct {
	*nats.Conn
	t       *testing.T
	mu      sync.Mutex
	refused map[string]bool
	fences  int
}

var quoted = regexp.MustCompile(`"([^"]+)"`)

func (tr *trial) option() nats.Option {
	tr.refused = map[string]bool{}
	return broker.OnRefused(func(err error) {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		tr.refused[quoted.FindStringSubmatch(err.Error())[1]] = true
	})
}

// fence waits until the server judged all that was sent: violations come in the
// order of the attempts, and nobody may publish to a fence.
func (tr *trial) fence() {
	tr.t.Helper()
	tr.fences++
	s := fmt.Sprintf("fence.%d", tr.fences)
	if err := tr.Publish(s, nil); err != nil {
		tr.t.Fatal(err)
	}
	brokertest.Eventually(tr.t, 10*time.Second, "no answer to the fence", func() bool {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		return tr.refused[s]
	})
}

// publishes checks which subjects the connection may publish to.
func (tr *trial) publishes(allowed func(subject string) bool, subjects ...string) {
	tr.t.Helper()
	for _, s := range subjects {
		if err := tr.Publish(s, nil); err != nil {
			tr.t.Fatal(err)
		}
	}
	tr.fence()
	for _, s := range subjects {
		if tr.refused[s] == allowed(s) {
			tr.t.Errorf("publish to %s: refused %v", s, tr.refused[s])
		}
	}
}

func none(string) bool { return false }

func streams(t *testing.T, b *brokertest.Broker) jetstream.JetStream {
	t.Helper()
	js, err := jetstream.New(b.Core(broker.Admin))
	if err != nil {
		t.Fatal(err)
	}
	if err := jetlog.Ensure(t.Context(), js, jetlog.Streams(1, jetlog.Sizes{Log: 64 << 20, Bulk: 64 << 20, Pub: 64 << 20})); err != nil {
		t.Fatal(err)
	}
	return js
}

// everyKey is one key of every kind, and one more of kinds that have parts.
func everyKey(session, member string) (all []wire.Key) {
	for i, r := range wire.Kinds() {
		k := wire.Key{Session: session, Round: uint32(i + 1), Kind: r.Kind, Member: member}
		all = append(all, k)
		k.Part = 5
		all = append(all, k)
	}
	return all
}

// TestParticipantWritesOnlyItsOwn tries every kind, as itself and as others.
func TestParticipantWritesOnlyItsOwn(t *testing.T) {
	b := brokertest.Single(t, t.TempDir())
	streams(t, b)
	tr := &trial{t: t}
	tr.Conn = b.Participant("alice", "s1", tr.option())
	var own, all []string
	for _, session := range []string{"s1", "s2", "*"} {
		for _, member := range []string{"alice", "bob", wire.Nobody, "*", wire.Keybroker} {
			for _, k := range everyKey(session, member) {
				row, s := k.Kind.Row(), k.Subject()
				all = append(all, s)
				if session == "s1" && member == "alice" && row.Writer == wire.ByParticipant && (row.Parts || k.Part == 0) {
					own = append(own, s)
				}
			}
		}
	}
	tr.publishes(func(s string) bool { return slices.Contains(own, s) }, all...)
	tr.publishes(none, "chorus.log.s1.00000001.advert.alice.0.1", "chorus.log.s1.00000001.advert.alice", "chorus.log.>",
		"chorus.bulk.9.s1.00000001.input-part.alice.0", "_INBOX_bob.x", "chorus.task.collector.s1.00000001.sum.-.0.1",
		"$SRV.PING", "$SYS.REQ.SERVER.PING", "$JS.ACK.CHORUS_TASK.collector.1.1.1.1.1")
}

// TestParticipantReadsOnlyWhatIsPublic tries every record and the whole API.
func TestParticipantReadsOnlyWhatIsPublic(t *testing.T) {
	b := brokertest.Single(t, t.TempDir())
	streams(t, b)
	tr := &trial{t: t}
	tr.Conn = b.Participant("alice", "s1", tr.option())
	var may, all []string
	for _, session := range []string{"s1", "s2", "*"} {
		for _, member := range []string{"alice", "bob", wire.Nobody} {
			for _, k := range everyKey(session, member) {
				row, s := k.Kind.Row(), jetlog.GetSubject(jetlog.StreamOf(k), k.Subject())
				all = append(all, s)
				if session == "s1" && (row.Public || row.Writer == wire.ByParticipant && member == "alice") {
					may = append(may, s)
				}
			}
		}
	}
	tr.publishes(func(s string) bool { return slices.Contains(may, s) }, all...)
	for _, stream := range []string{jetlog.LogStream, jetlog.PubStream, jetlog.TaskStream, jetlog.BulkStream(0)} {
		for _, api := range []string{"STREAM.CREATE.", "STREAM.UPDATE.", "STREAM.DELETE.", "STREAM.PURGE.", "STREAM.INFO.", "STREAM.MSG.GET.",
			"STREAM.MSG.DELETE.", "STREAM.SNAPSHOT.", "DIRECT.GET.", "CONSUMER.CREATE.", "CONSUMER.NAMES.", "CONSUMER.LIST."} {
			tr.publishes(none, "$JS.API."+api+stream)
		}
		tr.publishes(none, "$JS.API.CONSUMER.CREATE."+stream+".c.chorus.log.s1.*.open.*.*", "$JS.API.CONSUMER.MSG.NEXT."+stream+".c",
			"$JS.API.DIRECT.GET."+stream+".chorus.log.s1.>", "$JS.API.DIRECT.GET."+stream+".>")
	}
	tr.publishes(none, "$JS.API.INFO", "$JS.API.STREAM.NAMES", "$JS.API.STREAM.LIST")
}

func TestParticipantHearsOnlyHintsAndItsInbox(t *testing.T) {
	b := brokertest.Single(t, t.TempDir())
	tr := &trial{t: t}
	tr.Conn = b.Participant("alice", "s1", tr.option())
	hears := func(subject string) bool {
		if _, err := tr.Subscribe(subject, func(*nats.Msg) {}); err != nil {
			t.Fatal(err)
		}
		tr.fence()
		return !tr.refused[subject]
	}
	for _, s := range []string{"_INBOX_alice.>", "_INBOX_alice.x.*"} {
		if !hears(s) {
			t.Errorf("cannot subscribe %s", s)
		}
	}
	for _, r := range wire.Kinds() {
		if s := fmt.Sprintf("chorus.%s.s1.*.%s.*.*", r.Stream, r.Kind); hears(s) != (r.Public && r.Stream == wire.Log) {
			t.Errorf("subscribes %s: %v", s, !tr.refused[s])
		}
	}
	for _, s := range []string{">", "*.>", "_INBOX_bob.>", "_INBOX_*.>", "_INBOX.>", "chorus.>", "chorus.log.s1.>", "chorus.log.*.*.open.*.*",
		"chorus.log.s2.*.open.*.*", "chorus.log.s1.00000001.*.-.0", "$JS.>", "$JS.EVENT.>", "$SYS.>", "_R_.>", "$SRV.>"} {
		if hears(s) {
			t.Errorf("subscribes %s", s)
		}
	}
}

// TestReflectionsStoreNothing: the reply subject of a publish is not checked.
// A participant aims the server's answers at every subject of the log: at keys
// of others, of services, and its own, which would be answers it did not write.
func TestReflectionsStoreNothing(t *testing.T) {
	b := brokertest.Single(t, t.TempDir())
	js := streams(t, b)
	nc := b.Participant("alice", "s1")
	own := wire.Key{Session: "s1", Round: 77, Kind: wire.KindInputPart, Member: "alice"}
	stored := func() (n uint64) {
		for _, c := range jetlog.Streams(1, jetlog.Sizes{}) {
			s, err := js.Stream(t.Context(), c.Name)
			if err != nil {
				t.Fatal(err)
			}
			n += s.CachedInfo().State.Msgs
		}
		return n
	}
	sent := uint64(0)
	for _, member := range []string{"alice", "bob", wire.Nobody} {
		for _, k := range everyKey("s1", member) {
			own.Part++
			sent++
			// First an acknowledgement, then the content of a record of ours.
			if err := nc.PublishRequest(own.Subject(), k.Subject(), []byte("forged")); err != nil {
				t.Fatal(err)
			}
			get := jetlog.GetSubject(jetlog.StreamOf(own), own.Subject())
			if err := nc.PublishRequest(get, k.Subject(), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, reply := range []string{"chorus.task.collector.s1.00000001.sum.-.0.1", "$JS.API.STREAM.PURGE.CHORUS_LOG", "$JS.API.STREAM.DELETE.CHORUS_PUB"} {
		own.Part++
		sent++
		if err := nc.PublishRequest(own.Subject(), reply, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	brokertest.Eventually(t, 10*time.Second, "the parts are not stored", func() bool { return stored() >= sent })
	time.Sleep(300 * time.Millisecond)
	if n := stored(); n != sent {
		t.Errorf("%d messages stored, %d sent", n, sent)
	}
}

// TestReplayStoresNothing: nor do the answers to a replay.
func TestReplayStoresNothing(t *testing.T) {
	b := brokertest.Single(t, t.TempDir())
	js := streams(t, b)
	nc := b.Core(broker.Replay)
	for _, k := range everyKey("s1", "alice") {
		for _, ask := range []string{"$JS.API.STREAM.INFO.CHORUS_LOG", "$JS.API.DIRECT.GET.CHORUS_LOG", "$JS.API.DIRECT.GET.CHORUS_LOG." + k.Subject()} {
			if err := nc.PublishRequest(ask, k.Subject(), []byte(`{"seq":1,"batch":10}`)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := nc.Request("$JS.API.STREAM.INFO.CHORUS_LOG", nil, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	for _, c := range jetlog.Streams(1, jetlog.Sizes{}) {
		s, err := js.Stream(t.Context(), c.Name)
		if err != nil {
			t.Fatal(err)
		}
		if n := s.CachedInfo().State.Msgs; n != 0 {
			t.Errorf("%s holds %d messages", c.Name, n)
		}
	}
}

// TestHeadersAreNoCapabilities: what JetStream does on a header, no stream of
// ours does for a participant.
func TestHeadersAreNoCapabilities(t *testing.T) {
	b := brokertest.Single(t, t.TempDir())
	js := streams(t, b)
	nc := b.Participant("alice", "s1")
	k := wire.Key{Session: "s1", Round: 1, Kind: wire.KindAdvert, Member: "alice"}
	for name, value := range map[string]string{"Nats-Rollup": "all", "Nats-TTL": "1s", "Nats-Schedule": "@every 1s", "Nats-Incr": "1", "Nats-Batch-Id": "b"} {
		m := nats.NewMsg(k.Subject())
		m.Header.Set(name, value)
		if name == "Nats-Schedule" {
			m.Header.Set("Nats-Schedule-Target", "chorus.log.s1.00000001.open.-.0")
		}
		if r, err := nc.RequestMsg(m, 5*time.Second); err == nil && !regexp.MustCompile(`"error"`).Match(r.Data) {
			t.Errorf("%s: %s", name, r.Data)
		}
	}
	s, err := js.Stream(t.Context(), jetlog.LogStream)
	if err != nil {
		t.Fatal(err)
	}
	if n := s.CachedInfo().State.Msgs; n != 0 {
		t.Errorf("%d messages stored", n)
	}
}

// TestServiceWritesOnlyItsKinds tries every kind as every role.
func TestServiceWritesOnlyItsKinds(t *testing.T) {
	b := brokertest.Single(t, t.TempDir())
	for _, role := range broker.Roles() {
		if role == broker.Admin {
			continue
		}
		tr := &trial{t: t}
		tr.Conn = b.Core(role, tr.option())
		var own, all []string
		for _, k := range everyKey("s1", "x") {
			w, s := k.Kind.Row().Writer, k.Subject()
			all = append(all, s)
			stage := role == broker.Services || slices.Contains([]string{wire.Keybroker, wire.Collector, wire.Verifier, wire.Robust, wire.Unmasker}, string(role))
			if w == string(role) || w == wire.ByShell && stage || role == broker.Opener && w == wire.ByOpener ||
				role == broker.Services && w != wire.ByOpener && w != wire.ByParticipant {
				own = append(own, s)
			}
		}
		tr.publishes(func(s string) bool { return slices.Contains(own, s) }, all...)
		tr.publishes(none, "$JS.API.STREAM.PURGE.CHORUS_LOG", "$JS.API.STREAM.UPDATE.CHORUS_LOG", "$JS.API.STREAM.DELETE.CHORUS_LOG",
			"$JS.API.STREAM.MSG.DELETE.CHORUS_LOG", "$JS.API.STREAM.RESTORE.CHORUS_LOG", "$JS.API.CONSUMER.CREATE.CHORUS_BULK_0.x")
	}
}
