package stage

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chorus/pkg/wire"
)

// echo is a machine small enough to see through: every advert causes a setup
// record that counts them, and the third one a timer and a task.
type echo struct{ n, early uint32 }

func key(k wire.Kind, member string, part uint32) wire.Key {
	return wire.Key{Session: "s", Round: 1, Kind: k, Member: member, Part: part}
}

func (m *echo) Step(r wire.Record) []wire.Entry {
	if r.Key.Kind == wire.KindRoster {
		m.early++
	}
	if r.Key.Kind != wire.KindAdvert {
		return nil
	}
	m.n++
	es := []wire.Entry{{Key: key(wire.KindSetup, wire.Nobody, m.n), Body: []byte(fmt.Sprint(m.n))}}
	if m.n == 3 {
		es = append(es, wire.Entry{Key: key(wire.KindDeadline, "share-keys", 0), Body: []byte{1}, NotBefore: time.Unix(100, 0)},
			wire.Entry{Key: key(wire.KindSharesIntake, "ada", 0), Body: []byte{2}, Task: true})
	}
	if m.n == 4 {
		es = append(es, Withdraw(key(wire.KindDeadline, "share-keys", 0)))
	}
	return es
}

func echoSpec() Spec {
	return Spec{Name: "keybroker", Reads: []wire.Kind{wire.KindRoster, wire.KindAdvert}, Derives: []wire.Kind{wire.KindSetup},
		Observes: []wire.Kind{wire.KindDeadline, wire.KindSharesIntake},
		New:      func(wire.Record) (Machine, error) { return new(echo), nil }}
}

func record(k wire.Key, body string, seq uint64) wire.Record {
	return wire.Record{Key: k, Body: []byte(body), Seq: seq}
}

func advert(i int) wire.Record {
	return record(key(wire.KindAdvert, fmt.Sprintf("m%d", i), 0), "x", uint64(i+2))
}

func started(t *testing.T, adverts int) *Kernel {
	k := NewKernel(echoSpec())
	apply(t, k, record(key(wire.KindOpen, wire.Nobody, 0), "open", 1))
	for i := range adverts {
		apply(t, k, advert(i))
	}
	return k
}

func apply(t *testing.T, k *Kernel, r wire.Record) {
	t.Helper()
	if err := k.Apply(r); err != nil {
		t.Fatal(err)
	}
}

func TestKernelKeepsWhatTheLogLacks(t *testing.T) {
	k := started(t, 3)
	if n := len(k.Pending()); n != 5 {
		t.Fatalf("%d pending: %v", n, k.Pending())
	}
	apply(t, k, record(key(wire.KindSetup, wire.Nobody, 2), "2", 9))
	apply(t, k, record(key(wire.KindSharesIntake, "ada", 0), "whatever was observed", 10))
	if n := len(k.Pending()); n != 3 {
		t.Fatalf("%d pending: %v", n, k.Pending())
	}
	apply(t, k, advert(3)) // withdraws the timer, causes one more setup
	if n := len(k.Pending()); n != 3 {
		t.Fatalf("%d pending: %v", n, k.Pending())
	}
}

func TestKernelFirstRecordWins(t *testing.T) {
	k := started(t, 1)
	apply(t, k, record(key(wire.KindSetup, wire.Nobody, 1), "1", 5))
	apply(t, k, record(key(wire.KindSetup, wire.Nobody, 1), "a second record on the key", 6))
	apply(t, k, advert(0))
	if len(k.Pending()) != 0 {
		t.Fatal("a repeated record was folded twice")
	}
}

func TestKernelFindsDivergence(t *testing.T) {
	for name, r := range map[string]wire.Record{
		"other bytes": record(key(wire.KindSetup, wire.Nobody, 1), "2", 5),
		"not derived": record(key(wire.KindSetup, wire.Nobody, 7), "7", 5),
	} {
		var d *Divergence
		if err := started(t, 1).Apply(r); !errors.As(err, &d) || d.Record.Seq != 5 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKernelEndsAndForgets(t *testing.T) {
	k := started(t, 3)
	apply(t, k, record(key(wire.KindAbort, "verifier", 0), "over", 9))
	if !k.Ended() || k.Machine() != nil || len(k.Pending()) != 0 {
		t.Fatal("a terminal record leaves something behind")
	}
	apply(t, k, advert(5))
}

func TestKernelHoldsEarlyRecords(t *testing.T) {
	k := NewKernel(echoSpec())
	for i := range wire.MaxEarly + 10 {
		apply(t, k, advert(i)) // nobody can have answered a round that is not open
		apply(t, k, record(key(wire.KindRoster, wire.Nobody, uint32(i)), "part", 1))
	}
	if k.Machine() != nil || len(k.Pending()) != 0 {
		t.Fatal("folded before the Open")
	}
	apply(t, k, record(key(wire.KindOpen, wire.Nobody, 0), "open", 1))
	if m := k.Machine().(*echo); m.early != wire.MaxEarly || m.n != 0 {
		t.Fatalf("%d roster parts and %d adverts were kept", m.early, m.n)
	}
}

func TestKernelVoid(t *testing.T) {
	spec := echoSpec()
	spec.New = func(wire.Record) (Machine, error) { return nil, errors.New("another version") }
	k := NewKernel(spec)
	apply(t, k, record(key(wire.KindOpen, wire.Nobody, 0), "open", 1))
	if k.Void() == nil || !k.Ended() {
		t.Fatal("a round that New refuses must not be folded")
	}
}

// TestReplicasAgree: whatever a replica has appended in between, two kernels
// over the same log end with the same pending entries.
func TestReplicasAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := []wire.Record{record(key(wire.KindOpen, wire.Nobody, 0), "open", 1)}
		a := NewKernel(echoSpec())
		read := 0
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch {
			case rapid.Bool().Draw(t, "append") && len(a.Pending()) > 0:
				e := a.Pending()[rapid.IntRange(0, len(a.Pending())-1).Draw(t, "which")]
				log = append(log, wire.Record{Key: e.Key, Body: e.Body, Seq: uint64(len(log) + 1)})
			default:
				log = append(log, advert(len(log)))
			}
			for ; read < len(log); read++ {
				if err := a.Apply(log[read]); err != nil {
					t.Fatal(err)
				}
			}
		}
		b := NewKernel(echoSpec())
		for _, r := range log {
			if err := b.Apply(r); err != nil {
				t.Fatal(err)
			}
		}
		if fmt.Sprint(a.Pending()) != fmt.Sprint(b.Pending()) {
			t.Fatalf("%v\n%v", a.Pending(), b.Pending())
		}
	})
}
