package secagg

import (
	"crypto/rand"
	"errors"
	"testing"

	"chorus/pkg/wire"
)

// TestRightRound: only a whole master secret resumes. An erased State, also one
// whose Memory was not saved, must not become secrets that everyone can derive.
func TestRightRound(t *testing.T) {
	ctx, other := wire.Digest{1}, wire.Digest{2}
	whole := &State{Ctx: ctx, Master: make([]byte, masterSize)}
	for name, c := range map[string]struct {
		mem     Memory
		state   *State
		err     error
		without error
	}{
		"new":                   {},
		"state saved first":     {state: whole},
		"resumed":               {mem: Memory{LastRound: 2, LastCtx: ctx}, state: whole},
		"state lost":            {mem: Memory{LastRound: 2, LastCtx: ctx}, without: ErrNoState},
		"state erased":          {mem: Memory{LastRound: 2, LastCtx: ctx}, state: &State{Ctx: ctx}, without: ErrNoState},
		"erased, not in memory": {state: &State{Ctx: ctx}, without: ErrNoState},
		"cut":                   {state: &State{Ctx: ctx, Master: []byte{1}}, without: ErrNoState},
		"second open":           {mem: Memory{LastRound: 2, LastCtx: other}, err: ErrSecondOpen},
		"older round":           {mem: Memory{LastRound: 3, LastCtx: other}, err: ErrRoundNotAbove},
	} {
		p := NewParticipant(Config{Rand: rand.Reader}, &c.mem, c.state)
		p.round = &Round{Open: wire.Open{Round: 2}, Ctx: ctx}
		if err := p.rightRound(); !errors.Is(err, c.err) || !errors.Is(p.Observing(), c.without) {
			t.Errorf("%s: error %v, observing %v", name, err, p.Observing())
		}
		if c.err == nil && c.without == nil && len(p.state.Master) != masterSize {
			t.Errorf("%s: no master secret", name)
		}
	}
}
