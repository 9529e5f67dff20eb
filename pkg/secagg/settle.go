package secagg

import (
	"context"
	"errors"
	"fmt"

	"chorus/pkg/wire"
)

// A Case is everything that settling complaints looks at.
type Case struct {
	round      *Round
	claimed    map[wire.Dispute]wire.Digest // the box that a complaint names
	boxes      map[wire.Dispute]wire.Digest // the box that the dealer's header names
	commitment map[int]*Commitments         // by dealer; nil: not a dealing
	answers    map[wire.Dispute][]byte
}

// LoadCase fetches the complaints, the disputed dealers' digest lists and
// commitments, and their answers.
func LoadCase(ctx context.Context, g Getter, r *Round, o *wire.SettleOrder) (*Case, error) {
	headers, err := LoadMembers[wire.Shares](ctx, g, r, wire.KindShareSetBundle, o.Headers)
	if err != nil {
		return nil, err
	}
	c := &Case{r, map[wire.Dispute]wire.Digest{}, map[wire.Dispute]wire.Digest{}, map[int]*Commitments{}, map[wire.Dispute][]byte{}}
	for _, d := range o.Disputes {
		if err := c.load(ctx, g, o, d, headers[int(d.Dealer)]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Case) load(ctx context.Context, g Getter, o *wire.SettleOrder, d wire.Dispute, header *wire.Shares) error {
	r, dealer := c.round, int(d.Dealer)
	if header == nil {
		return fmt.Errorf("dealer %d has no header", dealer)
	}
	rec, err := g.Get(ctx, r.Key(wire.KindComplaint, r.Name(int(d.Complainer)), 0))
	if err != nil {
		return err
	}
	var complaint wire.Complaint
	if _, err := wire.DecodeSigned(rec.Body, &complaint); err != nil {
		return err
	}
	for _, b := range complaint.Boxes {
		if b.Dealer == d.Dealer {
			c.claimed[d] = b.Box
		}
	}
	first, err := g.Get(ctx, r.Key(wire.KindSharesPart, r.Name(dealer), 0))
	if err != nil {
		return err
	}
	list, err := header.Boxes.List(first.Body)
	if err != nil {
		return err
	}
	c.boxes[d] = list[BoxIndex(o.U1, int(d.Complainer))-1]
	c.commitment[dealer], err = r.LoadCommitments(ctx, g, dealer, header, o.U1)
	if err != nil && !errors.Is(err, ErrDealing) && !errors.Is(err, wire.ErrDigest) {
		return err // not the dealer's fault: the task comes again
	}
	return c.loadAnswer(ctx, g, o, d)
}

func (c *Case) loadAnswer(ctx context.Context, g Getter, o *wire.SettleOrder, d wire.Dispute) error {
	if !o.Answered.Has(int(d.Dealer)) {
		return nil
	}
	rec, err := g.Get(ctx, c.round.Key(wire.KindAnswer, c.round.Name(int(d.Dealer)), 0))
	if err != nil {
		return err
	}
	var a wire.Answer
	if _, err := wire.DecodeSigned(rec.Body, &a); err != nil {
		return err
	}
	for _, s := range a.Shares {
		if s.Complainer == d.Complainer {
			c.answers[d] = s.Share
		}
	}
	return nil
}

// Settle decides every dispute (docs/PROTOCOL.md, section 10).
func (c *Case) Settle(o *wire.SettleOrder) *wire.Settlement {
	n := c.round.N()
	leaving, rejected := map[wire.Reason]wire.Bitmap{}, map[wire.Reason]wire.Bitmap{}
	note := func(by map[wire.Reason]wire.Bitmap, why wire.Reason, who uint16) {
		if by[why] == nil {
			by[why] = wire.NewBitmap(n)
		}
		by[why].Add(int(who))
	}
	gone := wire.NewBitmap(n)
	for _, d := range o.Disputes {
		why := c.decide(o, d)
		switch {
		case why == wire.FalseComplaint:
			note(rejected, why, d.Complainer)
		case why != "" && !gone.Has(int(d.Dealer)):
			gone.Add(int(d.Dealer))
			note(leaving, why, d.Dealer)
		}
	}
	return &wire.Settlement{Leaving: Exclusions(leaving), Rejected: Exclusions(rejected)}
}

func (c *Case) decide(o *wire.SettleOrder, d wire.Dispute) wire.Reason {
	dealer := int(d.Dealer)
	if c.claimed[d] != c.boxes[d] {
		return wire.FalseComplaint
	}
	answer, ok := c.answers[d]
	if !ok {
		return wire.ComplaintUnanswered
	}
	if c.commitment[dealer] == nil || !c.round.CheckDealt(c.commitment[dealer], o.SetupRoot, dealer, int(d.Complainer), answer) {
		return wire.InconsistentDealing
	}
	return ""
}
