package integration

import (
	"errors"
	"slices"
	"testing"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// An attack is what a server tries that has everything but the honest members'
// machines.
type attack struct {
	name string
	row  int                   // of the list of attacks in the literature that this repeats; 0: of none
	want error                 // what the victims refuse with; nil: harmless, the honest result stands
	play func(s *server) []int // returns the victims
}

// TestHostileServer plays every attack. Whatever happens, the server must not
// come to hold both seeds of an honest member.
func TestHostileServer(t *testing.T) {
	for _, a := range slices.Concat(openAttacks, setupAttacks, shareAttacks, collectionAttacks, witnessAttacks, complaintAttacks,
		acceptedAttacks, consentAttacks, resultAttacks, certificateAttacks) {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			victims := a.play(s)
			if a.want == nil {
				s.main.until(wire.KindCertificate)
				s.checkResult()
			}
			for _, i := range victims {
				s.members[i].checkRefused(a.want)
			}
			if errors.Is(a.want, secagg.ErrQuorum) && s.revealed() > 0 {
				t.Errorf("%d members revealed shares without a quorum", s.revealed())
			}
			s.checkHolds()
		})
	}
}

// checkRefused: the refusal is the one expected, it is final, and nothing of the
// round is left on the member's disk.
func (m *member) checkRefused(want error) {
	m.s.t.Helper()
	if err := m.Err(); !errors.Is(err, want) && !errors.Is(m.Observing(), want) {
		m.s.t.Fatalf("%s: %v while it was to %s, want %v", m.cfg.Name, err, secagg.Duties[m.Doing()], want)
	}
	if m.Err() == nil {
		return
	}
	if m.disk != nil && (len(m.disk.Master) > 0 || len(m.disk.Sent) > 0) {
		m.s.t.Errorf("%s refused and kept its secrets", m.cfg.Name)
	}
	before := len(m.sent)
	for _, kind := range story {
		m.see([]wire.Entry{{Key: wire.Key{Session: session, Round: m.s.number, Kind: kind, Member: wire.Nobody}, Body: []byte{0x90}}})
	}
	if len(m.sent) != before {
		m.s.t.Errorf("%s refused and went on sending", m.cfg.Name)
	}
}

// checkResult: every honest member holds the exact sum over A.
func (s *server) checkResult() {
	s.t.Helper()
	for _, i := range honest() {
		m := s.members[i]
		o, err := m.Outcome()
		if err != nil {
			s.t.Fatalf("%s: %v, %v while it was to %s; wants %v", m.cfg.Name, err, m.Err(), secagg.Duties[m.Doing()], m.Wants())
		}
		sum := make([]int64, dim)
		for a := range s.main.accepted.Members.All() {
			for c, x := range s.members[a].Encoded() {
				sum[c] += int64(x)
			}
		}
		if !slices.Equal(sum, o.Sum) {
			s.t.Fatalf("%s: the sum is %v, want %v", m.cfg.Name, o.Sum, sum)
		}
	}
}

// TestForgedAbort: an abort out of the blue costs the round and nothing else,
// whenever it comes, and whatever the server says afterwards.
func TestForgedAbort(t *testing.T) {
	for _, kind := range story[:len(story)-1] {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			v := s.begin().until(kind)
			before := s.holds()
			s.show(everyone(), []wire.Entry{{Key: s.r.Key(wire.KindAbort, wire.Unmasker, 0), Body: wire.Encode(&wire.Abort{Reason: wire.Internal})}})
			for _, i := range honest() {
				m := s.members[i]
				if m.Aborted() == nil || m.Err() != nil || len(m.disk.Master) > 0 {
					t.Errorf("%s: %v, %v", m.cfg.Name, m.Aborted(), m.Err())
				}
			}
			s.show(everyone(), v.quorum(wire.KindConsented, wire.KindConsentBundle, s.said(wire.KindConsent, everyone())))
			s.checkSame(before)
			s.checkHolds()
		})
	}
}

// TestHonestServer: the harness itself runs a round, and another on its result.
func TestHonestServer(t *testing.T) {
	s := newServer(t)
	for range 2 {
		s.begin().until(wire.KindCertificate)
		s.checkResult()
		s.checkHolds()
		s.follow()
	}
}

// follow makes the certified result the model of the next round.
func (s *server) follow() {
	m := s.members[0]
	s.model, s.previous = m.mem.Model, m.mem.Certificate
	for _, m := range s.members {
		m.cfg.Model = wire.Digest{}
	}
}
