package integration

import (
	"maps"
	"slices"

	"chorus/internal/world"
	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// inputsOf shows everyone a collection of the headers as edit leaves them.
func inputsOf(edit func(s *server, v *view, headers map[int][]byte)) func(*server) []int {
	return func(s *server) []int {
		v := s.begin().until(wire.KindShareSet)
		headers := s.said(wire.KindInput, everyone())
		edit(s, v, headers)
		s.show(everyone(), v.close3(headers))
		return honest()
	}
}

func inputOf(i int, edit func(in *wire.Input)) func(*server) []int {
	return inputsOf(func(s *server, _ *view, headers map[int][]byte) {
		in := decode[wire.Input](s, headers[i])
		edit(&in)
		headers[i] = s.forge(wire.KindInput, &in)
	})
}

var collectionAttacks = []attack{
	{"collection: forged header of an honest name", 10, secagg.ErrMemberRecord, inputOf(1, func(in *wire.Input) { in.Words.Root[0] ^= 1 })},
	{"collection: own header altered", 13, secagg.ErrMemberRecord, inputOf(0, func(in *wire.Input) { in.Weight++ })},
	{"collection: header under another share root", 5, secagg.ErrMemberRecord, inputOf(evil, func(in *wire.Input) { in.ShareRoot[0] ^= 1 })},
	{"collection: header under another setup root", 5, secagg.ErrMemberRecord, inputOf(evil, func(in *wire.Input) { in.SetupRoot[0] ^= 1 })},
	{"collection: a weight above its member's", 19, secagg.ErrMemberRecord, inputOf(evil, func(in *wire.Input) { in.Weight = 5 })},
	{"collection: a weight of nothing", 19, secagg.ErrMemberRecord, inputOf(evil, func(in *wire.Input) { in.Weight = 0 })},
	{"collection: header of another size", 17, secagg.ErrMemberRecord, inputOf(evil, func(in *wire.Input) { in.Words.Bytes++ })},
	{"collection: below floor and A_corr", 3, secagg.ErrSmallA, inputsOf(only(0, evil, evil2))},
	{"collection: one victim", 3, secagg.ErrSmallA, inputsOf(only(0))},
	{"collection: a root of its own", 2, secagg.ErrCollectionRoot, func(s *server) []int {
		v := s.begin().until(wire.KindShareSet)
		es := v.close3(s.said(wire.KindInput, everyone()))
		v.collection.Root[0] ^= 1
		s.show(everyone(), es[:len(es)-1], []wire.Entry{s.fact(wire.KindCollection, &v.collection)})
		return honest()
	}},
	{"collection: a member outside U2", 14, secagg.ErrMemberRecord, func(s *server) []int {
		v := s.begin().until(wire.KindSetup)
		s.show(everyone(), v.close2(s.said(wire.KindShares, seq(0, evil2))))
		headers := s.said(wire.KindInput, everyone())
		in := decode[wire.Input](s, headers[0])
		headers[evil2] = s.sign(evil2, wire.KindInput, &in)
		s.show(everyone(), v.close3(headers))
		return honest()
	}},
	{"collection: headers of an earlier round", 10, secagg.ErrMemberRecord, func(s *server) []int {
		s.begin().until(wire.KindShareSet)
		old := s.said(wire.KindInput, everyone())
		v := s.begin().until(wire.KindShareSet)
		s.show(everyone(), v.close3(old))
		return honest()
	}},
	{"input: late, when the server holds its mask seed", 14, nil, func(s *server) []int {
		v := s.begin().until(wire.KindShareSet)
		s.show(everyone(), v.close3(s.said(wire.KindInput, but(everyone(), 5))))
		v.at++
		v.until(wire.KindConsented)
		held := s.holds()
		if of, self := held[world.Secret{Dealer: 5, Which: "s"}], held[world.Secret{Dealer: 5, Which: "b"}]; len(of) < quorum || len(self) > 0 {
			s.t.Errorf("of member 5 the server holds %d shares of s_u, %d of b_u", len(of), len(self))
		}
		return nil
	}},
	{"input: a crash and another update under the same mask", 13, nil, func(s *server) []int {
		s.begin().until(wire.KindShareSet)
		for _, i := range honest() {
			m := s.members[i]
			was := slices.Clone(m.Encoded())
			m.cfg.Contribution = &secagg.Contribution{Update: update(i + 1), Weight: 1}
			m.again() // take fails the test if other bytes are sent
			m.cfg.Contribution = &secagg.Contribution{Update: update(i), Weight: uint32(i%3) + 1}
			if slices.Equal(was, m.Encoded()) {
				s.t.Error("the test gives the same update twice")
			}
			m.again() // so that Encoded is again what was sent
		}
		return nil
	}},
}

// signedBy is a quorum of signatures as edit leaves those of everyone.
func signedBy(kind, signature, bundle wire.Kind, edit func(s *server, v *view, bodies map[int][]byte)) func(*server) []int {
	return func(s *server) []int {
		v := s.begin().upTo(kind)
		bodies := s.said(signature, everyone())
		edit(s, v, bodies)
		es := v.quorum(kind, bundle, bodies)
		if kind == wire.KindCertificate {
			es = v.certify(bodies)
		}
		s.show(everyone(), es, v.rest(kind))
		return honest()
	}
}

// rest is what a member needs besides a quorum before it judges it.
func (v *view) rest(kind wire.Kind) []wire.Entry {
	if kind == wire.KindWitnessed {
		return append(v.disputes(), v.accept(slices.Sorted(maps.Keys(v.u3)))...)
	}
	return nil
}

// twice is a bundle that counts one signer two times, at its own position.
func twice(kind, signature, bundle wire.Kind) func(*server) []int {
	return func(s *server) []int {
		v := s.begin().upTo(kind)
		b := secagg.BundleOf(s.said(signature, seq(0, quorum-1)))
		b.Items = append(b.Items, b.Items[quorum-2])
		blob, es := wire.PackBlob(s.r.Key(bundle, wire.Nobody, 0), wire.Encode(b))
		s.show(everyone(), es, []wire.Entry{s.fact(kind, &wire.Quorum{Signers: bitmap(seq(0, quorum)...), Bundle: blob})}, v.rest(kind))
		return honest()
	}
}

func witnessedBy(edit func(s *server, v *view, bodies map[int][]byte)) func(*server) []int {
	return signedBy(wire.KindWitnessed, wire.KindWitness, wire.KindWitnessBundle, edit)
}

func consentedBy(edit func(s *server, v *view, bodies map[int][]byte)) func(*server) []int {
	return signedBy(wire.KindConsented, wire.KindConsent, wire.KindConsentBundle, edit)
}

var witnessAttacks = []attack{
	{"witnessed: one short of the quorum", 2, secagg.ErrQuorum, witnessedBy(only(seq(0, quorum-1)...))},
	{"witnessed: by nobody", 2, secagg.ErrQuorum, witnessedBy(only())},
	{"witnessed: a signature over another collection", 2, secagg.ErrQuorum, witnessedBy(func(s *server, v *view, bodies map[int][]byte) {
		w := *v.witness()
		w.Collection[0] ^= 1
		bodies[evil] = s.sign(evil, wire.KindWitness, &w)
	})},
	{"witnessed: a forged signature", 26, secagg.ErrQuorum, witnessedBy(func(s *server, v *view, bodies map[int][]byte) {
		bodies[1] = s.forge(wire.KindWitness, v.witness())
	})},
	{"witnessed: one signature for two names", 26, secagg.ErrQuorum, witnessedBy(func(_ *server, _ *view, bodies map[int][]byte) {
		bodies[evil2] = bodies[evil]
	})},
	{"witnessed: one signer twice", 2, secagg.ErrQuorum, twice(wire.KindWitnessed, wire.KindWitness, wire.KindWitnessBundle)},
	{"witnessed: a signer outside U2", 4, secagg.ErrQuorum, func(s *server) []int {
		v := s.begin().until(wire.KindSetup)
		s.show(everyone(), v.close2(s.said(wire.KindShares, seq(0, evil2))))
		v.at++
		v.upTo(wire.KindWitnessed)
		bodies := s.said(wire.KindWitness, seq(0, quorum-2))
		bodies[evil2] = s.sign(evil2, wire.KindWitness, v.witness())
		s.show(everyone(), v.quorum(wire.KindWitnessed, wire.KindWitnessBundle, bodies), v.rest(wire.KindWitnessed))
		return honest()
	}},
	{"collection: two to two halves", 2, secagg.ErrQuorum, func(s *server) []int {
		a := s.begin().until(wire.KindShareSet)
		b := a.fork(back())
		a.to = front()
		s.show(a.to, a.close3(s.said(wire.KindInput, everyone())))
		s.show(b.to, b.close3(s.said(wire.KindInput, but(everyone(), 0))))
		for _, v := range []*view{a, b} {
			bodies := s.said(wire.KindWitness, v.to)
			for _, i := range []int{evil, evil2} {
				bodies[i] = s.sign(i, wire.KindWitness, v.witness())
			}
			s.show(v.to, v.quorum(wire.KindWitnessed, wire.KindWitnessBundle, bodies), v.rest(wire.KindWitnessed))
		}
		return honest()
	}},
}

// acceptedOf shows everyone another A than the collection.
func acceptedOf(edit func(s *server, v *view) []wire.Entry) func(*server) []int {
	return func(s *server) []int {
		v := s.begin().upTo(wire.KindAccepted)
		s.show(everyone(), edit(s, v))
		return honest()
	}
}

func (v *view) acceptedWith(edit func(a *wire.Accepted)) []wire.Entry {
	v.accept(everyone())
	edit(&v.accepted)
	return []wire.Entry{v.s.fact(wire.KindAccepted, &v.accepted)}
}

var acceptedAttacks = []attack{
	{"accepted: below floor and A_corr", 3, secagg.ErrSmallA, acceptedOf(func(_ *server, v *view) []wire.Entry {
		return v.accept([]int{0, evil, evil2})
	})},
	{"accepted: below floor and the largest organisation", 4, secagg.ErrSmallA, func(s *server) []int {
		for _, i := range []int{0, 1, 2, evil} { // A_corr is 4: the least A has 6
			s.roster.Members[i].Organisation = "one-hand"
		}
		v := s.begin().upTo(wire.KindAccepted)
		s.show(everyone(), v.accept(seq(0, 5)))
		return honest()
	}},
	{"accepted: nobody", 3, secagg.ErrSmallA, acceptedOf(func(_ *server, v *view) []wire.Entry { return v.accept(nil) })},
	{"accepted: a member outside the collection", 14, secagg.ErrAccepted, func(s *server) []int {
		v := s.begin().until(wire.KindShareSet)
		late := s.said(wire.KindInput, everyone())
		s.show(everyone(), v.close3(s.said(wire.KindInput, but(everyone(), 5))))
		v.at++
		v.upTo(wire.KindAccepted)
		v.u3 = late
		s.show(everyone(), v.accept(everyone()))
		return honest()
	}},
	{"accepted: own header digest altered", 13, secagg.ErrAccepted, acceptedOf(func(s *server, v *view) []wire.Entry {
		in := decode[wire.Input](s, v.u3[0])
		in.Words.Root[0] ^= 1
		v.u3[0] = s.forge(wire.KindInput, &in)
		return v.accept(everyone())
	})},
	{"accepted: a digest of nothing", 2, secagg.ErrAccepted, acceptedOf(func(_ *server, v *view) []wire.Entry {
		return v.acceptedWith(func(a *wire.Accepted) { a.Digest[0] ^= 1 })
	})},
	{"accepted: another share root", 2, secagg.ErrAccepted, acceptedOf(func(_ *server, v *view) []wire.Entry {
		return v.acceptedWith(func(a *wire.Accepted) { a.ShareRoot[0] ^= 1 })
	})},
	{"accepted: a set of another length", 2, secagg.ErrAccepted, acceptedOf(func(_ *server, v *view) []wire.Entry {
		return v.acceptedWith(func(a *wire.Accepted) { a.Members = append(a.Members, 0) })
	})},
	{"accepted: two to two halves", 2, secagg.ErrQuorum, func(s *server) []int {
		a := s.begin().upTo(wire.KindAccepted)
		b := a.fork(back())
		a.to = front()
		s.show(a.to, a.accept(everyone()))
		s.show(b.to, b.accept(but(everyone(), 0)))
		for _, v := range []*view{a, b} {
			bodies := s.said(wire.KindConsent, v.to)
			for _, i := range []int{evil, evil2} {
				bodies[i] = s.sign(i, wire.KindConsent, v.consent())
			}
			s.show(v.to, v.quorum(wire.KindConsented, wire.KindConsentBundle, bodies))
		}
		if n := s.revealed(); n > 0 {
			s.t.Errorf("%d members revealed shares", n)
		}
		return honest()
	}},
	{"accepted: a second one after a reveal", 1, nil, func(s *server) []int {
		v := s.begin().until(wire.KindConsented)
		b := v.fork(everyone())
		before := s.holds()
		s.show(everyone(), b.accept(but(everyone(), 0)))
		s.checkSame(before)
		return nil
	}},
	{"accepted: a second one after a crash", 1, secagg.ErrSecondRequest, secondSet(wire.KindAccepted)},
	{"accepted: a second one after a reveal and a crash", 1, secagg.ErrSecondRequest, secondSet(wire.KindConsented)},
	{"accepted: a second one after the result and a crash", 12, secagg.ErrSecondRequest, secondSet(wire.KindResult)},
	{"collection: a second one after a crash", 2, secagg.ErrSecondRequest, func(s *server) []int {
		v := s.begin().until(wire.KindCollection)
		for _, i := range honest() {
			s.members[i].again(wire.KindCollection, wire.KindCollectionBundle)
		}
		s.show(honest(), v.close3(s.said(wire.KindInput, but(everyone(), 5))))
		return honest()
	}},
	{"shareset: a second one after a crash", 1, secagg.ErrSecondRequest, func(s *server) []int {
		v := s.begin().until(wire.KindShareSet)
		for _, i := range but(honest(), 5) {
			s.members[i].again(wire.KindShareSet, wire.KindShareSetBundle)
		}
		s.show(but(honest(), 5), v.close2(s.said(wire.KindShares, but(everyone(), 5))))
		return but(honest(), 5)
	}},
	{"setup: a second one after a crash", 1, secagg.ErrSecondRequest, func(s *server) []int {
		v := s.begin().until(wire.KindSetup)
		for _, i := range but(honest(), 5) {
			s.members[i].again(wire.KindSetup, wire.KindSetupBundle)
		}
		s.show(but(honest(), 5), v.close1(s.said(wire.KindAdvert, but(everyone(), 5))))
		return but(honest(), 5)
	}},
	{"spent model: A without one name", 11, secagg.ErrModelSpent, spent(but(everyone(), 5))},
	{"spent model: A without floor + A_corr - 1 names", 11, secagg.ErrModelSpent, spent(but(everyone(), 0, 1, 2))},
	{"spent model: a third set", 12, secagg.ErrModelSpent, spent(but(everyone(), 0, 1, 2, 3), but(everyone(), 4, 5, 6, 7))},
	{"spent model: one further set that differs by enough", 12, nil, spent(but(everyone(), 0, 1, 2, 3))},
	{"spent model: the same set again", 12, nil, spent(everyone(), everyone())},
}

// spent has everyone sign A and fails the round; then it opens rounds on the same
// model with other sets.
func spent(sets ...[]int) func(*server) []int {
	return func(s *server) []int {
		s.begin().until(wire.KindAccepted)
		for _, set := range sets {
			v := s.begin().upTo(wire.KindAccepted)
			s.show(everyone(), v.accept(set))
			v.at++
		}
		return honest()
	}
}

// secondSet plays up to a fact, crashes everyone, and shows another A.
func secondSet(until wire.Kind) func(*server) []int {
	return func(s *server) []int {
		v := s.begin().until(until)
		before := s.holds()
		for _, i := range honest() {
			s.members[i].again(wire.KindAccepted, wire.KindConsented, wire.KindConsentBundle, wire.KindResult, wire.KindResultPart)
		}
		b := v.fork(honest())
		s.show(b.to, b.accept(but(everyone(), 0)))
		s.checkSame(before)
		return honest()
	}
}

// checkSame: the server got nothing more out of honest members.
func (s *server) checkSame(before map[world.Secret][]int) {
	s.t.Helper()
	for k, now := range s.holds() {
		slices.Sort(now)
		if was := before[k]; len(slices.Compact(now)) != len(was) {
			s.t.Errorf("of dealer %d's %s the server had %d shares and has %d", k.Dealer, k.Which, len(was), len(now))
		}
	}
}
