package integration

import (
	"slices"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// complain puts complaints in the store, as whoever signs them, and shows the
// dealers who has to answer whom.
func complain(dealers []int, complaints func(s *server, v *view) map[int][]byte, want func(s *server, answers map[int]int)) func(*server) []int {
	return func(s *server) []int {
		v := s.begin().upTo(wire.KindComplaints)
		var ds []wire.Dispute
		for i, body := range complaints(s, v) {
			s.store[s.r.Key(wire.KindComplaint, s.r.Name(i), 0)] = body
			for _, dealer := range dealers {
				ds = append(ds, wire.Dispute{Dealer: uint16(dealer), Complainer: uint16(i)})
			}
		}
		s.show(everyone(), v.disputes(ds...))
		v.at++
		answers := map[int]int{}
		for i, body := range s.said(wire.KindAnswer, honest()) {
			answers[i] = len(decode[wire.Answer](s, body).Shares)
		}
		want(s, answers)
		return nil
	}
}

// box is the digest that a dealer's header names for a holder.
func (s *server) box(dealer, holder int) wire.Digest {
	return wire.Sum(s.store[s.r.Key(wire.KindSharesPart, s.r.Name(dealer), uint32(holder+1))])
}

func (v *view) complaint(dealer uint16, box wire.Digest) *wire.Complaint {
	return &wire.Complaint{SetupRoot: v.setup.Root, ShareRoot: v.shareSet.Root, Boxes: []wire.BoxRef{{Dealer: dealer, Box: box}}}
}

// shares wants so many published by dealer 0; silent wants no answer at all.
func shares(n int) func(*server, map[int]int) {
	return func(s *server, answers map[int]int) {
		if got, ok := answers[0]; !ok || got != n {
			s.t.Errorf("dealer 0 answered %v and published %d shares, want %d", ok, got, n)
		}
	}
}

func silent(s *server, answers map[int]int) {
	if len(answers) > 0 {
		s.t.Errorf("dealers answered: %v", answers)
	}
}

var complaintAttacks = []attack{
	{"complaint: names other bytes", 17, nil, complain([]int{0}, func(s *server, v *view) map[int][]byte {
		return map[int][]byte{evil: s.sign(evil, wire.KindComplaint, v.complaint(0, wire.Sum([]byte("garbled"))))}
	}, shares(0))},
	{"complaint: forged in an honest name", 17, nil, complain([]int{0}, func(s *server, v *view) map[int][]byte {
		return map[int][]byte{1: s.forge(wire.KindComplaint, v.complaint(0, s.box(0, 1)))}
	}, shares(0))},
	{"complaint: under another setup root", 17, nil, complain([]int{0}, func(s *server, v *view) map[int][]byte {
		c := v.complaint(0, s.box(0, evil))
		c.SetupRoot[0] ^= 1
		return map[int][]byte{evil: s.sign(evil, wire.KindComplaint, c)}
	}, shares(0))},
	{"complaint: about another dealer", 17, nil, complain([]int{0}, func(s *server, v *view) map[int][]byte {
		return map[int][]byte{evil: s.sign(evil, wire.KindComplaint, v.complaint(1, s.box(1, evil)))}
	}, shares(0))},
	{"complaint: another holder's box", 17, nil, complain([]int{0}, func(s *server, v *view) map[int][]byte {
		return map[int][]byte{evil: s.sign(evil, wire.KindComplaint, v.complaint(0, s.box(0, 1)))}
	}, shares(0))},
	{"complaint: true bytes, which A_corr members may have answered", 17, nil, complain([]int{0}, func(s *server, v *view) map[int][]byte {
		return map[int][]byte{evil: s.sign(evil, wire.KindComplaint, v.complaint(0, s.box(0, evil))),
			evil2: s.sign(evil2, wire.KindComplaint, v.complaint(0, s.box(0, evil2)))}
	}, shares(2))},
	{"complaint: more than A_corr of them", 17, nil, complain([]int{0}, func(s *server, v *view) map[int][]byte {
		return map[int][]byte{1: s.forge(wire.KindComplaint, v.complaint(0, s.box(0, 1))),
			evil:  s.sign(evil, wire.KindComplaint, v.complaint(0, s.box(0, evil))),
			evil2: s.sign(evil2, wire.KindComplaint, v.complaint(0, s.box(0, evil2)))}
	}, silent)},
	{"complaint: others after a crash get the first answer again", 17, nil, func(s *server) []int {
		play := complain([]int{0}, func(s *server, v *view) map[int][]byte {
			s.store[s.r.Key(wire.KindComplaint, s.r.Name(evil2), 0)] = s.sign(evil2, wire.KindComplaint, v.complaint(0, s.box(0, evil2)))
			return map[int][]byte{evil: s.sign(evil, wire.KindComplaint, v.complaint(0, s.box(0, evil)))}
		}, shares(1))
		play(s)
		for _, m := range s.members {
			m.again(wire.KindComplaints)
		}
		// take fails the test if the answer is another one
		s.show(everyone(), s.main.disputes(wire.Dispute{Dealer: 0, Complainer: evil2}))
		return nil
	}},
}

var consentAttacks = []attack{
	{"consented: one short of the quorum", 2, secagg.ErrQuorum, consentedBy(only(seq(0, quorum-1)...))},
	{"consented: corrupt members only", 2, secagg.ErrQuorum, consentedBy(only(evil, evil2))},
	{"consented: a signature over another A", 2, secagg.ErrQuorum, consentedBy(func(s *server, v *view, bodies map[int][]byte) {
		c := *v.consent()
		c.Accepted[0] ^= 1
		bodies[evil] = s.sign(evil, wire.KindConsent, &c)
	})},
	{"consented: a forged signature", 26, secagg.ErrQuorum, consentedBy(func(s *server, v *view, bodies map[int][]byte) {
		bodies[1] = s.forge(wire.KindConsent, v.consent())
	})},
	{"consented: one signer twice", 2, secagg.ErrQuorum, twice(wire.KindConsented, wire.KindConsent, wire.KindConsentBundle)},
	{"consented: a witness signature for a consent", 26, secagg.ErrQuorum, consentedBy(func(s *server, _ *view, bodies map[int][]byte) {
		bodies[1] = s.said(wire.KindWitness, []int{1})[1]
	})},
	{"consented: a consent signed for another purpose", 26, secagg.ErrQuorum, consentedBy(func(s *server, v *view, bodies map[int][]byte) {
		bodies[evil] = s.sign(evil, wire.KindWitness, v.consent())
	})},
	{"consented: signatures of an earlier round over the same names", 10, secagg.ErrQuorum, func(s *server) []int {
		s.begin().until(wire.KindAccepted)
		old := s.said(wire.KindConsent, everyone())
		v := s.begin().until(wire.KindAccepted)
		s.show(everyone(), v.quorum(wire.KindConsented, wire.KindConsentBundle, old))
		return honest()
	}},
}

// resultOf shows everyone a result with one thing changed.
func resultOf(edit func(r *wire.Result)) func(*server) []int {
	return func(s *server) []int {
		v := s.begin().upTo(wire.KindResult)
		es := v.truth(wire.KindResult)
		edit(&v.result)
		s.show(everyone(), es[:len(es)-1], []wire.Entry{s.fact(wire.KindResult, &v.result)})
		return honest()
	}
}

// wordsOf opens other words than the sum over A.
func wordsOf(edit func(words []byte)) func(*server) []int {
	return func(s *server) []int {
		v := s.begin().upTo(wire.KindResult)
		es := v.truth(wire.KindResult)
		words := slices.Clone(es[1].Body)
		edit(words)
		s.show(everyone(), v.publish(words))
		return honest()
	}
}

var resultAttacks = []attack{
	{"result: a wrong coordinate", 18, secagg.ErrResult, wordsOf(func(w []byte) { w[0]++ })},
	{"result: a wrong blind", 18, secagg.ErrResult, wordsOf(func(w []byte) { w[len(w)-4]++ })},
	{"result: two coordinates swapped", 18, secagg.ErrResult, wordsOf(func(w []byte) {
		a := slices.Clone(w[:4])
		copy(w, w[4:8])
		copy(w[4:], a)
	})},
	{"result: a wrong weight", 19, secagg.ErrResult, resultOf(func(r *wire.Result) { r.Weight++ })},
	{"result: a wrong mean", 18, secagg.ErrResult, resultOf(func(r *wire.Result) { r.Mean[0] ^= 1 })},
	{"result: a wrong next model", 7, secagg.ErrResult, resultOf(func(r *wire.Result) { r.Next[0] ^= 1 })},
	{"result: other commitments", 18, secagg.ErrResult, resultOf(func(r *wire.Result) { r.Commitments[0] ^= 1 })},
	{"result: another A", 2, secagg.ErrResult, resultOf(func(r *wire.Result) { r.Accepted[0] ^= 1 })},
	{"result: more contributors than A has", 2, secagg.ErrResult, resultOf(func(r *wire.Result) { r.Contributed++ })},
	{"result: another size", 18, secagg.ErrResult, resultOf(func(r *wire.Result) { r.Sum.Bytes++ })},
	{"result: commitments garbled on the way", 18, nil, func(s *server) []int {
		v := s.begin().upTo(wire.KindResult)
		for _, i := range honest() {
			s.members[i].shown[s.r.Key(wire.KindCommitPart, s.r.Name((i+1)%members), 1)] = []byte("garbled")
		}
		v.until(wire.KindResult)
		if len(s.said(wire.KindAttest, honest())) > 0 {
			s.t.Error("attested without the commitments")
		}
		for _, i := range honest() {
			delete(s.members[i].shown, s.r.Key(wire.KindCommitPart, s.r.Name((i+1)%members), 1))
			s.members[i].feed()
		}
		return nil
	}},
}

func certifiedBy(edit func(s *server, v *view, bodies map[int][]byte)) func(*server) []int {
	return signedBy(wire.KindCertificate, wire.KindAttest, wire.KindCertificateBundle, edit)
}

var certificateAttacks = []attack{
	{"certificate: one short of the quorum", 18, secagg.ErrCertificate, certifiedBy(only(seq(0, quorum-1)...))},
	{"certificate: corrupt members only", 18, secagg.ErrCertificate, certifiedBy(only(evil, evil2))},
	{"certificate: an attestation of another result", 18, secagg.ErrCertificate, certifiedBy(func(s *server, _ *view, bodies map[int][]byte) {
		bodies[evil] = s.sign(evil, wire.KindAttest, &wire.Attest{Result: wire.Sum(nil)})
	})},
	{"certificate: a forged attestation", 26, secagg.ErrCertificate, certifiedBy(func(s *server, v *view, bodies map[int][]byte) {
		bodies[1] = s.forge(wire.KindAttest, &wire.Attest{Result: secagg.ResultDigest(&v.result)})
	})},
	{"certificate: one signature for two names", 26, secagg.ErrCertificate, certifiedBy(func(_ *server, _ *view, bodies map[int][]byte) {
		bodies[evil2] = bodies[evil]
	})},
	{"certificate: of another result", 18, secagg.ErrCertificate, certificateOf(func(c *wire.Certificate) { c.Result[0] ^= 1 })},
	{"certificate: states another quorum than the rule", 18, secagg.ErrCertificate, certificateOf(func(c *wire.Certificate) { c.Quorum-- })},
	{"certificate: of the round before", 10, secagg.ErrCertificate, func(s *server) []int {
		v := s.begin().until(wire.KindCertificate)
		old := v.certify(s.said(wire.KindAttest, everyone()))
		s.follow()
		s.begin().until(wire.KindResult)
		for i := range old {
			old[i].Key.Round = s.number
		}
		s.show(everyone(), old)
		return honest()
	}},
}

func certificateOf(edit func(c *wire.Certificate)) func(*server) []int {
	return func(s *server) []int {
		v := s.begin().upTo(wire.KindCertificate)
		es := v.truth(wire.KindCertificate)
		edit(&v.cert)
		s.show(everyone(), es[:len(es)-1], []wire.Entry{s.fact(wire.KindCertificate, &v.cert)})
		return honest()
	}
}
