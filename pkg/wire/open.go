package wire

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Version of the protocol that this tree writes.
const Version = 1

// Values of Open's choices.
const (
	MaskingPairwise = "pairwise"
	WeightsPublic   = "public"
	WeightsEqual    = "equal"
	FilterNone      = "none"
	UpdateMean      = "mean" // the model of the next round follows from this one and its mean
	UpdateTold      = "told" // the training code says which model digest to expect
)

// A Ratio is an exact fraction: replicas must agree to the last bit.
type Ratio struct{ Num, Den uint32 }

// Open is everything a round depends on, signed by the session's opener (zero
// ctx). ctx is the digest of its canonical bytes, without the signature.
type Open struct {
	Version     uint16
	Session     string
	Round       uint32
	Previous    Digest // of the last certificate's body; zero for the first round
	RosterRoot  Digest
	RosterParts uint32
	Model       Digest // of the model that updates are relative to
	Update      string
	Dim         uint32 // d, coordinates of an update
	Bits        uint8  // b, bits of one encoded coordinate
	Clip        float64
	MaxWeight   uint32 // omega_max
	Weights     string
	Masking     string
	Filter      string
	Forkable    bool
	Gamma       Ratio // corrupt members assumed
	Delta       Ratio // members that may vanish
	Sigma       uint8
	Eta         uint8
	Floor       uint16 // honest inputs under every sum
	MinU1       uint16
	Finder      uint8
	PartSize    uint32  // bytes of a bulk part
	Deadlines   []int64 // Unix milliseconds, one per entry of Phases
}

// Check implements Message: the shape; what is strong enough is the finder's
// and the participant's policy to say.
func (o *Open) Check() error {
	switch {
	case !Name(o.Session) || o.Round == 0 || o.Round > MaxRound:
		return errors.New("open: bad session or round")
	case o.Dim == 0 || o.Dim > MaxDim || o.Bits < 2 || o.Bits > 24 || o.MaxWeight == 0:
		return errors.New("open: bad dimension, bits or weight")
	case !(o.Clip > 0) || math.IsInf(o.Clip, 0):
		return errors.New("open: clip must be a positive number")
	case o.Gamma.Den == 0 || o.Delta.Den == 0 || o.Gamma.Num >= o.Gamma.Den || o.Delta.Num >= o.Delta.Den:
		return errors.New("open: gamma and delta must be fractions below 1")
	case o.RosterParts == 0 || o.RosterParts > MaxRosterBytes/MaxBody+1:
		return errors.New("open: bad number of roster parts")
	case o.PartSize < MinPartSize || o.PartSize > MaxPart || o.PartSize%64 != 0:
		return fmt.Errorf("open: part size must be a multiple of 64 from %d to %d", MinPartSize, MaxPart)
	}
	return o.checkDeadlines()
}

func (o *Open) checkDeadlines() error {
	if len(o.Deadlines) != len(Phases) {
		return fmt.Errorf("open: %d deadlines for %d phases", len(o.Deadlines), len(Phases))
	}
	for i, d := range o.Deadlines {
		if d <= 0 || i > 0 && d <= o.Deadlines[i-1] {
			return errors.New("open: deadlines must ascend")
		}
	}
	return nil
}

// Deadline returns the instant at which a phase ends.
func (o *Open) Deadline(p Phase) time.Time {
	for i, q := range Phases {
		if p == q {
			return time.UnixMilli(o.Deadlines[i]).UTC()
		}
	}
	return time.Time{}
}

// An Envelope is the body of every signed record: the canonical bytes of a
// message and an Ed25519 signature over SignedBytes of them.
type Envelope struct {
	Body []byte
	Sig  [SignatureSize]byte
}

// Check implements Message.
func (s *Envelope) Check() error { return nil }

// DecodeSigned reads a signed record's body: the envelope, then the message.
func DecodeSigned(b []byte, m Message) (*Envelope, error) {
	var s Envelope
	if err := DecodeBody(b, &s); err != nil {
		return nil, err
	}
	return &s, DecodeBody(s.Body, m)
}

// Ctx is the context of a round: the digest of the canonical Open.
func Ctx(open []byte) Digest { return Sum(open) }

// NextModel is the digest of the model that follows from the model m by adding
// the certified mean, named by its digest (Update "mean"): the chain of
// certificates fixes the model without anyone holding it.
func NextModel(m, mean Digest) Digest { return Tagged("model", m[:], mean[:]) }
