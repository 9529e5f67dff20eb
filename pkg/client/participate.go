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
	if err := c.notRolledBack(ctx, l, t.Round); err != nil {
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

// notRolledBack holds the folder against the log, which remembers what this
// member said: an answer in a round that Memory does not know, or a consent
// that it did not spend, can only come from a newer copy of this folder.
// Records without this member's signature prove nothing.
func (c *Client) notRolledBack(ctx context.Context, l *ledger, upto uint32) error {
	for r := l.LastRound + 1; r <= upto; r++ {
		said, _, err := c.said(ctx, r, wire.KindAdvert, new(wire.Advert))
		if err != nil {
			return err
		}
		if said {
			return fmt.Errorf("%w: it answered round %d; %s", secagg.ErrRolledBack, r, rolledBackRemedy)
		}
	}
	if l.LastRound == 0 {
		return nil
	}
	said, model, err := c.said(ctx, l.LastRound, wire.KindConsent, new(wire.Consent))
	if err != nil || !said || l.spent(model) {
		return err
	}
	return fmt.Errorf("%w: it consented in round %d; %s", secagg.ErrRolledBack, l.LastRound, rolledBackRemedy)
}

const rolledBackRemedy = "the folder is an older copy: ask the authority for a new identity and start with an empty folder"

// said reports whether the log holds a record that this member signed, and the
// model of that round.
func (c *Client) said(ctx context.Context, round uint32, k wire.Kind, m wire.Message) (bool, wire.Digest, error) {
	rec, err := c.lookup(ctx, c.key(round, k, c.cfg.Name))
	if rec == nil || err != nil {
		return false, wire.Digest{}, err
	}
	open, err := c.lookup(ctx, c.key(round, wire.KindOpen, wire.Nobody))
	if open == nil || err != nil {
		return false, wire.Digest{}, err
	}
	r, err := secagg.NewRound(*open)
	if err != nil {
		return false, wire.Digest{}, nil // nobody could run that round
	}
	e, err := wire.DecodeSigned(rec.Body, m)
	mine := err == nil && secagg.Verify(c.public(), k, r.Ctx, e)
	return mine, r.Open.Model, nil
}

func (c *Client) public() [wire.IdentitySize]byte {
	return [wire.IdentitySize]byte(c.cfg.Identity[wire.IdentitySize:]) // seed, then public key
}

func (l *ledger) spent(model wire.Digest) bool {
	for _, s := range l.Spent {
		if s.Model == model {
			return true
		}
	}
	return false
}
