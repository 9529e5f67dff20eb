package secagg

import (
	"errors"
	"fmt"

	"chorus/pkg/secagg/box"
	"chorus/pkg/secagg/finder"
	"chorus/pkg/secagg/kdf"
	"chorus/pkg/wire"
)

func weak(format string, a ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrWeak}, a...)...)
}

// members decodes a bundle and verifies that every item is the record of its
// member, signed for this round: service verdicts never substitute for that
// (docs/PROTOCOL.md, section 8).
func members[T any, M interface {
	*T
	wire.Message
}](r *Round, kind wire.Kind, set wire.Bitmap, bundle []byte) (map[int]M, Set, error) {
	var b wire.Bundle
	if err := wire.Decode(bundle, wire.MaxBundle, &b); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrMemberRecord, err)
	}
	if set.Fits(r.N()) != nil || len(b.Items) != set.Len() {
		return nil, nil, fmt.Errorf("%w: %d records for %d members", ErrMemberRecord, len(b.Items), set.Len())
	}
	out, digests := make(map[int]M, len(b.Items)), make(Set, len(b.Items))
	for _, item := range b.Items {
		i := int(item.Position)
		if !set.Has(i) || i >= r.N() {
			return nil, nil, fmt.Errorf("%w: position %d", ErrMemberRecord, i)
		}
		m := M(new(T))
		if _, why := r.Admit(wire.Record{Key: r.Key(kind, r.Name(i), 0), Body: item.Body}, m); why != "" {
			return nil, nil, fmt.Errorf("%w: %s of %s: %s", ErrMemberRecord, kind, r.Name(i), why)
		}
		out[i], digests[i] = m, wire.Sum(item.Body)
	}
	return out, digests, nil
}

// CheckAdvert refuses keys that nobody can deal to or mask with: one such advert
// in U1 would stop every honest member.
func CheckAdvert(a *wire.Advert) error {
	return errors.Join(kdf.CheckPeer(a.MaskKey[:]), box.CheckPublicKey(a.BoxKey))
}

// VerifySetup recomputes the setup root from the adverts of U1.
func (r *Round) VerifySetup(s *wire.Setup, bundle []byte) (map[int]*wire.Advert, Set, error) {
	adverts, set, err := members[wire.Advert](r, wire.KindAdvert, s.U1, bundle)
	if err != nil {
		return nil, nil, err
	}
	seen := map[[wire.MaskKeySize]byte]bool{}
	boxes := map[string]bool{}
	for i, a := range adverts {
		if err := CheckAdvert(a); err != nil {
			return nil, nil, fmt.Errorf("%w: advert of %s: %w", ErrMemberRecord, r.Name(i), err)
		}
		if seen[a.MaskKey] || boxes[string(a.BoxKey)] {
			return nil, nil, ErrKeysRepeat
		}
		seen[a.MaskKey], boxes[string(a.BoxKey)] = true, true
	}
	root, err := r.SetupRoot(set)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrSmallU1, err)
	}
	if root != s.Root {
		return nil, nil, ErrSetupRoot
	}
	return adverts, set, nil
}

// VerifyShareSet takes U2 as exactly the countersigners of the setup root.
func (r *Round) VerifyShareSet(s *wire.ShareSet, bundle []byte, u1 Set, setup wire.Digest) (map[int]*wire.Shares, Set, error) {
	shares, set, err := members[wire.Shares](r, wire.KindShares, s.U2, bundle)
	if err != nil {
		return nil, nil, err
	}
	count, bytes := SharesParts(len(u1))
	for i, h := range shares {
		if _, ok := u1[i]; !ok || h.SetupRoot != setup || h.Boxes.Count != count || h.Boxes.Bytes != bytes {
			return nil, nil, fmt.Errorf("%w: shares of %s", ErrMemberRecord, r.Name(i))
		}
	}
	if err := r.EnoughShares(len(u1), len(shares)); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrSmallU2, err)
	}
	if r.ShareRoot(setup, set) != s.Root {
		return nil, nil, ErrShareRoot
	}
	return shares, set, nil
}

// VerifyCollection recomputes the collection root from the headers of U3.
func (r *Round) VerifyCollection(c *wire.Collection, bundle []byte, u2 Set, setup, share wire.Digest) (map[int]*wire.Input, Set, error) {
	inputs, set, err := members[wire.Input](r, wire.KindInput, c.Members, bundle)
	if err != nil {
		return nil, nil, err
	}
	for i, in := range inputs {
		if _, ok := u2[i]; !ok || in.SetupRoot != setup || in.ShareRoot != share {
			return nil, nil, fmt.Errorf("%w: input of %s", ErrMemberRecord, r.Name(i))
		}
		if why := r.CheckInput(i, in); why != "" {
			return nil, nil, fmt.Errorf("%w: input of %s: %s", ErrMemberRecord, r.Name(i), why)
		}
	}
	if len(inputs) < finder.MinAccepted(int(r.Open.Floor), r.Corrupt) {
		return nil, nil, fmt.Errorf("%w: %d inputs were collected", ErrSmallA, len(inputs))
	}
	if r.CollectionRoot(setup, share, set) != c.Root {
		return nil, nil, ErrCollectionRoot
	}
	return inputs, set, nil
}

// CheckInput says what is wrong with the shape or the weight of an input header.
func (r *Round) CheckInput(position int, in *wire.Input) wire.Reason {
	most := min(r.Roster.Members[position].MaxWeight, r.Open.MaxWeight)
	if in.Weight > most || r.Open.Weights == wire.WeightsEqual && in.Weight != 1 {
		return wire.WrongWeight
	}
	wc, wb := r.WordsParts()
	cc, cb := r.CommitmentsParts()
	if in.Words.Count != wc || in.Words.Bytes != wb || in.Commitments.Count != cc || in.Commitments.Bytes != cb {
		return wire.Malformed
	}
	return ""
}

// VerifyAccepted recomputes A from the collection.
func (r *Round) VerifyAccepted(a *wire.Accepted, inputs Set, setup, share, collection wire.Digest) (Set, error) {
	accepted := Set{}
	for i := range a.Members.All() {
		d, ok := inputs[i]
		if !ok {
			return nil, fmt.Errorf("%w: position %d", ErrAccepted, i)
		}
		accepted[i] = d
	}
	if len(accepted) < finder.MinAccepted(int(r.Open.Floor), r.Corrupt) {
		return nil, fmt.Errorf("%w: %d members", ErrSmallA, len(accepted))
	}
	if a.Members.Fits(r.N()) != nil || a.SetupRoot != setup || a.ShareRoot != share || a.Collection != collection ||
		a.Digest != r.AcceptedDigest(setup, share, collection, accepted) {
		return nil, ErrAccepted
	}
	return accepted, nil
}

// VerifyQuorum checks that need members of U2 signed want, and nothing else.
func VerifyQuorum[T comparable, M interface {
	*T
	wire.Message
}](r *Round, kind wire.Kind, signers wire.Bitmap, bundle []byte, u2 Set, need int, want T) error {
	signed, _, err := members[T, M](r, kind, signers, bundle)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrQuorum, err)
	}
	for i, m := range signed {
		if _, ok := u2[i]; !ok || *m != want {
			return fmt.Errorf("%w: %s of %s", ErrQuorum, kind, r.Name(i))
		}
	}
	if len(signed) < need {
		return fmt.Errorf("%w: %d of %d", ErrQuorum, len(signed), need)
	}
	return nil
}

// names lists a set in roster order.
func (r *Round) names(s Set) (out []string) {
	for _, i := range sortedKeys(s) {
		out = append(out, r.Name(i))
	}
	return out
}
