package secagg

import (
	"slices"

	"chorus/pkg/wire"
)

// answer publishes the shares that complaints against this member name, once,
// and never more than A_corr of them: one more complaint, and it rather leaves.
func (p *Participant) answer() (bool, error) {
	var c wire.Complaints
	if ok, err := p.fact(wire.KindComplaints, &c); !ok || err != nil {
		return false, err
	}
	if p.pos < 0 {
		return true, nil
	}
	var keys []wire.Key
	var complainers []int
	for _, d := range c.Disputes {
		if int(d.Dealer) == p.pos && int(d.Complainer) < p.round.N() {
			complainers = append(complainers, int(d.Complainer))
			keys = append(keys, p.round.Key(wire.KindComplaint, p.round.Name(int(d.Complainer)), 0))
		}
	}
	if len(complainers) == 0 || len(complainers) > p.round.MaxAnswers() {
		return true, nil
	}
	if _, ok := p.need(keys...); !ok {
		return false, nil
	}
	return true, p.answerOnce("answer", p.shareSet.Root, func() ([]wire.Entry, error) { return p.answers(complainers, keys), nil })
}

func (p *Participant) answers(complainers []int, keys []wire.Key) []wire.Entry {
	a := &wire.Answer{SetupRoot: p.setup.Root, ShareRoot: p.shareSet.Root}
	for i, who := range complainers {
		if p.validComplaint(keys[i]) {
			if plain, ok := p.ownShareFor(who); ok {
				a.Shares = append(a.Shares, wire.Dealt{Complainer: uint16(who), Share: plain})
			}
		}
	}
	slices.SortFunc(a.Shares, func(x, y wire.Dealt) int { return int(x.Complainer) - int(y.Complainer) })
	return []wire.Entry{p.say(wire.KindAnswer, a)}
}

// validComplaint: signed under this member's own ctx and setup root by a member
// of U2, naming the very bytes that this member's header names. Otherwise a
// server that garbles boxes would make honest dealers publish their secrets.
func (p *Participant) validComplaint(k wire.Key) bool {
	var c wire.Complaint
	who, why := p.round.Admit(wire.Record{Key: k, Body: p.facts[k]}, &c)
	if why != "" || c.SetupRoot != p.setup.Root || c.ShareRoot != p.shareSet.Root {
		return false
	}
	if _, ok := p.u2[who]; !ok {
		return false
	}
	digest, ok := p.ownBoxDigest(who)
	return ok && slices.ContainsFunc(c.Boxes, func(b wire.BoxRef) bool { return int(b.Dealer) == p.pos && b.Box == digest })
}

func (p *Participant) ownBoxDigest(holder int) (wire.Digest, bool) {
	part := BoxIndex(p.setup.U1, holder)
	for _, s := range p.state.Sent {
		for _, e := range s.Entries {
			if s.Phase == "share-keys" && e.Key.Kind == wire.KindSharesPart && e.Key.Part == part && part > 0 {
				return wire.Sum(e.Body), true
			}
		}
	}
	return wire.Digest{}, false
}

// ownShareFor deals again, from the same stream, what one holder's box holds.
func (p *Participant) ownShareFor(holder int) ([]byte, bool) {
	plains, _, err := p.round.plains(p.sec, sortedKeys(p.adverts), p.params.T, p.setup.Root, p.cfg.Name, p.dealingStream())
	i := int(BoxIndex(p.setup.U1, holder)) - 1
	if err != nil || i < 0 {
		return nil, false
	}
	return plains[i], true
}

// collectAnswers takes the shares that disputed dealers published for this
// member. Those that left have published nothing, and neither has a dealer whom
// this member's complaint reached too late: there it reveals nothing for it.
func (p *Participant) collectAnswers() (bool, error) {
	if len(p.disputed) == 0 {
		return true, nil
	}
	var c wire.Complaints
	if ok, err := p.fact(wire.KindComplaints, &c); !ok || err != nil {
		return false, err
	}
	for _, ref := range p.disputed {
		dealer := int(ref.Dealer)
		if !p.accepted.Members.Has(dealer) || !slices.Contains(c.Disputes, wire.Dispute{Dealer: ref.Dealer, Complainer: uint16(p.pos)}) {
			continue
		}
		key := p.round.Key(wire.KindAnswer, p.round.Name(dealer), 0)
		if _, ok := p.need(key); !ok {
			continue
		}
		p.takeAnswer(dealer, key)
	}
	return len(p.wants) == 0, nil
}

func (p *Participant) takeAnswer(dealer int, key wire.Key) {
	var a wire.Answer
	if _, why := p.round.Admit(wire.Record{Key: key, Body: p.facts[key]}, &a); why != "" ||
		a.SetupRoot != p.setup.Root || a.ShareRoot != p.shareSet.Root {
		return
	}
	for _, s := range a.Shares {
		c := p.disputedBy[dealer]
		if int(s.Complainer) == p.pos && c != nil && p.round.CheckDealt(c, p.setup.Root, dealer, p.pos, s.Share) {
			p.boxes[dealer] = s.Share
		}
	}
}
