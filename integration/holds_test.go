package integration

import (
	"chorus/internal/world"
	"chorus/pkg/wire"
)

// view is what the server has got out of the honest members in this round.
func (s *server) view() *world.View {
	sent := map[wire.Key][]byte{}
	for _, i := range honest() {
		for _, e := range s.members[i].sent {
			sent[e.Key] = e.Body
		}
	}
	return &world.View{Round: s.r, U1: s.main.setup.U1, Honest: honest(),
		Get: func(k wire.Key) ([]byte, bool) { b, ok := sent[k]; return b, ok }}
}

// holds lists whose shares of which secrets the server has got.
func (s *server) holds() map[world.Secret][]int {
	s.t.Helper()
	held, err := s.view().Held()
	if err != nil {
		s.t.Fatal(err)
	}
	return held
}

// checkHolds: of no honest dealer can the server, with all its corrupt members,
// rebuild both seeds; and no honest member gave both shares of one dealer.
func (s *server) checkHolds() {
	s.t.Helper()
	if err := s.view().Check(); err != nil {
		s.t.Error(err)
	}
}

// revealed counts the honest members that revealed anything in this round.
func (s *server) revealed() int { return len(s.said(wire.KindReveal, honest())) }
