package secagg

import (
	"encoding/binary"
	"slices"

	"chorus/pkg/wire"
)

// Set is a bitmap of roster positions with the digest of each member's record.
type Set map[int]wire.Digest

// Bitmap returns the positions over a roster of n.
func (s Set) Bitmap(n int) wire.Bitmap {
	b := wire.NewBitmap(n)
	for i := range s {
		b.Add(i)
	}
	return b
}

// pairs lists (name, digest) in roster order, which is name order.
func (r *Round) pairs(s Set) [][]byte {
	positions := make([]int, 0, len(s))
	for i := range s {
		positions = append(positions, i)
	}
	slices.Sort(positions)
	out := make([][]byte, 0, 2*len(s))
	for _, i := range positions {
		d := s[i]
		out = append(out, []byte(r.Name(i)), d[:])
	}
	return out
}

// SetupRoot is the digest of U1 with its keys, and of the parameters that
// follow from it (docs/PROTOCOL.md, sections 6 and 7).
func (r *Round) SetupRoot(adverts Set) (wire.Digest, error) {
	p, err := r.Params(len(adverts))
	if err != nil {
		return wire.Digest{}, err
	}
	params := make([]byte, 0, 24)
	for _, v := range []int{int(r.Open.Finder), p.N, p.T, p.Corrupt, p.Q, p.Budget} {
		params = binary.BigEndian.AppendUint32(params, uint32(v))
	}
	return wire.Tagged("setup-root", append([][]byte{r.Ctx[:], params}, r.pairs(adverts)...)...), nil
}

// ShareRoot is the digest of U2 under a setup root.
func (r *Round) ShareRoot(setup wire.Digest, shares Set) wire.Digest {
	return wire.Tagged("share-root", append([][]byte{r.Ctx[:], setup[:]}, r.pairs(shares)...)...)
}

// CollectionRoot is the digest of U3 with the digests of its input headers.
func (r *Round) CollectionRoot(setup, share wire.Digest, inputs Set) wire.Digest {
	return wire.Tagged("collection-root", append([][]byte{r.Ctx[:], setup[:], share[:]}, r.pairs(inputs)...)...)
}

// AcceptedDigest is the digest of A: the sorted (name, header digest) pairs with
// every root before it. It is what a member consents to.
func (r *Round) AcceptedDigest(setup, share, collection wire.Digest, inputs Set) wire.Digest {
	return wire.Tagged("accepted", append([][]byte{r.Ctx[:], setup[:], share[:], collection[:]}, r.pairs(inputs)...)...)
}
