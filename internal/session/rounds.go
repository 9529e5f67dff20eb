package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"chorus/pkg/secagg"
	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// A Tip is where a session stands: the next round and what it builds on.
type Tip struct {
	Round    uint32 // the next one
	Previous wire.Digest
	Model    wire.Digest
}

// Tip walks the rounds of the session, which are dense from 1, and follows the
// chain of certificates. A round that was aborted keeps the model.
func (s *Session) Tip(ctx context.Context, g stage.Getter) (Tip, error) {
	model, err := s.Model()
	t := Tip{Round: 1, Model: model}
	for ; err == nil; t.Round++ {
		_, err = g.Get(ctx, s.key(t.Round, wire.KindOpen))
		if errors.Is(err, stage.ErrMissing) {
			return t, nil
		}
		if err == nil {
			err = s.follow(ctx, g, &t)
		}
	}
	return t, err
}

func (s *Session) key(round uint32, k wire.Kind) wire.Key {
	return wire.Key{Session: s.Rules.Session, Round: round, Kind: k, Member: wire.Nobody}
}

func (s *Session) follow(ctx context.Context, g stage.Getter, t *Tip) error {
	var c wire.Certificate
	var r wire.Result
	for _, f := range []struct {
		kind wire.Kind
		m    wire.Message
	}{{wire.KindCertificate, &c}, {wire.KindResult, &r}} {
		rec, err := g.Get(ctx, s.key(t.Round, f.kind))
		if errors.Is(err, stage.ErrMissing) {
			return nil // aborted, or not certified
		}
		if err != nil {
			return err
		}
		if err := wire.DecodeBody(rec.Body, f.m); err != nil {
			return fmt.Errorf("%s: %w", rec.Key, err)
		}
	}
	t.Previous = secagg.CertificateDigest(&c)
	if !r.Next.IsZero() {
		t.Model = r.Next
	}
	return nil
}

// ErrRunning: the round before has not ended. One that builds on the same
// certificate would be refused as soon as that one is certified.
var ErrRunning = errors.New("the round before is still running; wait for it with `chorus round watch`, or open the next one all the same with --force")

// running reports whether a round may still be certified.
func (s *Session) running(ctx context.Context, g stage.Getter, round uint32) (bool, error) {
	rec, err := g.Get(ctx, s.key(round, wire.KindOpen))
	if errors.Is(err, stage.ErrMissing) {
		return false, nil
	}
	var o wire.Open
	if err == nil {
		_, err = wire.DecodeSigned(rec.Body, &o)
	}
	if err != nil || time.Now().After(o.Deadline(wire.Attestation)) {
		return false, err
	}
	ends := []wire.Key{s.key(round, wire.KindCertificate)}
	for _, stage := range []string{wire.Keybroker, wire.Collector, wire.Verifier, wire.Robust, wire.Unmasker} {
		k := s.key(round, wire.KindAbort)
		k.Member = stage
		ends = append(ends, k)
	}
	for _, k := range ends {
		if _, err := g.Get(ctx, k); !errors.Is(err, stage.ErrMissing) {
			return false, err
		}
	}
	return true, nil
}

// OpenRound writes the next round of the session into the log, once the one
// before has ended or with force. The Open comes last: until it is there, there
// is no round.
func (s *Session) OpenRound(ctx context.Context, l stage.Log, model *wire.Digest, force bool) (*wire.Open, error) {
	t, err := s.Tip(ctx, l)
	if err != nil {
		return nil, err
	}
	if t.Round > 1 && !force {
		if running, err := s.running(ctx, l, t.Round-1); err != nil || running {
			return nil, cmp.Or(err, fmt.Errorf("round %d: %w", t.Round-1, ErrRunning))
		}
	}
	if model != nil {
		t.Model = *model
	}
	es, o, err := s.Open(t.Round, t.Previous, t.Model, time.Now())
	if err != nil {
		return nil, err
	}
	for _, e := range es {
		if err := l.Append(ctx, e); err != nil && !(errors.Is(err, stage.ErrExists) && e.Key.Kind == wire.KindRoster) {
			return nil, fmt.Errorf("opening round %d: %w", t.Round, err)
		}
	}
	return o, nil
}
