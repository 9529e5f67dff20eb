package world

import (
	"context"
	"crypto/ed25519"
	"errors"
	"testing"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// TestObserversHavePolicy: a round that corrupt members certify among themselves,
// under rules that no honest member accepts, is not believed by those that come
// later either. Else it would bring a spent model back under another digest.
func TestObserversHavePolicy(t *testing.T) {
	lax := secagg.AnyPolicy()
	w := New(Setting{Seed: 5, N: 4, Dim: 3, Fair: true, Policy: &lax, Change: func(o *wire.Open) {
		o.Gamma, o.Forkable = wire.Ratio{Num: 0, Den: 1}, true
	}})
	if err := w.Round(); err != nil || len(w.Aborts) > 0 {
		t.Fatal(err, w.Aborts)
	}
	open := wire.Key{Session: "sim", Round: 1, Kind: wire.KindOpen, Member: wire.Nobody}
	authority := w.Authority.Public().(ed25519.PublicKey)
	o, err := secagg.Audit(context.Background(), w.Log, open, authority, secagg.AnyPolicy())
	if err != nil || !o.Forkable || o.Corrupt != 1 {
		t.Fatalf("an auditor is not told what the round assumed: %+v, %v", o, err)
	}
	if _, err := secagg.Audit(context.Background(), w.Log, open, authority, secagg.DefaultPolicy()); !errors.Is(err, secagg.ErrWeak) {
		t.Fatalf("gamma 0 passes the default policy of an observer: %v", err)
	}
}

// TestObserversFollowTheChain: who has verified a certificate takes no round that
// does not build on it.
func TestObserversFollowTheChain(t *testing.T) {
	w := New(Setting{Seed: 6, N: 4, Dim: 3, Fair: true})
	if err := w.Round(); err != nil {
		t.Fatal(err)
	}
	authority := w.Authority.Public().(ed25519.PublicKey)
	for name, mem := range map[string]*secagg.Memory{
		"another certificate": {Certificate: wire.Digest{1}},
		"another model":       {Certificate: wire.Digest{}, Model: wire.Digest{1}},
	} {
		p := secagg.NewParticipant(secagg.Config{Authority: authority, Policy: secagg.DefaultPolicy()}, mem, nil)
		for _, r := range w.Records() {
			p.Step(r)
		}
		want := error(nil)
		if !mem.Certificate.IsZero() {
			want = secagg.ErrModelBehind
		}
		if !errors.Is(p.Err(), want) {
			t.Errorf("%s: %v", name, p.Err())
		}
	}
}
