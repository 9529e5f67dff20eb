package secagg

import (
	"fmt"
	"io"

	"chorus/pkg/secagg/commit"
	"chorus/pkg/secagg/finder"
	"chorus/pkg/secagg/kdf"
	"chorus/pkg/secagg/mask"
	"chorus/pkg/wire"
)

// advertiseKeys is Round 0.
func (p *Participant) advertiseKeys() (bool, error) {
	if p.pos < 0 {
		return true, nil
	}
	return true, p.answerOnce("advertise-keys", p.round.Ctx, func() ([]wire.Entry, error) {
		return []wire.Entry{p.say(wire.KindAdvert, p.sec.advert(p.round.Ctx, p.cfg.Name))}, nil
	})
}

// shareKeys is Round 1: verify U1, countersign its root, deal to all of it.
func (p *Participant) shareKeys() (bool, error) {
	if ok, err := p.fact(wire.KindSetup, &p.setup); !ok || err != nil {
		return false, err
	}
	bundle, ok := p.blob(wire.KindSetupBundle, p.setup.Bundle)
	if !ok {
		return false, nil
	}
	var err error
	if p.adverts, p.u1, err = p.round.VerifySetup(&p.setup, bundle); err != nil {
		return false, err
	}
	if p.params, err = p.round.Params(len(p.u1)); err != nil {
		return false, fmt.Errorf("%w: %w", ErrSmallU1, err)
	}
	if !p.within(p.u1) {
		return true, nil
	}
	if advert, _ := p.sentHeader("advertise-keys"); wire.Sum(advert.Body) != p.u1[p.pos] {
		return false, fmt.Errorf("%w: advert", ErrOwnRecord)
	}
	return true, p.answerOnce("share-keys", p.setup.Root, p.deal)
}

// within keeps a member that a set leaves out as an observer: it has no further
// duties, and still verifies the result.
func (p *Participant) within(s Set) bool {
	if _, ok := s[p.pos]; !ok {
		p.pos = -1
	}
	return p.pos >= 0
}

// dealingStream gives coefficients and salts, the same ones whenever it is read.
func (p *Participant) dealingStream() io.Reader {
	return kdf.Stream(p.state.Master, own(p.round.Ctx, p.cfg.Name, "dealing"))
}

func (p *Participant) deal() ([]wire.Entry, error) {
	chunks, err := p.round.deal(p.sec, p.adverts, p.params.T, p.setup.Root, p.cfg.Name, p.dealingStream())
	if err != nil {
		return nil, err
	}
	parts, es := wire.PackParts(p.round.Key(wire.KindSharesPart, p.cfg.Name, 0), chunks)
	return append(es, p.say(wire.KindShares, &wire.Shares{SetupRoot: p.setup.Root, Boxes: parts})), nil
}

// openBoxes verifies U2 and opens this member's box from every dealer in it. A
// box that does not open, or holds something else than its dealer committed to,
// is complained about.
func (p *Participant) openBoxes() (bool, error) {
	if p.u2 == nil {
		if ok, err := p.fact(wire.KindShareSet, &p.shareSet); !ok || err != nil {
			return false, err
		}
		bundle, ok := p.blob(wire.KindShareSetBundle, p.shareSet.Bundle)
		if !ok {
			return false, nil
		}
		var err error
		if p.shares, p.u2, err = p.round.VerifyShareSet(&p.shareSet, bundle, p.u1, p.setup.Root); err != nil {
			return false, err
		}
	}
	if !p.within(p.u2) {
		return true, nil
	}
	if own, _ := p.sentHeader("share-keys"); wire.Sum(own.Body) != p.u2[p.pos] {
		return false, fmt.Errorf("%w: shares", ErrOwnRecord)
	}
	return p.openAll()
}

func (p *Participant) openAll() (bool, error) {
	var keys []wire.Key
	for _, dealer := range sortedKeys(p.u2) {
		keys = append(keys, p.boxKeys(dealer)...)
	}
	if _, ok := p.need(keys...); !ok {
		return false, nil
	}
	p.disputed = nil
	for _, dealer := range sortedKeys(p.u2) {
		if err := p.openOne(dealer); err != nil {
			return false, err
		}
	}
	if len(p.wants) > 0 {
		return false, nil
	}
	for _, k := range keys {
		delete(p.content, k)
	}
	if len(p.disputed) == 0 {
		return true, nil
	}
	c := &wire.Complaint{SetupRoot: p.setup.Root, ShareRoot: p.shareSet.Root, Boxes: p.disputed[:min(len(p.disputed), maxComplaints)]}
	return true, p.answerOnce("complain", p.shareSet.Root, func() ([]wire.Entry, error) {
		return []wire.Entry{p.say(wire.KindComplaint, c)}, nil
	})
}

