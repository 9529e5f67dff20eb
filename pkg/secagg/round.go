package secagg

import (
	"errors"
	"fmt"

	"chorus/pkg/secagg/commit"
	"chorus/pkg/secagg/encode"
	"chorus/pkg/secagg/finder"
	"chorus/pkg/wire"
)

// A Round is what everyone computes from the Open and the roster alone.
type Round struct {
	Open     wire.Open
	Ctx      wire.Digest
	Envelope *wire.Envelope // of the Open, for whoever knows the opener
	Roster   *wire.Roster
	Corrupt  int // A_corr
	Encoding encode.Params
	Layout   commit.Layout

	parts map[uint32][]byte // of the signed roster, until it is whole
}

var (
	// ErrOpen: an Open that no stage and no participant can run.
	ErrOpen = errors.New("secagg: unusable open")
	// ErrRoster: roster parts that do not make the roster the Open names.
	ErrRoster = errors.New("secagg: the roster is not the one that the open names")
)

// NewRound reads the Open of a round. The roster follows in records of its own.
func NewRound(rec wire.Record) (*Round, error) {
	r := &Round{parts: map[uint32][]byte{}}
	e, err := wire.DecodeSigned(rec.Body, &r.Open)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOpen, err)
	}
	r.Envelope, r.Ctx = e, wire.Ctx(e.Body)
	if r.Open.Session != rec.Key.Session || r.Open.Round != rec.Key.Round {
		return nil, fmt.Errorf("%w: it is for round %s/%d", ErrOpen, r.Open.Session, r.Open.Round)
	}
	return r, r.supported()
}

// supported refuses, in words, what this version does not run.
func (r *Round) supported() error {
	o := &r.Open
	switch {
	case o.Version != wire.Version:
		return fmt.Errorf("%w: protocol version %d, this is version %d", ErrOpen, o.Version, wire.Version)
	case o.Masking != wire.MaskingPairwise:
		return fmt.Errorf("%w: masking %q; this version runs %q", ErrOpen, o.Masking, wire.MaskingPairwise)
	case o.Weights != wire.WeightsPublic && o.Weights != wire.WeightsEqual:
		return fmt.Errorf("%w: weights %q; use public or equal", ErrOpen, o.Weights)
	case o.Weights == wire.WeightsEqual && o.MaxWeight != 1:
		return fmt.Errorf("%w: equal weights are 1, not up to %d", ErrOpen, o.MaxWeight)
	case o.Update != wire.UpdateMean && o.Update != wire.UpdateTold:
		return fmt.Errorf("%w: update rule %q; use mean or told", ErrOpen, o.Update)
	case o.Finder != finder.Version:
		return fmt.Errorf("%w: finder version %d, this is version %d", ErrOpen, o.Finder, finder.Version)
	}
	return nil
}

// AddRoster takes one part of the roster; Complete then tells whether it was
// the last. The signature of the authority is for members and auditors, who pin
// its key, to verify; the Open names the roster root.
func (r *Round) AddRoster(rec wire.Record) error {
	if r.Roster != nil || rec.Key.Part >= r.Open.RosterParts {
		return nil
	}
	r.parts[rec.Key.Part] = rec.Body
	if len(r.parts) < int(r.Open.RosterParts) {
		return nil
	}
	ros, _, err := wire.OpenRoster(r.SignedRoster())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRoster, err)
	}
	if ros.Root() != r.Open.RosterRoot || ros.Session != r.Open.Session {
		return ErrRoster
	}
	if !Verify(ros.Opener, wire.KindOpen, wire.Digest{}, r.Envelope) {
		return fmt.Errorf("%w: not signed by the opener of the roster", ErrOpen)
	}
	return r.adopt(ros)
}

func (r *Round) adopt(ros *wire.Roster) error {
	n := len(ros.Members)
	g := finder.Ratio{Num: r.Open.Gamma.Num, Den: r.Open.Gamma.Den}
	r.Corrupt = finder.Corrupt(g, n, ros.LargestOrganisation())
	r.Encoding = encode.Params{Bits: int(r.Open.Bits), Clip: r.Open.Clip, MaxWeight: r.Open.MaxWeight, Roster: n, Dim: int(r.Open.Dim)}
	if err := r.Encoding.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrOpen, err)
	}
	l, err := commit.NewLayout(int(r.Open.Dim), int(r.Open.Bits), n)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOpen, err)
	}
	r.Layout, r.Roster = l, ros
	return r.checkSize()
}

