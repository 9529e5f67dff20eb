package secagg

import (
	"crypto/ed25519"
	"fmt"
	"io"

	"chorus/pkg/secagg/encode"
	"chorus/pkg/secagg/kdf"
	"chorus/pkg/wire"
)

// masterSize is the length of a member's master secret.
const masterSize = 32

// join verifies the Open and the roster, and decides whether this member may
// answer the round at all.
func (p *Participant) join() (bool, error) {
	r := p.round
	for part := range r.Open.RosterParts {
		k := r.Key(wire.KindRoster, wire.Nobody, part)
		if b, ok := p.facts[k]; ok {
			if err := r.AddRoster(wire.Record{Key: k, Body: b}); err != nil {
				return false, err
			}
		}
	}
	if !r.Complete() {
		return false, nil
	}
	if _, err := VerifyRoster(p.cfg.Authority, r.SignedRoster()); err != nil {
		return false, err
	}
	if r.Open.Filter != wire.FilterNone {
		return false, fmt.Errorf("%w: filter %q; this version has only %q, and what is not filtered must not pass for filtered",
			ErrOpen, r.Open.Filter, wire.FilterNone)
	}
	if r.Roster.Version < p.mem.RosterVersion {
		return false, ErrOlderRoster
	}
	if p.cfg.Identity == nil {
		return true, p.observe()
	}
	return true, p.enlist()
}

// observe is join for an observer. What it ends with moves Memory on, so it
// holds rounds to the same policy as a member, and to the same chain: otherwise
// corrupt members alone could certify a round that brings a spent model back
// under another digest.
func (p *Participant) observe() error {
	if err := p.cfg.Policy.Admits(p.round); err != nil {
		return err
	}
	o, m := &p.round.Open, p.mem
	if !m.Certificate.IsZero() && (o.Previous != m.Certificate || !m.Model.IsZero() && o.Model != m.Model) {
		return ErrModelBehind
	}
	return nil
}

// enlist is join for a member: everything that can speak against answering.
func (p *Participant) enlist() error {
	r := p.round
	p.pos = r.Roster.Position(p.cfg.Name)
	if p.pos < 0 || [wire.IdentitySize]byte(p.cfg.Identity.Public().(ed25519.PublicKey)) != r.Roster.Members[p.pos].Identity {
		return ErrNotMember
	}
	if err := p.cfg.Policy.Admits(r); err != nil {
		return err
	}
	if err := p.rightRound(); err != nil {
		return err
	}
	if p.pos < 0 {
		return nil
	}
	if err := p.rightModel(); err != nil {
		return err
	}
	if err := p.encodeUpdate(); err != nil {
		return err
	}
	p.mem.RosterVersion, p.mem.LastRound, p.mem.LastCtx = r.Roster.Version, r.Open.Round, r.Ctx
	p.dirty = true
	var err error
	p.sec, err = drawSecrets(p.state.Master, r.Ctx, p.cfg.Name)
	return err
}

// rightModel: the digest this member was told, or the one that follows from the
// last certificate it verified.
func (p *Participant) rightModel() error {
	o := &p.round.Open
	expect := p.cfg.Model
	if expect.IsZero() {
		expect = p.mem.Model
	}
	if !p.mem.Certificate.IsZero() && o.Previous != p.mem.Certificate {
		return ErrModelBehind
	}
	if expect.IsZero() || o.Model != expect {
		return ErrModelUnknown
	}
	return nil
}

// rightRound: one Open per round, rounds ascend, and an answered round is only
// resumed with its state; without it the member observes.
func (p *Participant) rightRound() error {
	r := p.round
	switch {
	case r.Open.Round < p.mem.LastRound:
		return ErrRoundNotAbove
	case r.Open.Round == p.mem.LastRound && r.Ctx != p.mem.LastCtx:
		return ErrSecondOpen
	case p.state != nil && p.state.Ctx == r.Ctx && len(p.state.Master) == masterSize:
		return nil
	case p.state != nil && p.state.Ctx == r.Ctx, r.Open.Round == p.mem.LastRound:
		// Erased, or never there. Everything would follow from an empty master.
		p.pos, p.without = -1, ErrNoState
		return nil
	}
	p.state = &State{Ctx: r.Ctx, Master: make([]byte, masterSize)}
	_, err := io.ReadFull(p.cfg.Rand, p.state.Master)
	return err
}

// encodeUpdate refuses a bad update before anything is sent.
func (p *Participant) encodeUpdate() error {
	c := p.cfg.Contribution
	if c == nil {
		return nil
	}
	most := min(p.round.Roster.Members[p.pos].MaxWeight, p.round.Open.MaxWeight)
	if c.Weight == 0 || c.Weight > most {
		return fmt.Errorf("%w: %d; this member may give 1 to %d", encode.ErrWeight, c.Weight, most)
	}
	rounding := c.Rounding
	if rounding == nil {
		rounding = kdf.Stream(p.state.Master, own(p.round.Ctx, p.cfg.Name, "rounding"))
	}
	var err error
	p.encoded, err = p.round.Encoding.Encode(c.Update, c.Weight, rounding)
	return err
}