// maxComplaints keeps a complaint inside a log record.
const maxComplaints = 200

// boxKeys are the three records that a holder fetches of a dealing: the digest
// list, its own box, the commitments.
func (p *Participant) boxKeys(dealer int) []wire.Key {
	ks := make([]wire.Key, 3)
	for i, part := range []uint32{0, BoxIndex(p.setup.U1, p.pos), uint32(len(p.u1) + 1)} {
		ks[i] = p.round.Key(wire.KindSharesPart, p.round.Name(dealer), part)
	}
	return ks
}

// openOne opens one box. Bytes that the dealer's header does not name are not
// the dealer's: they are asked for again, never complained about.
func (p *Participant) openOne(dealer int) error {
	keys := p.boxKeys(dealer)
	list, err := p.shares[dealer].Boxes.List(p.content[keys[0]])
	if err != nil {
		p.refetch(keys[0])
		return nil
	}
	for _, k := range keys[1:] {
		if wire.Sum(p.content[k]) != list[k.Part-1] {
			p.refetch(k)
			return nil
		}
	}
	sealed := p.content[keys[1]]
	c, err := ParseCommitments(p.content[keys[2]], p.setup.U1)
	if err == nil {
		var plain []byte
		plain, err = p.sec.boxKey.Open(p.round.boxContext(p.setup.Root, p.round.Name(dealer), p.cfg.Name), sealed)
		if err == nil && p.round.CheckDealt(c, p.setup.Root, dealer, p.pos, plain) {
			p.boxes[dealer] = plain
			return nil
		}
	}
	p.disputed = append(p.disputed, wire.BoxRef{Dealer: uint16(dealer), Box: wire.Sum(sealed)})
	p.disputedBy[dealer] = c
	return nil
}

func (p *Participant) refetch(k wire.Key) {
	delete(p.content, k)
	p.wants = append(p.wants, k)
}

// contribute is Round 2: commit, mask, send.
func (p *Participant) contribute() (bool, error) {
	if p.pos < 0 || p.encoded == nil {
		return true, nil
	}
	return true, p.answerOnce("masked-input", p.shareSet.Root, p.maskInput)
}

func (p *Participant) maskInput() ([]wire.Entry, error) {
	r := p.round
	limbs, err := commit.DrawLimbs(r.Layout, kdf.Stream(p.state.Master, own(r.Ctx, p.cfg.Name, "blinds")))
	if err != nil {
		return nil, err
	}
	key, err := commit.NewKey(r.Layout.M)
	if err != nil {
		return nil, err
	}
	points, err := key.CommitVector(r.Layout, p.encoded, limbs)
	if err != nil {
		return nil, err
	}
	rows := make([]byte, 0, len(points)*commit.PointSize)
	for _, c := range points {
		b := c.Bytes()
		rows = append(rows, b[:]...)
	}
	terms, err := p.maskTerms()
	if err != nil {
		return nil, err
	}
	y := NewVector(r.Words(), r.WordBytes())
	y.Set(0, p.encoded)
	y.Set(len(p.encoded), limbs)
	y.Apply(terms, 0)
	words, es := wire.PackParts(r.Key(wire.KindInputPart, p.cfg.Name, 0), wire.Cut(y.Bytes(), int(r.Open.PartSize)))
	commitments, more := wire.PackParts(r.Key(wire.KindCommitPart, p.cfg.Name, 0), wire.Cut(rows, int(r.Open.PartSize)))
	header := &wire.Input{SetupRoot: p.setup.Root, ShareRoot: p.shareSet.Root, Weight: p.cfg.Contribution.Weight,
		Words: words, Commitments: commitments}
	return append(append(es, more...), p.say(wire.KindInput, header)), nil
}

// maskTerms: PRG(b_u) and, for every other member of U2, +-PRG(s_uv).
func (p *Participant) maskTerms() ([]mask.Term, error) {
	r := p.round
	terms := []mask.Term{{Key: r.selfKey(p.sec.b, p.setup.Root, p.cfg.Name)}}
	for _, v := range sortedKeys(p.u2) {
		if v == p.pos {
			continue
		}
		k, err := r.pairKey(p.sec.maskKey, p.adverts[v].MaskKey[:], p.setup.Root, p.cfg.Name, r.Name(v))
		if err != nil {
			return nil, fmt.Errorf("mask key of %s: %w", r.Name(v), err)
		}
		terms = append(terms, mask.Term{Key: k, Negative: pairSign(p.pos, v)})
	}
	return terms, nil
}

// quorum is q over all of U2.
func (p *Participant) quorum() int { return finder.Quorum(len(p.u2), p.round.Corrupt) }
