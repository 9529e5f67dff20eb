package integration

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"chorus/internal/world"
	"chorus/pkg/wire"
	"chorus/services"
)

// liar is the hostile one of five members: A_corr = 1, t = q = 4.
const (
	liar     = 2
	liarName = "m002"
)

// play runs one round with a hostile member to its end.
func play(t *testing.T, n int, hostile world.Mutation) *world.World {
	t.Helper()
	w := world.New(world.Setting{Seed: 11, N: n, Dim: dim, Fair: true, Hostile: map[string]world.Mutation{liarName: hostile}})
	if err := w.Round(); err != nil {
		t.Fatal(err)
	}
	for _, f := range w.Replay(services.All()) {
		t.Fatalf("replay: %+v", f)
	}
	return w
}

// stands: every honest member holds the exact sum (the world compares it), and
// it is the sum over everyone, or everyone but the liar.
func stands(t *testing.T, w *world.World, withLiar bool) {
	t.Helper()
	if len(w.Aborts) > 0 {
		t.Fatalf("aborted: %+v", w.Aborts)
	}
	for i, m := range w.Members {
		if i == liar {
			continue
		}
		o, err := m.Outcome()
		if err != nil {
			t.Fatalf("%s: %v; %v, wants %v", m.Name, err, m.Err(), m.Wants())
		}
		want := len(w.Members)
		if !withLiar {
			want--
		}
		if len(o.Contributed) != want || slices.Contains(o.Contributed, liarName) != withLiar {
			t.Fatalf("%s: contributed: %v", m.Name, o.Contributed)
		}
	}
}

// A fault is one way to get a message wrong, whatever its kind.
type fault struct {
	name   string
	make   func(kind wire.Kind, p wire.Phase) world.Mutation
	reason wire.Reason
}

var faults = []fault{
	{"missing", func(k wire.Kind, _ wire.Phase) world.Mutation { return lacking(k) }, wire.Absent},
	{"late", late, wire.Absent},
	{"malformed", func(k wire.Kind, _ wire.Phase) world.Mutation {
		return resigned(k, func([]byte) []byte { return []byte{0x90} })
	}, wire.NotCanonical},
	{"no envelope", func(k wire.Kind, _ wire.Phase) world.Mutation {
		return body(k, 0, func([]byte) []byte { return []byte("hello") })
	}, wire.NotCanonical},
	{"not canonical", func(k wire.Kind, _ wire.Phase) world.Mutation {
		return resigned(k, func(msg []byte) []byte { return append(msg, 0xc2) })
	}, wire.NotCanonical},
	{"cut short", func(k wire.Kind, _ wire.Phase) world.Mutation {
		return body(k, 0, func(b []byte) []byte { return b[:len(b)-1] })
	}, wire.NotCanonical},
	{"oversized", func(k wire.Kind, _ wire.Phase) world.Mutation { // the log takes none
		return body(k, 0, func(b []byte) []byte { return append(b, make([]byte, wire.MaxBody)...) })
	}, wire.Absent},
	{"wrong ctx", func(k wire.Kind, _ wire.Phase) world.Mutation {
		return each(k, func(m *world.Member, e wire.Entry) []wire.Entry {
			e.Body = enveloped(m.Identity(), k, wire.Sum([]byte("another round")), unwrap(e.Body))
			return []wire.Entry{e}
		})
	}, wire.BadSignature},
	{"wrong purpose", func(k wire.Kind, _ wire.Phase) world.Mutation {
		return each(k, func(m *world.Member, e wire.Entry) []wire.Entry {
			e.Body = enveloped(m.Identity(), wire.KindOpen, m.Round().Ctx, unwrap(e.Body))
			return []wire.Entry{e}
		})
	}, wire.BadSignature},
	{"wrong signer", func(k wire.Kind, _ wire.Phase) world.Mutation {
		return each(k, func(m *world.Member, e wire.Entry) []wire.Entry {
			e.Body = enveloped(identity("stranger", 1), k, m.Round().Ctx, unwrap(e.Body))
			return []wire.Entry{e}
		})
	}, wire.BadSignature},
	{"bad signature", func(k wire.Kind, _ wire.Phase) world.Mutation {
		return body(k, 0, func(b []byte) []byte { b[len(b)-1] ^= 1; return b })
	}, wire.BadSignature},
}

