package secagg

import (
	"errors"

	"chorus/pkg/wire"
)

// An Outcome is a verified result.
type Outcome struct {
	Mean        []float64
	Sum         []int64 // opened integers, one per coordinate
	Weight      uint64
	Step        float64  // resolution of the mean: what one integer of the sum is worth
	Contributed []string // the names of A
	Result      wire.Result
	Certificate wire.Certificate
	Quorum      int
	Members     int // on the roster
	Corrupt     int // of them assumed to be corrupt
	Floor       int // honest inputs in the sum, if no more are
	Forkable    bool
}

var errNotOver = errors.New("secagg: the round has no verified result")

// Outcome returns the verified result of a round that is Done.
func (p *Participant) Outcome() (*Outcome, error) {
	if !p.done {
		return nil, errNotOver
	}
	v, err := ParseVector(p.words, p.round.WordBytes())
	if err != nil {
		return nil, err
	}
	step := float64(p.round.Open.MaxWeight) / p.round.Encoding.Scale() / float64(p.result.Weight)
	return &Outcome{Mean: p.mean, Sum: v.Int64s()[:p.round.Open.Dim], Weight: p.result.Weight, Step: step, Contributed: p.round.names(p.set),
		Result: p.result, Certificate: p.cert, Quorum: int(p.cert.Quorum), Members: p.round.N(), Corrupt: p.round.Corrupt,
		Floor: len(p.set) - p.round.Corrupt, Forkable: p.round.Open.Forkable}, nil
}
