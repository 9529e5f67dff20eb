package secagg

import (
	"errors"
	"fmt"

	"chorus/pkg/secagg/field"
	"chorus/pkg/secagg/mask"
	"chorus/pkg/secagg/shamir"
	"chorus/pkg/wire"
)

// Reveals: what a helper opens in Unmasking. For a dealer in A the share of b_u,
// for a dealer in U2 \ A the share of s_u: which one follows from A, so nobody
// can be asked for the other.

// revealedShare says which share of a dealer a helper owes under A.
func revealedShare(accepted wire.Bitmap, dealer int) int {
	if accepted.Has(dealer) {
		return shareOfB
	}
	return shareOfS
}

// RevealParts is what the header of a reveal over U2 must name.
func RevealParts(u2 int) (count uint32, bytes uint64) {
	return 2, uint64(u2*wire.RevealSize + wire.DigestSize)
}

// packReveal writes one entry per dealer of U2, in roster order: a flag, the
// share, its salt. A helper that could not open a box says so by a zero flag.
func packReveal(u2, accepted wire.Bitmap, boxes map[int][]byte) []byte {
	out := make([]byte, 0, u2.Len()*wire.RevealSize)
	for dealer := range u2.All() {
		plain, ok := boxes[dealer]
		if !ok {
			out = append(out, make([]byte, wire.RevealSize)...)
			continue
		}
		share, salt := dealtShare(plain, revealedShare(accepted, dealer))
		out = append(append(append(out, 1), share...), salt...)
	}
	return out
}

// A Rebuilder turns reveals into the masks that stand between the sum over A
// and its opening.
type Rebuilder struct {
	Round       *Round
	SetupRoot   wire.Digest
	U1, U2      wire.Bitmap
	Accepted    wire.Bitmap
	Threshold   int
	Adverts     map[int]*wire.Advert
	Commitments map[int]*Commitments // by dealer of U2
	Reveals     map[int][]byte       // by helper

	good map[int]map[int]field.Element // dealer -> helper -> share
	bad  []wire.BadShare
}

// Rebuild checks every revealed share against its dealer's commitment, names the
// wrong ones, and rebuilds b_u for A and s_u for U2 \ A from the rest. Dealers
// for whom fewer than t good shares are left, or whose shares make something
// else than they advertised, are lost: nothing is opened then.
func (b *Rebuilder) Rebuild() (terms []mask.Term, bad []wire.BadShare, lost wire.Bitmap, err error) {
	b.sort()
	lost = wire.NewBitmap(b.Round.N())
	bases := map[string]*shamir.Basis{}
	for dealer := range b.U2.All() {
		secret, err := b.combine(dealer, bases)
		if err == nil {
			terms, err = b.termsOf(dealer, secret, terms)
		}
		if err != nil {
			lost.Add(dealer)
		}
	}
	if lost.Len() > 0 {
		terms = nil
	}
	return terms, b.bad, lost, nil
}

// sort splits the revealed shares into good and bad ones.
func (b *Rebuilder) sort() {
	b.good = map[int]map[int]field.Element{}
	for dealer := range b.U2.All() {
		b.good[dealer] = map[int]field.Element{}
	}
	for _, helper := range sortedKeys(b.Reveals) {
		entries := b.Reveals[helper]
		for dealer := range b.U2.All() {
			entry := entries[:wire.RevealSize]
			entries = entries[wire.RevealSize:]
			if entry[0] == 0 {
				continue // could not open the box; the complaint settled it
			}
			if share, ok := b.accept(dealer, helper, entry[1:]); ok {
				b.good[dealer][helper] = share
			} else {
				b.bad = append(b.bad, wire.BadShare{Helper: uint16(helper), Dealer: uint16(dealer)})
			}
		}
	}
}

