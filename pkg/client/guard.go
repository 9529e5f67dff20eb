package client

import (
	"bytes"
	"context"
	"fmt"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// notRolledBack holds the folder against the log, which remembers what this
// member said: everything is on disk before it is sent, so what the log knows
// and the folder does not comes from a newer copy of this folder. Records
// without this member's signature prove nothing.
func (c *Client) notRolledBack(ctx context.Context, l *ledger, round uint32, state *secagg.State) error {
	for r := l.LastRound + 1; r <= round; r++ {
		said, err := c.said(ctx, r, wire.KindAdvert)
		if err != nil {
			return err
		}
		if said != nil {
			return rolledBack(said.key)
		}
	}
	if l.LastRound > 0 {
		said, err := c.said(ctx, l.LastRound, wire.KindConsent)
		if err != nil {
			return err
		}
		if said != nil && !l.spent(said.model) {
			return rolledBack(said.key)
		}
	}
	return c.knowsItsWords(ctx, round, state)
}

func rolledBack(k wire.Key) error {
	return fmt.Errorf("%w: %s; %s", secagg.ErrRolledBack, k, rolledBackRemedy)
}

// knowsItsWords compares a round that is resumed, header by header.
func (c *Client) knowsItsWords(ctx context.Context, round uint32, state *secagg.State) error {
	if state == nil {
		return nil // it will only observe, or nothing is in the log
	}
	saved := map[wire.Key][]byte{}
	for _, sent := range state.Sent {
		for _, e := range sent.Entries {
			saved[e.Key] = e.Body
		}
	}
	for _, row := range wire.Kinds() {
		if row.Writer != wire.ByParticipant || row.Stream != wire.Log {
			continue
		}
		said, err := c.said(ctx, round, row.Kind)
		if err != nil {
			return err
		}
		if said != nil && !bytes.Equal(saved[said.key], said.body) {
			return rolledBack(said.key)
		}
	}
	return nil
}

const rolledBackRemedy = "the folder is an older copy: ask the authority for a new identity and start with an empty folder"

// A word is a record of the log that this member signed.
type word struct {
	key   wire.Key
	body  []byte
	model wire.Digest // of its round
}

// said returns this member's record of a kind; nil if there is none.
func (c *Client) said(ctx context.Context, round uint32, k wire.Kind) (*word, error) {
	rec, err := c.lookup(ctx, c.key(round, k, c.cfg.Name))
	if rec == nil || err != nil {
		return nil, err
	}
	open, err := c.lookup(ctx, c.key(round, wire.KindOpen, wire.Nobody))
	if open == nil || err != nil {
		return nil, err
	}
	r, err := secagg.NewRound(*open)
	if err != nil {
		return nil, nil // nobody could run that round
	}
	var e wire.Envelope
	if wire.DecodeBody(rec.Body, &e) != nil || !secagg.Verify(c.public(), k, r.Ctx, &e) {
		return nil, nil
	}
	return &word{rec.Key, rec.Body, r.Open.Model}, nil
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
