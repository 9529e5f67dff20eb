package integration

import (
	"cmp"
	"maps"
	"slices"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// A view is one story that the server tells some members: the records and
// bundles of a round. A fork of it is told to others.
type view struct {
	s          *server
	to         []int
	at         int // in story
	u1, u2, u3 map[int][]byte
	setup      wire.Setup
	shareSet   wire.ShareSet
	collection wire.Collection
	accepted   wire.Accepted
	result     wire.Result
	cert       wire.Certificate
}

// story is the order in which the server tells facts.
var story = []wire.Kind{wire.KindSetup, wire.KindShareSet, wire.KindCollection, wire.KindWitnessed, wire.KindComplaints,
	wire.KindAccepted, wire.KindConsented, wire.KindResult, wire.KindCertificate}

// until tells the truth, up to and including the fact of a kind.
func (v *view) until(kind wire.Kind) *view {
	for v.at <= slices.Index(story, kind) {
		v.s.show(v.to, v.truth(story[v.at]))
		v.at++
	}
	return v
}

// upTo tells the truth up to, and without, the fact of a kind.
func (v *view) upTo(kind wire.Kind) *view {
	if i := slices.Index(story, kind); i > 0 {
		return v.until(story[i-1])
	}
	return v
}

// fork is the same story so far, for others.
func (v *view) fork(to []int) *view {
	w := *v
	w.to = to
	return &w
}

// truth is what an honest server would say next.
func (v *view) truth(kind wire.Kind) []wire.Entry {
	s := v.s
	switch kind {
	case wire.KindSetup:
		return v.close1(s.said(wire.KindAdvert, v.to))
	case wire.KindShareSet:
		return v.close2(s.said(wire.KindShares, v.to))
	case wire.KindCollection:
		return v.close3(s.said(wire.KindInput, v.to))
	case wire.KindWitnessed:
		return v.quorum(kind, wire.KindWitnessBundle, s.said(wire.KindWitness, v.to))
	case wire.KindComplaints:
		return v.disputes()
	case wire.KindAccepted:
		return v.accept(slices.Sorted(maps.Keys(v.u3)))
	case wire.KindConsented:
		return v.quorum(kind, wire.KindConsentBundle, s.said(wire.KindConsent, v.to))
	case wire.KindResult:
		return v.unmask()
	}
	return v.certify(s.said(wire.KindAttest, v.to))
}

func digests(bodies map[int][]byte) secagg.Set {
	set := secagg.Set{}
	for i, b := range bodies {
		set[i] = wire.Sum(b)
	}
	return set
}

// fact is a singleton of the log.
func (s *server) fact(kind wire.Kind, m wire.Message) wire.Entry {
	return wire.Entry{Key: s.r.Key(kind, wire.Nobody, 0), Body: wire.Encode(m)}
}

func (s *server) bundle(kind wire.Kind, bodies map[int][]byte) (wire.Blob, []wire.Entry) {
	return secagg.BundleOf(bodies).Pack(s.r.Key(kind, wire.Nobody, 0))
}

func bitmap(who ...int) wire.Bitmap {
	b := wire.NewBitmap(members)
	for _, i := range who {
		b.Add(i)
	}
	return b
}

// close1, close2 and close3 fix U1, U2 and U3 to whatever bodies they are given.
func (v *view) close1(adverts map[int][]byte) []wire.Entry {
	v.u1 = adverts
	root, _ := v.s.r.SetupRoot(digests(adverts)) // too few: any root will do
	blob, es := v.s.bundle(wire.KindSetupBundle, adverts)
	v.setup = wire.Setup{U1: digests(adverts).Bitmap(members), Root: root, Bundle: blob}
	return append(es, v.s.fact(wire.KindSetup, &v.setup))
}

func (v *view) close2(shares map[int][]byte) []wire.Entry {
	v.u2 = shares
	blob, es := v.s.bundle(wire.KindShareSetBundle, shares)
	v.shareSet = wire.ShareSet{U2: digests(shares).Bitmap(members), Root: v.s.r.ShareRoot(v.setup.Root, digests(shares)), Bundle: blob}
	return append(es, v.s.fact(wire.KindShareSet, &v.shareSet))
}

func (v *view) close3(inputs map[int][]byte) []wire.Entry {
	v.u3 = inputs
	blob, es := v.s.bundle(wire.KindCollectionBundle, inputs)
	v.collection = wire.Collection{Members: digests(inputs).Bitmap(members), Bundle: blob,
		Root: v.s.r.CollectionRoot(v.setup.Root, v.shareSet.Root, digests(inputs))}
	return append(es, v.s.fact(wire.KindCollection, &v.collection))
}

func (v *view) quorum(kind, bundle wire.Kind, bodies map[int][]byte) []wire.Entry {
	blob, es := v.s.bundle(bundle, bodies)
	return append(es, v.s.fact(kind, &wire.Quorum{Signers: digests(bodies).Bitmap(members), Bundle: blob}))
}

func (v *view) disputes(ds ...wire.Dispute) []wire.Entry {
	slices.SortFunc(ds, func(a, b wire.Dispute) int {
		return cmp.Or(cmp.Compare(a.Dealer, b.Dealer), cmp.Compare(a.Complainer, b.Complainer))
	})
	return []wire.Entry{v.s.fact(wire.KindComplaints, &wire.Complaints{Disputes: ds, Excess: bitmap()})}
}

// accept fixes A to members of the view's collection.
func (v *view) accept(who []int) []wire.Entry {
	set := secagg.Set{}
	for _, i := range who {
		set[i] = wire.Sum(v.u3[i])
	}
	v.accepted = wire.Accepted{Members: bitmap(who...), SetupRoot: v.setup.Root, ShareRoot: v.shareSet.Root, Collection: v.collection.Root,
		Digest: v.s.r.AcceptedDigest(v.setup.Root, v.shareSet.Root, v.collection.Root, set)}
	return []wire.Entry{v.s.fact(wire.KindAccepted, &v.accepted)}
}

// witness, consent and attest are what a signature over this view's facts says.
func (v *view) witness() *wire.Witness {
	return &wire.Witness{SetupRoot: v.setup.Root, ShareRoot: v.shareSet.Root, Collection: v.collection.Root}
}

func (v *view) consent() *wire.Consent {
	return &wire.Consent{SetupRoot: v.setup.Root, ShareRoot: v.shareSet.Root, Collection: v.collection.Root, Accepted: v.accepted.Digest}
}

func (v *view) certify(attests map[int][]byte) []wire.Entry {
	blob, es := v.s.bundle(wire.KindCertificateBundle, attests)
	v.cert = wire.Certificate{Result: secagg.ResultDigest(&v.result), Signers: digests(attests).Bitmap(members), Quorum: quorum, Bundle: blob}
	return append(es, v.s.fact(wire.KindCertificate, &v.cert))
}

// unmask opens the sum over A from what members revealed.
func (v *view) unmask() []wire.Entry {
	s, r := v.s, v.s.r
	terms, bad, lost, err := v.rebuilder().Rebuild()
	if err != nil || len(bad) > 0 || lost.Len() > 0 {
		s.t.Fatalf("rebuild: %v, bad %v, lost %v", err, bad, lost)
	}
	total := secagg.NewVector(r.Words(), r.WordBytes())
	for i := range v.accepted.Members.All() {
		in := decode[wire.Input](s, v.u3[i])
		words, err := secagg.ParseVector(s.bulk(wire.KindInputPart, i, in.Words), r.WordBytes())
		if err != nil || total.Add(words) != nil {
			s.t.Fatalf("words of %d: %v", i, err)
		}
	}
	total.Apply(terms, 0)
	return v.publish(total.Bytes())
}

// publish makes the result that words add up to, true or not.
func (v *view) publish(words []byte) []wire.Entry {
	r := v.s.r
	sum, es := wire.PackParts(r.Key(wire.KindResultPart, wire.Nobody, 0), wire.Cut(words, int(r.Open.PartSize)))
	es[0].Key = es[0].Key.List()
	o := &secagg.Opening{Accepted: v.accepted.Digest, Sum: sum, Words: words}
	for i := range v.accepted.Members.All() {
		in := decode[wire.Input](v.s, v.u3[i])
		rows, err := r.ParseCommitmentRows(v.s.bulk(wire.KindCommitPart, i, in.Commitments))
		if err != nil {
			v.s.t.Fatal(err)
		}
		o.Rows, o.Weight = append(o.Rows, rows), o.Weight+uint64(in.Weight)
	}
	checked, _, err := r.CheckSum(o)
	if err != nil {
		v.s.t.Fatal(err)
	}
	v.result = *r.MakeResult(v.accepted.Digest, v.accepted.Members.Len(), o.Weight, sum, checked)
	return append(es, v.s.fact(wire.KindResult, &v.result))
}

func (v *view) rebuilder() *secagg.Rebuilder {
	s, r := v.s, v.s.r
	p, err := r.Params(len(v.u1))
	if err != nil {
		s.t.Fatal(err)
	}
	b := &secagg.Rebuilder{Round: r, SetupRoot: v.setup.Root, U1: v.setup.U1, U2: v.shareSet.U2, Accepted: v.accepted.Members,
		Threshold: p.T, Adverts: map[int]*wire.Advert{}, Commitments: map[int]*secagg.Commitments{}, Reveals: map[int][]byte{}}
	for i, body := range v.u1 {
		a := decode[wire.Advert](s, body)
		b.Adverts[i] = &a
	}
	for i := range v.u2 {
		last := s.store[r.Key(wire.KindSharesPart, r.Name(i), uint32(len(v.u1)+1))]
		if b.Commitments[i], err = secagg.ParseCommitments(last, v.setup.U1); err != nil {
			s.t.Fatal(err)
		}
		if reveal, ok := s.store[r.Key(wire.KindRevealPart, r.Name(i), 1)]; ok {
			b.Reveals[i] = reveal
		}
	}
	return b
}

// bulk joins a member's parts as it sent them.
func (s *server) bulk(kind wire.Kind, i int, p wire.Parts) (joined []byte) {
	for part := uint32(1); part < p.Count; part++ {
		joined = append(joined, s.store[s.r.Key(kind, s.r.Name(i), part)]...)
	}
	return joined
}
