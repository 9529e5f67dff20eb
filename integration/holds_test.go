package integration

import (
	"slices"

	"chorus/pkg/wire"
)

// A secret is one of the two seeds of a dealer between which its input stands:
// whoever has both has the input.
type secret struct {
	dealer int
	which  string // "s" or "b"
}

// holds lists, by secret of an honest dealer, the honest holders whose share the
// server has got out of them.
func (s *server) holds() map[secret][]int {
	held := map[secret][]int{}
	for _, h := range honest() {
		for _, e := range s.members[h].sent {
			if e.Key.Kind == wire.KindRevealPart && e.Key.Part == 1 && e.Key.Round == s.number {
				s.identify(h, e.Body, held)
			}
		}
		s.answered(h, held)
	}
	return held
}

// identify says which shares a reveal holds, by the dealers' own commitments.
func (s *server) identify(holder int, reveal []byte, held map[secret][]int) {
	for ; len(reveal) >= wire.RevealSize; reveal = reveal[wire.RevealSize:] {
		share, salt := reveal[1:1+wire.ShareSize], reveal[1+wire.ShareSize:wire.RevealSize]
		for _, dealer := range honest() {
			for which, name := range []string{"s", "b"} {
				if c, ok := s.commitment(dealer, holder, which); ok && c == s.shareDigest(dealer, holder, name, share, salt) {
					k := secret{dealer, name}
					held[k] = append(held[k], holder)
				}
			}
		}
	}
}

// shareDigest is the commitment to a share (docs: the tag "share").
func (s *server) shareDigest(dealer, holder int, which string, share, salt []byte) wire.Digest {
	root := decode[wire.Shares](s, s.store[s.r.Key(wire.KindShares, s.r.Name(dealer), 0)]).SetupRoot
	return wire.Tagged("share", s.r.Ctx[:], root[:], []byte(s.r.Name(dealer)), []byte(s.r.Name(holder)), []byte(which), salt, share)
}

// commitment reads one digest from the last part of a dealing: three a holder,
// in roster order of U1.
func (s *server) commitment(dealer, holder, which int) (d wire.Digest, ok bool) {
	header, ok := s.store[s.r.Key(wire.KindShares, s.r.Name(dealer), 0)]
	if !ok {
		return d, false
	}
	last := decode[wire.Shares](s, header).Boxes.Count - 1
	list := s.store[s.r.Key(wire.KindSharesPart, s.r.Name(dealer), last)]
	at := (s.main.setup.U1.Minus(bitmap(seq(holder, members)...)).Len()*3 + which) * wire.DigestSize
	copy(d[:], list[at:])
	return d, true
}

// answered adds the shares that an honest dealer published for honest holders:
// both secrets at once, which is why there must be none.
func (s *server) answered(dealer int, held map[secret][]int) {
	body, ok := s.store[s.r.Key(wire.KindAnswer, s.r.Name(dealer), 0)]
	if !ok {
		return
	}
	for _, d := range decode[wire.Answer](s, body).Shares {
		if int(d.Complainer) < members-corrupt {
			for _, which := range []string{"s", "b"} {
				held[secret{dealer, which}] = append(held[secret{dealer, which}], int(d.Complainer))
			}
		}
	}
}

// checkHolds: of no honest dealer can the server, with all its corrupt members,
// rebuild both seeds; and no honest member gave both shares of one dealer.
func (s *server) checkHolds() {
	s.t.Helper()
	if len(s.main.u1) == 0 {
		return // nothing was dealt
	}
	t := (len(s.main.u1)+corrupt)/2 + 1
	held := s.holds()
	for _, dealer := range honest() {
		of, self := held[secret{dealer, "s"}], held[secret{dealer, "b"}]
		for _, h := range of {
			if slices.Contains(self, h) {
				s.t.Errorf("member %d gave both shares of dealer %d", h, dealer)
			}
		}
		if min(len(of), len(self))+corrupt >= t {
			s.t.Errorf("dealer %d is open: %d shares of s_u, %d of b_u, %d corrupt, t = %d", dealer, len(of), len(self), corrupt, t)
		}
	}
}

// revealed counts the honest members that revealed anything in this round.
func (s *server) revealed() (n int) {
	for _, h := range honest() {
		if _, ok := s.store[s.r.Key(wire.KindReveal, s.r.Name(h), 0)]; ok {
			n++
		}
	}
	return n
}
