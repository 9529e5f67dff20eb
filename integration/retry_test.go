package integration

import (
	"errors"
	"testing"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// TestRefusedThenRetried: a refusal erases the master secret. A member that
// comes back to the same Open, because it now knows the model, must not go on
// with what is left: everything it draws would follow from public bytes.
func TestRefusedThenRetried(t *testing.T) {
	s := newServer(t)
	es := s.next(nil)
	m := s.members[0]
	m.cfg.Model = wire.Sum([]byte("another"))
	m.restart(nil)
	if m.see(es); !errors.Is(m.Err(), secagg.ErrModelUnknown) {
		t.Fatal(m.Err())
	}
	m.cfg.Model = s.model
	m.restart(m.disk)
	if m.see(es); m.Err() != nil || !errors.Is(m.Observing(), secagg.ErrNoState) || len(m.sent) > 0 {
		t.Fatalf("%v, %v, sent %d entries", m.Err(), m.Observing(), len(m.sent))
	}
}