// phaseKinds are the records that members sign, with the phase of each.
var phaseKinds = []struct {
	kind  wire.Kind
	phase wire.Phase
}{
	{wire.KindAdvert, wire.AdvertiseKeys}, {wire.KindShares, wire.ShareKeys}, {wire.KindInput, wire.MaskedInput},
	{wire.KindWitness, wire.CollectionPhase}, {wire.KindConsent, wire.ConsistencyCheck}, {wire.KindReveal, wire.Unmasking},
	{wire.KindAttest, wire.Attestation},
}

// TestEveryFaultOfEveryKind generates the table: each message wrong in each way
// gets its reason where the round keeps one, is not counted where it counts
// signatures, and leaves the honest result as it is.
func TestEveryFaultOfEveryKind(t *testing.T) {
	for _, k := range phaseKinds {
		for _, f := range faults {
			t.Run(fmt.Sprintf("%s/%s", k.kind, f.name), func(t *testing.T) {
				t.Parallel()
				w := play(t, 5, f.make(k.kind, k.phase))
				before := slices.Contains([]wire.Kind{wire.KindAdvert, wire.KindShares, wire.KindInput}, k.kind)
				stands(t, w, !before)
				checkLeftOut(t, w, k.kind, f.reason)
			})
		}
	}
}

// checkLeftOut looks where the round says who is out, and why.
func checkLeftOut(t *testing.T, w *world.World, kind wire.Kind, want wire.Reason) {
	t.Helper()
	var got wire.Reason
	var counted bool
	switch kind {
	case wire.KindAdvert:
		s, _ := fact[wire.Setup](t, w, wire.KindSetup)
		got, counted = reasonFor(liar, s.Excluded), s.U1.Has(liar)
	case wire.KindShares:
		s, _ := fact[wire.ShareSet](t, w, wire.KindShareSet)
		got, counted = reasonFor(liar, s.Excluded), s.U2.Has(liar)
	case wire.KindInput:
		c, _ := fact[wire.Collection](t, w, wire.KindCollection)
		got, counted = reasonFor(liar, c.Excluded), c.Members.Has(liar)
	case wire.KindWitness:
		q, _ := fact[wire.Quorum](t, w, wire.KindWitnessed)
		got, counted = want, q.Signers.Has(liar)
	case wire.KindConsent:
		q, _ := fact[wire.Quorum](t, w, wire.KindConsented)
		got, counted = want, q.Signers.Has(liar)
	case wire.KindReveal:
		r, _ := fact[wire.Rebuilt](t, w, wire.KindRebuilt)
		got, counted = want, r.Helpers.Has(liar)
	case wire.KindAttest:
		c, _ := fact[wire.Certificate](t, w, wire.KindCertificate)
		got, counted = want, c.Signers.Has(liar)
	}
	if counted || got != want {
		t.Errorf("counted %v, reason %q, want %q", counted, got, want)
	}
}

// TestStrangersAndSecondRecords: nobody outside the roster is heard, and the
// first record on a key stands.
func TestStrangersAndSecondRecords(t *testing.T) {
	for _, k := range phaseKinds {
		t.Run(string(k.kind), func(t *testing.T) {
			t.Parallel()
			w := play(t, 5, each(k.kind, func(m *world.Member, e wire.Entry) []wire.Entry {
				stranger, second := e, e
				stranger.Key.Member = "stranger"
				second.Body = append(bytes.Clone(e.Body), 0)
				return []wire.Entry{stranger, e, second}
			}))
			stands(t, w, true)
		})
	}
}
