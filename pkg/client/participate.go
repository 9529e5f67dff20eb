package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// Participate runs one round to its end: it waits for the Open, answers every
// phase, verifies the result and its certificate. Called again after a crash,
// it sends the same bytes again and goes on. Errors are a refusal of
// pkg/secagg, an *AbortedError, ErrNotSaved, ErrLeft, a refusal of the log or
// the end of ctx; after the last two calling again resumes.
func (c *Client) Participate(ctx context.Context, t Task) (*secagg.Outcome, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	if !c.turn.TryLock() {
		return nil, ErrBusy
	}
	defer c.turn.Unlock()
	open, err := c.await(ctx, c.key(t.Round, wire.KindOpen, wire.Nobody))
	if err != nil {
		return nil, err
	}
	d, err := c.prepare(ctx, t, open)
	if err != nil {
		return nil, fmt.Errorf("round %d: %w", t.Round, err)
	}
	return d.run(ctx, *open)
}

// prepare loads what is on disk, refuses a folder that is older than the log,
// and brings Memory to the certificate that the Open builds on.
func (c *Client) prepare(ctx context.Context, t Task, open *wire.Record) (*drive, error) {
	r, err := secagg.NewRound(*open)
	if err != nil {
		return nil, err
	}
	l, err := c.folder.loadLedger(c.cfg.Session)
	if err != nil {
		return nil, err
	}
	slot := c.folder.slot(c.cfg.Session, t.Round, r.Ctx)
	state, err := slot.load()
	if err != nil {
		return nil, err
	}
	if err := c.notRolledBack(ctx, l, t.Round, state); err != nil {
		if errors.Is(err, secagg.ErrRolledBack) {
			err = errors.Join(err, slot.clear())
		}
		return nil, err
	}
	told := l.Certificate.IsZero() && !t.Model.IsZero()
	if !told && r.Open.Previous != l.Certificate {
		// What cannot be caught up with is the machine's to refuse.
		if err := c.catchUp(ctx, l, t.Round-1, r.Open.Previous); err != nil && !errors.Is(err, secagg.ErrModelBehind) {
			return nil, err
		}
	}
	d := c.newDrive(t.Round, l)
	d.leaveAfter = dutyIndex(t.LeaveAfter)
	d.outbox, d.slot = newOutbox(c), slot
	d.gives = t.Contribution != nil
	d.machine = secagg.NewParticipant(secagg.Config{Name: c.cfg.Name, Identity: c.cfg.Identity, Authority: c.cfg.Authority,
		Policy: c.cfg.Policy, Model: t.Model, Contribution: t.Contribution, Rand: rand.Reader}, &l.Memory, state)
	return d, nil
}
