package secagg

import (
	"fmt"
	"slices"

	"chorus/pkg/secagg/commit"
	"chorus/pkg/secagg/finder"
	"chorus/pkg/wire"
)

// witness verifies every header under the collection root and signs the root.
func (p *Participant) witness() (bool, error) {
	if ok, err := p.fact(wire.KindCollection, &p.collection); !ok || err != nil {
		return false, err
	}
	bundle, ok := p.blob(wire.KindCollectionBundle, p.collection.Bundle)
	if !ok {
		return false, nil
	}
	var err error
	if p.inputs, p.u3, err = p.round.VerifyCollection(&p.collection, bundle, p.u2, p.setup.Root, p.shareSet.Root); err != nil {
		return false, err
	}
	if p.pos < 0 {
		return true, nil
	}
	if d, in := p.u3[p.pos]; in {
		if own, sent := p.sentHeader("masked-input"); !sent || wire.Sum(own.Body) != d {
			return false, fmt.Errorf("%w: input", ErrOwnRecord)
		}
	}
	return true, p.answerOnce("witness", p.collection.Root, func() ([]wire.Entry, error) {
		m := p.witnessed()
		return []wire.Entry{p.say(wire.KindWitness, &m)}, nil
	})
}

func (p *Participant) witnessed() wire.Witness {
	return wire.Witness{SetupRoot: p.setup.Root, ShareRoot: p.shareSet.Root, Collection: p.collection.Root}
}

// consent is ConsistencyCheck (Round 3): sign A if it is within the collection
// that a quorum signed, and this model may still be spent on it.
func (p *Participant) consent() (bool, error) {
	var q wire.Quorum
	if ok, err := p.fact(wire.KindWitnessed, &q); !ok || err != nil {
		return false, err
	}
	if ok, err := p.fact(wire.KindAccepted, &p.accepted); !ok || err != nil {
		return false, err
	}
	bundle, ok := p.blob(wire.KindWitnessBundle, q.Bundle)
	if !ok {
		return false, nil
	}
	if err := VerifyQuorum(p.round, wire.KindWitness, q.Signers, bundle, p.u2, p.quorum(), p.witnessed()); err != nil {
		return false, err
	}
	var err error
	if p.set, err = p.round.VerifyAccepted(&p.accepted, p.u3, p.setup.Root, p.shareSet.Root, p.collection.Root); err != nil {
		return false, err
	}
	if p.pos < 0 {
		return true, nil
	}
	if err := p.answerOnce("consistency-check", p.accepted.Digest, p.signAccepted); err != nil {
		return false, err
	}
	// Also for an answer of a life before this one, which may have ended after
	// State and before Memory was on disk.
	p.mem.Spend(p.round.Open.Model, p.round.names(p.set))
	p.dirty = true
	return true, nil
}

func (p *Participant) signAccepted() ([]wire.Entry, error) {
	if !p.mem.MaySign(p.round.Open.Model, p.round.names(p.set), finder.MinAccepted(int(p.round.Open.Floor), p.round.Corrupt)) {
		return nil, ErrModelSpent
	}
	m := p.consented()
	return []wire.Entry{p.say(wire.KindConsent, &m)}, nil
}

func (p *Participant) consented() wire.Consent {
	return wire.Consent{SetupRoot: p.setup.Root, ShareRoot: p.shareSet.Root, Collection: p.collection.Root, Accepted: p.accepted.Digest}
}

// reveal is Unmasking (Round 4): on q signatures over the very A that this
// member signed, the b-shares of A and the s-shares of U2 \ A.
func (p *Participant) reveal() (bool, error) {
	var q wire.Quorum
	if ok, err := p.fact(wire.KindConsented, &q); !ok || err != nil {
		return false, err
	}
	bundle, ok := p.blob(wire.KindConsentBundle, q.Bundle)
	if !ok {
		return false, nil
	}
	if err := VerifyQuorum(p.round, wire.KindConsent, q.Signers, bundle, p.u2, p.quorum(), p.consented()); err != nil {
		return false, err
	}
	if p.pos < 0 {
		return true, nil
	}
	if ok, err := p.collectAnswers(); !ok || err != nil {
		return false, err
	}
	return true, p.answerOnce("unmasking", p.accepted.Digest, p.revealShares)
}

func (p *Participant) revealShares() ([]wire.Entry, error) {
	content := packReveal(p.shareSet.U2, p.accepted.Members, p.boxes)
	parts, es := wire.PackParts(p.round.Key(wire.KindRevealPart, p.cfg.Name, 0), [][]byte{content})
	header := &wire.Reveal{SetupRoot: p.setup.Root, Accepted: p.accepted.Digest, Shares: parts}
	return append(es, p.say(wire.KindReveal, header)), nil
}

