package client

import (
	"context"
	"fmt"
	"time"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

var stages = []string{wire.Keybroker, wire.Collector, wire.Verifier, wire.Robust, wire.Unmasker}

// NextRound waits for the next round that this member can take part in: the one
// that it left unfinished, or the first one after it whose Open is in the log
// and that has not ended. Rounds are dense, from 1.
func (c *Client) NextRound(ctx context.Context) (uint32, error) {
	l, err := c.folder.loadLedger(c.cfg.Session)
	if err != nil {
		return 0, err
	}
	round := l.LastRound + 1
	if l.LastRound > 0 {
		s, err := c.folder.slot(c.cfg.Session, l.LastRound, l.LastCtx).load()
		if err != nil {
			return 0, err
		}
		if s != nil && len(s.Master) > 0 {
			round = l.LastRound
		}
	}
	for ; ; round++ {
		open, err := c.await(ctx, c.key(round, wire.KindOpen, wire.Nobody))
		if err != nil {
			return 0, err
		}
		over, err := c.ended(ctx, open)
		if !over || err != nil {
			return round, err
		}
		if round == l.LastRound { // it ended without this member
			if err := c.folder.slot(c.cfg.Session, round, l.LastCtx).clear(); err != nil {
				return 0, err
			}
		}
	}
}

// ended: certified, aborted, or past the last deadline.
func (c *Client) ended(ctx context.Context, open *wire.Record) (bool, error) {
	keys := []wire.Key{c.key(open.Key.Round, wire.KindCertificate, wire.Nobody)}
	for _, s := range stages {
		keys = append(keys, c.key(open.Key.Round, wire.KindAbort, s))
	}
	for _, k := range keys {
		if rec, err := c.lookup(ctx, k); rec != nil || err != nil {
			return rec != nil, err
		}
	}
	var o wire.Open
	if _, err := wire.DecodeSigned(open.Body, &o); err != nil {
		return true, nil // nobody can run it
	}
	return time.Now().After(o.Deadline(wire.Attestation)), nil
}

// Observe verifies the result and the certificate of a round without taking
// part and without remembering it; it waits for both until ctx ends.
func (c *Client) Observe(ctx context.Context, round uint32) (*secagg.Outcome, error) {
	if !c.turn.TryLock() {
		return nil, ErrBusy
	}
	defer c.turn.Unlock()
	return c.observe(ctx, round, nil)
}

// observe moves l, if there is one, to the certificate of the round.
func (c *Client) observe(ctx context.Context, round uint32, l *ledger) (*secagg.Outcome, error) {
	open, err := c.await(ctx, c.key(round, wire.KindOpen, wire.Nobody))
	if err != nil {
		return nil, err
	}
	d := c.newDrive(round, l)
	mem := new(secagg.Memory)
	if l != nil {
		mem = &l.Memory
	}
	d.machine = secagg.NewParticipant(secagg.Config{Authority: c.cfg.Authority, Policy: c.cfg.Policy}, mem, nil)
	return d.run(ctx, *open)
}

// CatchUp verifies the certificates of the rounds that this member missed, up
// to the last certified one that is not after upto, and so learns which model
// the next round builds on.
func (c *Client) CatchUp(ctx context.Context, upto uint32) error {
	if !c.turn.TryLock() {
		return ErrBusy
	}
	defer c.turn.Unlock()
	l, err := c.folder.loadLedger(c.cfg.Session)
	if err != nil {
		return err
	}
	for r := upto; r > l.Certified; r-- {
		digest, err := c.certificate(ctx, r)
		if err != nil {
			return err
		}
		if !digest.IsZero() {
			return c.catchUp(ctx, l, r, digest)
		}
	}
	return nil
}

// catchUp walks back from the certificate target through the Opens to the last
// certificate in l, and forward again, verifying: rounds that aborted or were
// never certified are on no such path. ErrModelBehind: there is no path.
func (c *Client) catchUp(ctx context.Context, l *ledger, upto uint32, target wire.Digest) error {
	var path []uint32
	for r := upto; r > l.Certified && target != l.Certificate; r-- {
		digest, err := c.certificate(ctx, r)
		if err != nil {
			return err
		}
		if digest.IsZero() || digest != target {
			continue
		}
		open, err := c.lookup(ctx, c.key(r, wire.KindOpen, wire.Nobody))
		if err != nil {
			return err
		}
		var o wire.Open
		if open == nil {
			return errBehind(fmt.Sprintf("the open of round %d is gone from the log; ask for the model digest and an empty folder", r))
		}
		if _, err := wire.DecodeSigned(open.Body, &o); err != nil {
			return errBehind(err.Error())
		}
		path, target = append(path, r), o.Previous
	}
	if target != l.Certificate {
		return errBehind(fmt.Sprintf("no certificates lead from round %d to round %d", l.Certified, upto))
	}
	return c.walk(ctx, l, path)
}

// walk verifies the rounds of a path, given last round first. Crash point: after
// each round l is on disk with its certificate.
func (c *Client) walk(ctx context.Context, l *ledger, path []uint32) error {
	for i := len(path) - 1; i >= 0; i-- {
		c.tell(Event{Round: path[i], Duty: "catch up", Done: len(path) - 1 - i, Total: len(path)})
		if _, err := c.observe(ctx, path[i], l); err != nil {
			return fmt.Errorf("catching up: %w", err)
		}
	}
	return nil
}

// certificate returns the digest of a round's certificate; zero: none.
func (c *Client) certificate(ctx context.Context, round uint32) (d wire.Digest, err error) {
	rec, err := c.lookup(ctx, c.key(round, wire.KindCertificate, wire.Nobody))
	if rec == nil || err != nil {
		return d, err
	}
	var cert wire.Certificate
	if wire.DecodeBody(rec.Body, &cert) != nil {
		return d, nil // whoever observes the round finds the same
	}
	return secagg.CertificateDigest(&cert), nil
}