func (b *Rebuilder) accept(dealer, helper int, entry []byte) (field.Element, bool) {
	which := revealedShare(b.Accepted, dealer)
	share, salt := entry[:wire.ShareSize], entry[wire.ShareSize:]
	c := b.Round.shareCommitment(b.SetupRoot, b.Round.Name(dealer), b.Round.Name(helper), which, share, salt)
	if c != b.Commitments[dealer].holder[helper][which] {
		return field.Element{}, false
	}
	y, err := field.FromBytes(share)
	return y, err == nil
}

var errTooFew = errors.New("too few good shares")

// combine interpolates from exactly t shares, those of the first helpers in
// roster order; one basis serves all dealers with the same helpers.
func (b *Rebuilder) combine(dealer int, bases map[string]*shamir.Basis) (field.Element, error) {
	helpers := sortedKeys(b.good[dealer])
	if len(helpers) < b.Threshold {
		return field.Element{}, errTooFew
	}
	helpers = helpers[:b.Threshold]
	set := wire.NewBitmap(b.Round.N())
	xs, ys := make([]uint32, len(helpers)), make([]field.Element, len(helpers))
	for i, h := range helpers {
		set.Add(h)
		xs[i], ys[i] = uint32(h+1), b.good[dealer][h]
	}
	basis, ok := bases[string(set)]
	if !ok {
		var err error
		if basis, err = shamir.NewBasis(xs); err != nil {
			return field.Element{}, err
		}
		bases[string(set)] = basis
	}
	return basis.Combine(ys)
}

// ErrInconsistent: good shares that rebuild something else than advertised.
var ErrInconsistent = errors.New("secagg: inconsistent dealing")

// termsOf adds what has to come off the sum for one dealer: PRG(b_u) for a
// member of A; for one that vanished every pairwise mask it shares with A.
func (b *Rebuilder) termsOf(dealer int, secret field.Element, terms []mask.Term) ([]mask.Term, error) {
	r, name := b.Round, b.Round.Name(dealer)
	if b.Accepted.Has(dealer) {
		if r.selfCommitment(b.SetupRoot, name, secret) != b.Commitments[dealer].self {
			return terms, ErrInconsistent
		}
		return append(terms, mask.Term{Key: r.selfKey(secret, b.SetupRoot, name), Negative: true}), nil
	}
	priv, err := maskKeyOf(secret, r.Ctx, name)
	if err != nil || [32]byte(priv.PublicKey().Bytes()) != b.Adverts[dealer].MaskKey {
		return terms, ErrInconsistent
	}
	for v := range b.Accepted.All() {
		k, err := r.pairKey(priv, b.Adverts[v].MaskKey[:], b.SetupRoot, name, r.Name(v))
		if err != nil {
			return terms, fmt.Errorf("%w: %w", ErrInconsistent, err)
		}
		// v added its mask with dealer by pairSign; take that off again.
		terms = append(terms, mask.Term{Key: k, Negative: !pairSign(v, dealer)})
	}
	return terms, nil
}

// pairSign: u subtracts the mask it shares with v if and only if u > v in
// roster order (docs/PROTOCOL.md, section 9). It returns whether the term is negative.
func pairSign(u, v int) (negative bool) { return u > v }

const termSize = 1 + mask.KeySize

// PackTerms is the content of a rebuilt bundle: per mask a sign and a key.
func PackTerms(terms []mask.Term) []byte {
	out := make([]byte, 0, len(terms)*termSize)
	for _, t := range terms {
		sign := byte(0)
		if t.Negative {
			sign = 1
		}
		out = append(append(out, sign), t.Key[:]...)
	}
	return out
}

// ParseTerms is the inverse of PackTerms.
func ParseTerms(b []byte) ([]mask.Term, error) {
	if len(b)%termSize != 0 {
		return nil, ErrVector
	}
	terms := make([]mask.Term, len(b)/termSize)
	for i := range terms {
		e := b[i*termSize : (i+1)*termSize]
		if e[0] > 1 {
			return nil, ErrVector
		}
		terms[i] = mask.Term{Key: mask.Key(e[1:]), Negative: e[0] == 1}
	}
	return terms, nil
}
