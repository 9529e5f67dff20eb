package secagg

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"

	"chorus/pkg/wire"
)

// AnyPolicy admits every round that can be run at all: for an auditor, who reads
// in the Outcome what the round assumed.
func AnyPolicy() Policy { return Policy{AllowForkable: true, AllowNotCounted: true} }

// ErrIncomplete: a round that has no certificate, or records of it are gone.
var ErrIncomplete = errors.New("secagg: the round has no certified result here")

// Audit verifies a finished round from its records alone, with nothing to trust
// but the key of the roster authority: an observer's machine folds them, and
// what it ends with is the verified result. How much that is worth depends on
// what the round assumed: the policy says what is too little, and the Outcome
// what it was. One round says nothing about the chain it stands in.
func Audit(ctx context.Context, g Getter, open wire.Key, authority ed25519.PublicKey, policy Policy) (*Outcome, error) {
	p := NewParticipant(Config{Authority: authority, Policy: policy}, &Memory{}, nil)
	for _, kind := range []wire.Kind{wire.KindOpen, wire.KindSetup, wire.KindShareSet, wire.KindCollection, wire.KindWitnessed,
		wire.KindComplaints, wire.KindAccepted, wire.KindConsented, wire.KindResult, wire.KindCertificate} {
		key := open
		key.Kind, key.Member, key.Part = kind, wire.Nobody, 0
		if err := p.feed(ctx, g, key); err != nil {
			return nil, err
		}
	}
	if p.Err() != nil {
		return nil, p.Err()
	}
	return p.Outcome()
}

// feed steps one record and everything that the machine then waits for.
func (p *Participant) feed(ctx context.Context, g Getter, key wire.Key) error {
	queue := []wire.Key{key}
	for len(queue) > 0 && !p.Over() {
		rec, err := g.Get(ctx, queue[0])
		if err != nil {
			return fmt.Errorf("%w: %w", ErrIncomplete, err)
		}
		p.Step(rec)
		if key.Kind == wire.KindOpen && queue[0] == key && p.round != nil {
			for part := range p.round.Open.RosterParts {
				queue = append(queue, p.round.Key(wire.KindRoster, wire.Nobody, part))
			}
		}
		queue = queue[1:]
		if len(queue) == 0 {
			queue = p.fresh(p.Wants())
		}
	}
	return p.Err()
}

// fresh leaves out what was fetched and turned out to be other bytes than
// named: nobody else can deliver them.
func (p *Participant) fresh(keys []wire.Key) (out []wire.Key) {
	if p.fetched == nil {
		p.fetched = map[wire.Key]bool{}
	}
	for _, k := range keys {
		if !p.fetched[k] {
			p.fetched[k] = true
			out = append(out, k)
		}
	}
	return out
}
