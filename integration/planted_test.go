package integration

import (
	"errors"
	"slices"
	"testing"

	"chorus/internal/world"
	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// TestPlantedAmnesia shows that the check of what the server holds would find
// members that forget across a crash what they answered: they then sign a second
// A and give the other share of whoever is missing in it.
func TestPlantedAmnesia(t *testing.T) {
	s := newServer(t)
	v := s.begin().until(wire.KindConsented)
	for _, m := range s.members {
		m.mem.Spent, m.restored = nil, true
		m.disk.Sent = slices.DeleteFunc(m.disk.Sent, func(a secagg.Sent) bool {
			return a.Phase == "consistency-check" || a.Phase == "unmasking"
		})
		m.sent = slices.Clone(m.sent)
		m.again(wire.KindAccepted, wire.KindConsented, wire.KindConsentBundle)
	}
	if err := s.view().Check(); err != nil {
		t.Fatal(err)
	}
	first := s.view().Get
	s.show(everyone(), v.accept(but(everyone(), 0)))
	consents := map[int][]byte{}
	for _, i := range everyone() {
		consents[i] = s.sign(i, wire.KindConsent, v.consent())
	}
	s.show(everyone(), v.quorum(wire.KindConsented, wire.KindConsentBundle, consents))
	view := s.view()
	second := view.Get
	view.Get = func(k wire.Key) ([]byte, bool) { // both reveals are in the server's hands
		a, ok := first(k)
		b, _ := second(k)
		if k.Kind == wire.KindRevealPart {
			return slices.Concat(a, b), ok
		}
		return a, ok
	}
	if err := view.Check(); !errors.Is(err, world.ErrBothShares) {
		t.Fatalf("members gave both shares of a dealer, and the check says: %v", err)
	}
}