// attest checks the whole result itself and signs it.
func (p *Participant) attest() (bool, error) {
	if ok, err := p.fact(wire.KindResult, &p.result); !ok || err != nil {
		return false, err
	}
	opening, ok, err := p.opening()
	if !ok || err != nil {
		return false, err
	}
	checked, mean, err := p.round.CheckSum(opening)
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrResult, err)
	}
	if len(checked.Rows) > 0 {
		return false, fmt.Errorf("%w: rows %v", ErrResult, checked.Rows)
	}
	own := p.round.MakeResult(p.accepted.Digest, len(p.set), opening.Weight, opening.Sum, checked)
	if *own != p.result {
		return false, fmt.Errorf("%w: another digest, weight or mean", ErrResult)
	}
	p.mean, p.rows, p.added, p.content = mean, nil, nil, map[wire.Key][]byte{}
	if p.pos < 0 {
		return true, nil
	}
	m := wire.Attest{Result: ResultDigest(&p.result)}
	return true, p.answerOnce("attestation", m.Result, func() ([]wire.Entry, error) {
		return []wire.Entry{p.say(wire.KindAttest, &m)}, nil
	})
}

// ResultDigest is what members attest.
func ResultDigest(r *wire.Result) wire.Digest { return wire.Tagged("result", wire.Encode(r)) }

// opening fetches the opened words and all commitments of A, each held against
// the digests that the result and the signed headers name. It is called for
// every record that arrives, so what is whole is taken in once, and commitments
// are added up at once: nobody needs a hundred members' points in memory.
func (p *Participant) opening() (*Opening, bool, error) {
	if c, b := p.round.WordsParts(); p.result.Sum.Count != c || p.result.Sum.Bytes != b {
		return nil, false, fmt.Errorf("%w: a sum of another size", ErrResult)
	}
	if p.words == nil {
		p.words, _ = p.bulk(wire.KindResultPart, wire.Nobody, p.result.Sum)
	}
	for _, i := range sortedKeys(p.set) {
		if err := p.addRows(i); err != nil {
			return nil, false, fmt.Errorf("%w: commitments of %s: %w", ErrResult, p.round.Name(i), err)
		}
	}
	return &Opening{Accepted: p.accepted.Digest, Sum: p.result.Sum, Words: p.words, Weight: Weight(p.inputs, p.accepted.Members),
		Rows: [][]commit.Point{p.rows}}, p.words != nil && len(p.added) == len(p.set), nil
}

// addRows takes in the commitments of one member of A, once they are there.
func (p *Participant) addRows(i int) error {
	if p.added[i] {
		return nil
	}
	b, ok := p.bulk(wire.KindCommitPart, p.round.Name(i), p.inputs[i].Commitments)
	if !ok {
		return nil
	}
	rows, err := p.round.ParseCommitmentRows(b)
	if err != nil {
		return err
	}
	if p.added == nil {
		p.added = map[int]bool{}
	}
	p.rows, p.added[i] = commit.SumRows([][]commit.Point{p.rows, rows}), true
	return nil
}

// bulk joins the parts that a header names, and lets go of them. Bytes that it
// does not name count as not delivered.
func (p *Participant) bulk(kind wire.Kind, member string, parts wire.Parts) ([]byte, bool) {
	before := len(p.wants)
	keys := make([]wire.Key, parts.Count)
	for i := range keys {
		keys[i] = p.round.Key(kind, member, uint32(i))
	}
	keys[0] = keys[0].List()
	got := make([][]byte, len(keys))
	for i, k := range keys {
		b, ok := p.content[k]
		if !ok {
			p.wants = append(p.wants, k)
		}
		got[i] = b
	}
	if len(p.wants) > before {
		return nil, false
	}
	list, err := parts.List(got[0])
	if err != nil {
		p.refetch(keys[0])
		return nil, false
	}
	for i, d := range list {
		if wire.Sum(got[i+1]) != d {
			p.refetch(keys[i+1])
			return nil, false
		}
	}
	for _, k := range keys {
		delete(p.content, k)
	}
	return slices.Concat(got[1:]...), true
}

// certify verifies the certificate: attestations of a quorum of U2 over the
// result that this member checked.
func (p *Participant) certify() (bool, error) {
	if ok, err := p.fact(wire.KindCertificate, &p.cert); !ok || err != nil {
		return false, err
	}
	bundle, ok := p.blob(wire.KindCertificateBundle, p.cert.Bundle)
	if !ok {
		return false, nil
	}
	digest := ResultDigest(&p.result)
	if p.cert.Result != digest {
		return false, fmt.Errorf("%w: for another result", ErrCertificate)
	}
	need := finder.Attestors(len(p.u2), p.round.Corrupt)
	if p.cert.Quorum != uint32(need) {
		return false, fmt.Errorf("%w: it states a quorum of %d, the rule is %d", ErrCertificate, p.cert.Quorum, need)
	}
	if err := VerifyQuorum(p.round, wire.KindAttest, p.cert.Signers, bundle, p.u2, need, wire.Attest{Result: digest}); err != nil {
		return false, fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	p.mem.Certificate, p.dirty = CertificateDigest(&p.cert), true
	p.mem.Model = p.result.Next
	if p.result.Next.IsZero() {
		p.mem.Model = wire.Digest{} // "told": the next digest comes with the training code
	}
	return true, nil
}

// CertificateDigest is what the Open of the next round names as Previous: the
// certified result, whichever quorum certified it.
func CertificateDigest(c *wire.Certificate) wire.Digest {
	return wire.Tagged("certificate", c.Result[:])
}
