package integration

import (
	"encoding/binary"
	"maps"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// The server's own members, and a key of theirs to forge others with.
const evil, evil2 = members - 2, members - 1

// forge makes a record in the name of a member without its key.
func (s *server) forge(kind wire.Kind, m wire.Message) []byte { return s.sign(evil, kind, m) }

// setupOf shows everyone a U1 of the adverts as edit leaves them.
func setupOf(edit func(s *server, adverts map[int][]byte)) func(*server) []int {
	return func(s *server) []int {
		v := s.begin()
		adverts := s.said(wire.KindAdvert, everyone())
		edit(s, adverts)
		s.show(everyone(), v.close1(adverts))
		return honest()
	}
}

// advertOf edits one advert and signs it with the key of a corrupt member:
// forged if it is another's.
func advertOf(i int, edit func(s *server, a *wire.Advert)) func(*server) []int {
	return setupOf(func(s *server, adverts map[int][]byte) {
		a := decode[wire.Advert](s, adverts[i])
		edit(s, &a)
		adverts[i] = s.forge(wire.KindAdvert, &a)
	})
}

var setupAttacks = []attack{
	{"setup: mask key of an honest member swapped", 5, secagg.ErrMemberRecord,
		advertOf(1, func(_ *server, a *wire.Advert) { a.MaskKey = [32]byte{9} })},
	{"setup: box key of an honest member swapped", 5, secagg.ErrMemberRecord, advertOf(1, func(s *server, a *wire.Advert) {
		a.BoxKey = decode[wire.Advert](s, s.said(wire.KindAdvert, []int{evil2})[evil2]).BoxKey
	})},
	{"setup: a corrupt member copies a mask key", 5, secagg.ErrKeysRepeat, advertOf(evil, func(s *server, a *wire.Advert) {
		a.MaskKey = decode[wire.Advert](s, s.said(wire.KindAdvert, []int{1})[1]).MaskKey
	})},
	{"setup: a corrupt member copies a box key", 5, secagg.ErrKeysRepeat, advertOf(evil, func(s *server, a *wire.Advert) {
		a.BoxKey = decode[wire.Advert](s, s.said(wire.KindAdvert, []int{1})[1]).BoxKey
	})},
	{"setup: a corrupt member's mask key of low order", 17, secagg.ErrMemberRecord,
		advertOf(evil, func(_ *server, a *wire.Advert) { a.MaskKey = [32]byte{1} })},
	{"setup: adverts of an earlier round", 10, secagg.ErrMemberRecord, func(s *server) []int {
		s.begin()
		old := s.said(wire.KindAdvert, everyone())
		v := s.begin()
		s.show(everyone(), v.close1(old))
		return honest()
	}},
	{"setup: a record of another kind for an advert", 26, secagg.ErrMemberRecord, setupOf(func(s *server, adverts map[int][]byte) {
		adverts[evil] = s.sign(evil, wire.KindAttest, &wire.Attest{})
	})},
	{"setup: one advert short of its set", 5, secagg.ErrMemberRecord, func(s *server) []int {
		v := s.begin()
		v.close1(s.said(wire.KindAdvert, everyone()))
		var es []wire.Entry
		v.setup.Bundle, es = s.bundle(wire.KindSetupBundle, s.said(wire.KindAdvert, but(everyone(), evil2)))
		s.show(everyone(), es, []wire.Entry{s.fact(wire.KindSetup, &v.setup)})
		return honest()
	}},
	{"setup: a bundle that fills the disk", 17, secagg.ErrMemberRecord, func(s *server) []int {
		v := s.begin()
		v.close1(s.said(wire.KindAdvert, everyone()))
		v.setup.Bundle = wire.Blob{Bytes: wire.MaxParts * wire.MaxPart, Parts: wire.MaxParts}
		s.show(everyone(), []wire.Entry{s.fact(wire.KindSetup, &v.setup)})
		return honest()
	}},
	{"setup: an advert beyond the roster", 5, secagg.ErrMemberRecord, func(s *server) []int {
		v := s.begin()
		v.close1(s.said(wire.KindAdvert, everyone()))
		v.setup.U1 = append(v.setup.U1, 1)
		b := secagg.BundleOf(v.u1)
		b.Items = append(b.Items, wire.Item{Position: members, Body: v.u1[evil]})
		var es []wire.Entry
		v.setup.Bundle, es = b.Pack(s.r.Key(wire.KindSetupBundle, wire.Nobody, 0))
		s.show(everyone(), es, []wire.Entry{s.fact(wire.KindSetup, &v.setup)})
		return honest()
	}},
	{"setup: a root over a lower threshold", 1, secagg.ErrSetupRoot, func(s *server) []int {
		v := s.begin()
		es := v.close1(s.said(wire.KindAdvert, everyone()))
		v.setup.Root = s.rootWith(v, func(params []int) { params[2]-- })
		s.show(everyone(), es[:len(es)-1], []wire.Entry{s.fact(wire.KindSetup, &v.setup)})
		return honest()
	}},
	{"setup: U1 below the minimum", 3, secagg.ErrSmallU1, setupOf(func(_ *server, adverts map[int][]byte) {
		for _, i := range but(everyone(), 0, evil) {
			delete(adverts, i)
		}
	})},
	{"setup: U1 below floor and A_corr", 3, secagg.ErrSmallU1, setupOf(func(_ *server, adverts map[int][]byte) {
		for _, i := range but(everyone(), 0, evil, evil2) {
			delete(adverts, i)
		}
	})},
	{"setup: U1 too small to countersign", 3, secagg.ErrSmallU2, func(s *server) []int {
		v := s.begin()
		v.to = []int{0, 1, evil, evil2}
		v.until(wire.KindShareSet)
		return []int{0, 1}
	}},
	{"setup: two models to two halves, each told its own", 7, secagg.ErrMemberRecord, func(s *server) []int {
		first := s.next(nil)
		o := s.terms()
		o.Model = wire.Sum([]byte("another"))
		for _, i := range append(back(), evil, evil2) {
			s.members[i].cfg.Model = o.Model
			s.members[i].restart(nil)
		}
		second := s.opening(o, s.opener)
		s.show(front(), first)
		s.show(append(back(), evil, evil2), second)
		s.show(honest(), s.main.close1(s.said(wire.KindAdvert, everyone())))
		return honest()
	}},
	{"setup: two roots to two halves", 5, secagg.ErrSmallU2, func(s *server) []int {
		a := s.begin()
		adverts := s.said(wire.KindAdvert, everyone())
		b := a.fork(back())
		a.to = append(front(), evil, evil2)
		s.show(a.to, a.close1(adverts))
		adverts = maps.Clone(adverts)
		delete(adverts, evil2)
		s.show(b.to, b.close1(adverts))
		for _, v := range []*view{a, b} {
			shares := s.said(wire.KindShares, v.to)
			for _, i := range []int{evil, evil2} {
				h := decode[wire.Shares](s, s.said(wire.KindShares, []int{evil})[evil])
				h.SetupRoot = v.setup.Root
				h.Boxes.Count, h.Boxes.Bytes = secagg.SharesParts(len(v.u1))
				if _, in := v.u1[i]; in {
					shares[i] = s.sign(i, wire.KindShares, &h)
				}
			}
			s.show(v.to, v.close2(shares))
		}
		return honest()
	}},
	{"setup: the advert of a member restored from a backup", 15, secagg.ErrOwnRecord, func(s *server) []int {
		es := s.next(nil)
		s.show(everyone(), es)
		victim := s.members[0]
		victim.mem, victim.restored = secagg.Memory{}, true
		victim.restart(nil)
		victim.see(es)
		s.main.until(wire.KindSetup)
		return []int{0}
	}},
}

// rootWith is a setup root over other parameters than the finder's.
func (s *server) rootWith(v *view, change func(params []int)) wire.Digest {
	p, err := s.r.Params(len(v.u1))
	if err != nil {
		s.t.Fatal(err)
	}
	params := []int{int(s.r.Open.Finder), p.N, p.T, p.Corrupt, p.Q, p.Budget}
	change(params)
	var b []byte
	for _, x := range params {
		b = binary.BigEndian.AppendUint32(b, uint32(x))
	}
	pieces := [][]byte{s.r.Ctx[:], b}
	for i := range v.setup.U1.All() {
		d := wire.Sum(v.u1[i])
		pieces = append(pieces, []byte(s.r.Name(i)), d[:])
	}
	return wire.Tagged("setup-root", pieces...)
}

// sharesOf shows everyone a U2 of the headers as edit leaves them.
func sharesOf(edit func(s *server, v *view, headers map[int][]byte)) func(*server) []int {
	return func(s *server) []int {
		v := s.begin().until(wire.KindSetup)
		headers := s.said(wire.KindShares, everyone())
		edit(s, v, headers)
		s.show(everyone(), v.close2(headers))
		return honest()
	}
}

// only keeps some members' records.
func only(who ...int) func(*server, *view, map[int][]byte) {
	return func(_ *server, _ *view, bodies map[int][]byte) {
		for _, i := range but(everyone(), who...) {
			delete(bodies, i)
		}
	}
}

// headerOf edits the shares header of one member; it is forged if it is honest.
func headerOf(i int, edit func(h *wire.Shares)) func(*server) []int {
	return sharesOf(func(s *server, _ *view, headers map[int][]byte) {
		h := decode[wire.Shares](s, headers[i])
		edit(&h)
		headers[i] = s.forge(wire.KindShares, &h)
	})
}

var shareAttacks = []attack{
	{"shareset: below the countersigners", 3, secagg.ErrSmallU2, sharesOf(only(seq(0, quorum-1)...))},
	{"shareset: the victim and corrupt members only", 4, secagg.ErrSmallU2, sharesOf(only(0, evil, evil2))},
	{"shareset: corrupt members only", 4, secagg.ErrSmallU2, sharesOf(only(evil, evil2))},
	{"shareset: forged header of an honest name", 5, secagg.ErrMemberRecord, headerOf(1, func(h *wire.Shares) { h.Boxes.Root[0] ^= 1 })},
	{"shareset: own header altered", 5, secagg.ErrMemberRecord, headerOf(0, func(h *wire.Shares) { h.Boxes.Root[0] ^= 1 })},
	{"shareset: header under another setup root", 5, secagg.ErrMemberRecord, headerOf(evil, func(h *wire.Shares) { h.SetupRoot[0] ^= 1 })},
	{"shareset: header of another size", 17, secagg.ErrMemberRecord, headerOf(evil, func(h *wire.Shares) { h.Boxes.Count-- })},
	{"shareset: a root of its own", 5, secagg.ErrShareRoot, func(s *server) []int {
		v := s.begin().until(wire.KindSetup)
		es := v.close2(s.said(wire.KindShares, everyone()))
		v.shareSet.Root[0] ^= 1
		s.show(everyone(), es[:len(es)-1], []wire.Entry{s.fact(wire.KindShareSet, &v.shareSet)})
		return honest()
	}},
	{"shareset: a member outside U1", 4, secagg.ErrMemberRecord, func(s *server) []int {
		v := s.begin()
		s.show(everyone(), v.close1(s.said(wire.KindAdvert, seq(0, evil2))))
		headers := s.said(wire.KindShares, everyone())
		headers[evil2] = s.sign(evil2, wire.KindShares, &wire.Shares{SetupRoot: v.setup.Root, Boxes: decode[wire.Shares](s, headers[0]).Boxes})
		s.show(everyone(), v.close2(headers))
		return honest()
	}},
	{"shareset: two to two halves", 5, secagg.ErrQuorum, func(s *server) []int {
		a := s.begin().until(wire.KindSetup)
		headers := s.said(wire.KindShares, everyone())
		b := a.fork(back())
		a.to = append(front(), evil, evil2)
		s.show(a.to, a.close2(headers))
		headers = maps.Clone(headers)
		delete(headers, evil)
		s.show(b.to, b.close2(headers))
		for _, v := range []*view{a, b} {
			inputs := s.said(wire.KindInput, but(v.to, evil, evil2))
			in := decode[wire.Input](s, inputs[v.to[0]])
			for _, i := range []int{evil, evil2} {
				if _, in2 := v.u2[i]; in2 {
					inputs[i] = s.sign(i, wire.KindInput, &in)
				}
			}
			s.show(v.to, v.close3(inputs))
			witnesses := s.said(wire.KindWitness, but(v.to, evil, evil2))
			witnesses[evil2] = s.sign(evil2, wire.KindWitness, v.witness())
			s.show(v.to, v.quorum(wire.KindWitnessed, wire.KindWitnessBundle, witnesses), v.rest(wire.KindWitnessed))
		}
		return honest()
	}},
	{"shareset: the shares of a member restored from a backup", 15, secagg.ErrOwnRecord, func(s *server) []int {
		v := s.begin()
		victim := s.members[0]
		backup := cloneState(victim.disk)
		v.until(wire.KindSetup)
		victim.disk, victim.restored = backup, true
		victim.again() // deals again: boxes are sealed with fresh randomness
		v.until(wire.KindShareSet)
		return []int{0}
	}},
	{"boxes: garbled on the way", 17, nil, garbled(func(b []byte) []byte { b[40] ^= 1; return b })},
	{"boxes: cut short on the way", 17, nil, garbled(func(b []byte) []byte { return b[:len(b)/2] })},
	{"boxes: replaced by nothing", 17, nil, garbled(func([]byte) []byte { return nil })},
}

// garbled shows every honest member other boxes, lists and commitments than the
// dealers signed. Complaining about them would make honest dealers publish their
// shares; nobody may.
func garbled(change func([]byte) []byte) func(*server) []int {
	return func(s *server) []int {
		v := s.begin().until(wire.KindSetup)
		es := v.close2(s.said(wire.KindShares, everyone()))
		for _, i := range honest() {
			m := s.members[i]
			for dealer := range members {
				part := []uint32{0, secagg.BoxIndex(v.setup.U1, i), members + 1}[(dealer+i)%3]
				k := s.r.Key(wire.KindSharesPart, s.r.Name(dealer), part)
				m.shown[k] = change(append([]byte(nil), s.store[k]...))
			}
			m.see(es)
			if _, sent := s.store[s.r.Key(wire.KindInput, s.r.Name(i), 0)]; sent {
				s.t.Errorf("%s masked without its shares", s.r.Name(i))
			}
		}
		s.show([]int{evil, evil2}, es)
		if len(s.said(wire.KindComplaint, everyone())) > 0 {
			s.t.Error("a complaint about bytes that no dealer signed")
		}
		for _, i := range honest() { // the server relents: nobody has taken harm
			s.members[i].shown = map[wire.Key][]byte{}
			s.members[i].feed()
		}
		v.at++
		return nil
	}
}
