package world

import (
	"fmt"
	"slices"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// A Secret is one of the two seeds of a dealer between which its input stands:
// whoever has both has the input.
type Secret struct {
	Dealer int
	Which  string // "s" or "b"
}

// A View is what somebody has got out of the honest members in one round.
type View struct {
	Round  *secagg.Round
	U1     wire.Bitmap
	Honest []int
	Get    func(k wire.Key) (body []byte, ok bool)
}

// Held lists, by secret of an honest dealer, the honest holders whose share has
// come out: in reveals, and in answers to complaints.
func (v *View) Held() (map[Secret][]int, error) {
	held := map[Secret][]int{}
	for _, i := range v.Honest {
		if reveal, ok := v.Get(v.Round.Key(wire.KindRevealPart, v.Round.Name(i), 1)); ok {
			if err := v.identify(i, reveal, held); err != nil {
				return nil, err
			}
		}
		if err := v.answered(i, held); err != nil {
			return nil, err
		}
	}
	return held, nil
}

// identify says which shares a reveal holds by the dealers' own commitments, and
// not by what its sender means to have sent.
func (v *View) identify(holder int, reveal []byte, held map[Secret][]int) error {
	of, err := v.commitments(holder)
	if err != nil {
		return err
	}
	for ; len(reveal) >= wire.RevealSize; reveal = reveal[wire.RevealSize:] {
		share, salt := reveal[1:1+wire.ShareSize], reveal[1+wire.ShareSize:wire.RevealSize]
		for d, root := range of {
			for i, which := range []string{"s", "b"} {
				if v.digest(d.dealer, holder, root, which, share, salt) == d.shares[i] {
					k := Secret{d.dealer, which}
					held[k] = append(held[k], holder)
				}
			}
		}
	}
	return nil
}

// A dealing is what an honest dealer committed to for one holder.
type dealing struct {
	dealer int
	shares [2]wire.Digest // of s and b
}

// commitments reads every honest dealer's last part: three digests a member of
// U1, in roster order. The values are the setup roots that they were dealt under.
func (v *View) commitments(holder int) (map[dealing]wire.Digest, error) {
	out := map[dealing]wire.Digest{}
	for _, dealer := range v.Honest {
		body, ok := v.Get(v.Round.Key(wire.KindShares, v.Round.Name(dealer), 0))
		if !ok {
			continue
		}
		var h wire.Shares
		if _, err := wire.DecodeSigned(body, &h); err != nil {
			return nil, fmt.Errorf("shares of %d: %w", dealer, err)
		}
		list, _ := v.Get(v.Round.Key(wire.KindSharesPart, v.Round.Name(dealer), h.Boxes.Count-1))
		at := int(secagg.BoxIndex(v.U1, holder)-1) * 3 * wire.DigestSize
		if at < 0 || at+2*wire.DigestSize > len(list) {
			return nil, fmt.Errorf("dealer %d has no commitments for %d", dealer, holder)
		}
		d := dealing{dealer: dealer}
		copy(d.shares[0][:], list[at:])
		copy(d.shares[1][:], list[at+wire.DigestSize:])
		out[d] = h.SetupRoot
	}
	return out, nil
}

func (v *View) digest(dealer, holder int, root wire.Digest, which string, share, salt []byte) wire.Digest {
	r := v.Round
	return wire.Tagged("share", r.Ctx[:], root[:], []byte(r.Name(dealer)), []byte(r.Name(holder)), []byte(which), salt, share)
}

// answered adds what an honest dealer published for honest holders: shares of
// both seeds at once, which is why there must be none.
func (v *View) answered(dealer int, held map[Secret][]int) error {
	body, ok := v.Get(v.Round.Key(wire.KindAnswer, v.Round.Name(dealer), 0))
	if !ok {
		return nil
	}
	var a wire.Answer
	if _, err := wire.DecodeSigned(body, &a); err != nil {
		return fmt.Errorf("answer of %d: %w", dealer, err)
	}
	for _, s := range a.Shares {
		for _, which := range []string{"s", "b"} {
			if k := (Secret{dealer, which}); slices.Contains(v.Honest, int(s.Complainer)) {
				held[k] = append(held[k], int(s.Complainer))
			}
		}
	}
	return nil
}

// Check returns an error if an honest member gave both shares of one dealer, or
// if the view together with every corrupt member rebuilds both seeds of one.
func (v *View) Check() error {
	if v.U1.Len() == 0 {
		return nil // nothing was dealt
	}
	held, err := v.Held()
	if err != nil {
		return err
	}
	t := (v.U1.Len()+v.Round.Corrupt)/2 + 1
	for _, dealer := range v.Honest {
		of, self := held[Secret{dealer, "s"}], held[Secret{dealer, "b"}]
		for _, h := range of {
			if slices.Contains(self, h) {
				return fmt.Errorf("%w: %s gave both shares of %s", ErrBothShares, v.Round.Name(h), v.Round.Name(dealer))
			}
		}
		if min(len(of), len(self))+v.Round.Corrupt >= t {
			return fmt.Errorf("%w: %d shares of s_u and %d of b_u of %s are out, t = %d", ErrOpenInput, len(of), len(self), v.Round.Name(dealer), t)
		}
	}
	return nil
}