// MaxAnswers is how many complaints a dealer answers: at most A_corr, and no
// more than its one record holds.
func (r *Round) MaxAnswers() int { return min(r.Corrupt, wire.MaxAnswers) }

// checkSize refuses a roster whose dealings would not fit a part, and a vector
// that would take more parts than a list can name.
func (r *Round) checkSize() error {
	if commitmentsSize(r.N()) > wire.MaxPart {
		return fmt.Errorf("%w: %d members; pairwise masking takes at most %d", ErrOpen, r.N(), (wire.MaxPart/wire.DigestSize-1)/secretsDealt)
	}
	most := uint64(wire.MaxParts-1) * uint64(r.Open.PartSize)
	if r.VectorBytes() > most || uint64(r.Layout.Rows)*wire.DigestSize > most {
		return fmt.Errorf("%w: %d coordinates do not fit %d parts of %d bytes", ErrOpen, r.Open.Dim, wire.MaxParts-1, r.Open.PartSize)
	}
	return nil
}

// Complete reports whether the roster is there.
func (r *Round) Complete() bool { return r.Roster != nil }

// SignedRoster is the roster as the authority signed it.
func (r *Round) SignedRoster() (b []byte) {
	for i := uint32(0); i < r.Open.RosterParts; i++ {
		b = append(b, r.parts[i]...)
	}
	return b
}

// N is the number of members of the roster.
func (r *Round) N() int { return len(r.Roster.Members) }

// Name is the name at a roster position.
func (r *Round) Name(position int) string { return r.Roster.Members[position].Name }

// Key is the key of a record of this round.
func (r *Round) Key(k wire.Kind, member string, part uint32) wire.Key {
	return wire.Key{Session: r.Open.Session, Round: r.Open.Round, Kind: k, Member: member, Part: part}
}

// Rules are what Open says to the finder.
func (r *Round) Rules() finder.Rules {
	o := &r.Open
	return finder.Rules{Gamma: finder.Ratio(o.Gamma), Delta: finder.Ratio(o.Delta), Sigma: int(o.Sigma), Eta: int(o.Eta),
		Floor: int(o.Floor), MinU1: int(o.MinU1), CountOrganisations: !r.Roster.NotCounted}
}

// Params are the thresholds among u1 advertised members.
func (r *Round) Params(u1 int) (finder.PairwiseParams, error) {
	return finder.Pairwise(u1, r.Corrupt, r.Rules())
}

// EnoughShares reports whether U2 is large enough to mask under: at least t
// members and, unless the round says that it is forkable, more than
// (N + A_corr)/2 countersigners of the setup root.
func (r *Round) EnoughShares(u1, u2 int) error {
	p, err := r.Params(u1)
	if err != nil {
		return err
	}
	need := p.T
	if !r.Open.Forkable {
		need = max(need, finder.Countersigners(r.N(), r.Corrupt))
	}
	if u2 < need {
		return fmt.Errorf("%d members shared keys, %d are needed", u2, need)
	}
	return nil
}

// Words is the length of the masked vector: coordinates, then blind limbs.
func (r *Round) Words() int { return int(r.Open.Dim) + r.Layout.Extra() }

// VectorBytes is the length of the masked vector in bytes.
func (r *Round) VectorBytes() uint64 { return uint64(r.Words()) * uint64(r.WordBytes()) }

// WordBytes is 4 or 8.
func (r *Round) WordBytes() int { return r.Encoding.WordBits() / 8 }

// VectorParts is the number of parts that carry the masked vector or its sum.
func (r *Round) VectorParts() uint32 {
	n, _ := wire.PartsOf(r.VectorBytes(), r.Open.PartSize)
	return n - 1
}

// Admit decodes a member's signed record and verifies the signature of the
// member that the key names. It returns the member's position, or a reason.
func (r *Round) Admit(rec wire.Record, m wire.Message) (position int, why wire.Reason) {
	position = r.Roster.Position(rec.Key.Member)
	if position < 0 {
		return -1, wire.NotInRoster
	}
	e, err := wire.DecodeSigned(rec.Body, m)
	if err != nil {
		return position, reasonOf(err)
	}
	if !Verify(r.Roster.Members[position].Identity, rec.Key.Kind, r.Ctx, e) {
		return position, wire.BadSignature
	}
	return position, ""
}
