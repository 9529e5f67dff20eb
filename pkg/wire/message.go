package wire

import (
	"errors"
	"fmt"
)

// A Blob names bytes in the pub stream.
type Blob struct {
	Digest Digest
	Bytes  uint64
	Parts  uint32
}

// Parts names a member's bulk: part 0 is the list of the digests of parts 1 and
// up, Root its digest.
type Parts struct {
	Root  Digest
	Count uint32 // all parts, part 0 included
	Bytes uint64 // all bytes, part 0 included
}

// An Exclusion says who is out of a set, and why.
type Exclusion struct {
	Reason Reason
	Who    Bitmap
}

// Advert is AdvertiseKeys.
type Advert struct {
	MaskKey [MaskKeySize]byte // X25519, from the seed that gets shared
	BoxKey  []byte            // X-Wing
	Nonce   [NonceSize]byte   // n0, clear
	Nonce1  Digest            // commitment to n1
}

// Setup closes AdvertiseKeys.
type Setup struct {
	U1       Bitmap
	Root     Digest
	Bundle   Blob
	Excluded []Exclusion
}

// Shares is ShareKeys: it countersigns the setup root.
type Shares struct {
	SetupRoot Digest
	Boxes     Parts
}

// An Intake is the verdict on the bulk under one header.
type Intake struct {
	Header Digest // of the header's record body
	Reason Reason // "" when every part is there and matches
}

// ShareSet closes ShareKeys.
type ShareSet struct {
	U2       Bitmap
	Root     Digest
	Bundle   Blob
	Excluded []Exclusion
}

// Input is MaskedInputCollection.
type Input struct {
	SetupRoot   Digest
	ShareRoot   Digest
	Weight      uint32
	Words       Parts
	Commitments Parts
}

// Collection closes MaskedInputCollection.
type Collection struct {
	Members  Bitmap
	Root     Digest
	Bundle   Blob
	Excluded []Exclusion
}

// Witness signs a collection root.
type Witness struct {
	SetupRoot, ShareRoot, Collection Digest
}

// A Quorum says that enough members signed one thing, and where to read them.
type Quorum struct {
	Of      Digest // the collection root, or the digest of A
	Signers Bitmap
	Bundle  Blob
}

// A BoxRef names the box that a dealer sent to a complainer, by its digest.
type BoxRef struct {
	Dealer uint16
	Box    Digest
}

// Complaint lists the boxes that a member could not open.
type Complaint struct {
	SetupRoot, ShareRoot Digest
	Boxes                []BoxRef
}

// A Dispute is one complaint that a dealer has to answer.
type Dispute struct{ Dealer, Complainer uint16 }

// Complaints closes the time for complaining.
type Complaints struct {
	Disputes []Dispute
	Excess   Bitmap // dealers with more complaints than they may answer: they leave
	Excluded []Exclusion
}

// A Dealt is what a box held, published to settle one complaint.
type Dealt struct {
	Complainer uint16
	Share      []byte // DealtSize
}

// Answer settles complaints against its writer.
type Answer struct {
	SetupRoot, ShareRoot Digest
	Shares               []Dealt
}

// Settlement says which dealers leave A.
type Settlement struct {
	Leaving  []Exclusion
	Rejected []Exclusion // complaints that named other bytes
}

// Accepted is A. Its digest is what members consent to.
type Accepted struct {
	Members    Bitmap
	SetupRoot  Digest
	ShareRoot  Digest
	Collection Digest
	Digest     Digest // of the sorted (name, header digest) pairs and the roots
	Rejected   []Exclusion
}

// Consent is ConsistencyCheck: a signature over A.
type Consent struct {
	SetupRoot, ShareRoot, Collection, Accepted Digest
}

// Reveal is Unmasking.
type Reveal struct {
	SetupRoot, Accepted Digest
	Shares              Parts
}

// A SumPart names one part of the masked sum over A.
type SumPart struct{ Digest Digest }

// A BadShare names a member whose share of a dealer does not match the
// dealer's commitment.
type BadShare struct{ Helper, Dealer uint16 }

// Rebuilt is the outcome of one attempt to rebuild the masks.
type Rebuilt struct {
	Helpers Bitmap // whose reveals were used
	Bad     []BadShare
	Lost    Bitmap // dealers that cannot be rebuilt from these helpers
	Bundle  Blob   // empty when Lost is not
}

// Checked is the verdict of the public check of the sum.
type Checked struct {
	Rows        []uint32 // rows whose commitments the sum does not open
	Commitments Digest   // over the row sums of the commitments of A
	Mean        Digest   // of the mean, float64, little-endian
}

// Result is what members attest.
type Result struct {
	Accepted    Digest
	Contributed uint32 // |A|
	Weight      uint64 // sum of the weights
	Sum         Parts  // the opened integers: little-endian words, limbs behind coordinates
	Commitments Digest // over the row sums of the commitments of A
	Mean        Digest // of the mean, float64, little-endian
	Next        Digest // digest of the next model where Open.Update is "mean"
}

// Attest signs a result.
type Attest struct{ Result Digest }

// Certificate closes the round.
type Certificate struct {
	Result  Digest
	Signers Bitmap
	Quorum  uint32
	Bundle  Blob
}

// Deadline says that the time of a phase is up.
type Deadline struct{ At int64 } // NotBefore, Unix milliseconds

// Abort ends a round.
type Abort struct {
	Reason Reason
	Detail string
	Seq    uint64 // the record that showed it, if one did
}

// DealtSize is what a box holds: shares of the mask-key seed, of the self-mask
// seed and of n1, each with the salt of its commitment.
const (
	SaltSize  = 16
	ShareSize = 32
	DealtSize = 3 * (ShareSize + SaltSize)
	// RevealSize is a flag, a share and its salt.
	RevealSize = 1 + ShareSize + SaltSize
	maxDetail  = 256
	// MaxAnswers is how many shares an answer holds.
	MaxAnswers = 50
)

func checkBlob(b Blob) error {
	if b.Parts > MaxParts || uint64(b.Parts) != (b.Bytes+MaxPart-1)/MaxPart {
		return errors.New("blob: parts and bytes do not agree")
	}
	return nil
}

func checkParts(p Parts) error {
	if p.Count < 2 || p.Count > MaxParts || p.Bytes > uint64(p.Count)*MaxPart {
		return errors.New("parts: more or fewer parts or bytes than possible")
	}
	return nil
}

func checkExcluded(lists ...[]Exclusion) error {
	for _, l := range lists {
		for i, x := range l {
			if i > 0 && l[i-1].Reason >= x.Reason {
				return errors.New("exclusions: reasons must be sorted and distinct")
			}
		}
	}
	return nil
}

// Check implements Message.
func (m *Advert) Check() error {
	if len(m.BoxKey) != BoxKeySize {
		return fmt.Errorf("advert: a box key has %d bytes", BoxKeySize)
	}
	return nil
}

// Check implements Message.
func (m *Setup) Check() error { return errors.Join(checkBlob(m.Bundle), checkExcluded(m.Excluded)) }

// Check implements Message.
func (m *Shares) Check() error { return checkParts(m.Boxes) }

// Check implements Message.
func (m *Intake) Check() error { return nil }

// Check implements Message.
func (m *ShareSet) Check() error { return errors.Join(checkBlob(m.Bundle), checkExcluded(m.Excluded)) }

// Check implements Message.
func (m *Input) Check() error {
	if m.Weight == 0 {
		return errors.New("input: weight 0")
	}
	return errors.Join(checkParts(m.Words), checkParts(m.Commitments))
}

// Check implements Message.
func (m *Collection) Check() error {
	return errors.Join(checkBlob(m.Bundle), checkExcluded(m.Excluded))
}

// Check implements Message.
func (m *Witness) Check() error { return nil }

// Check implements Message.
func (m *Quorum) Check() error { return checkBlob(m.Bundle) }

// Check implements Message.
func (m *Complaint) Check() error {
	if len(m.Boxes) == 0 {
		return errors.New("complaint: about nothing")
	}
	for i := range m.Boxes[1:] {
		if m.Boxes[i].Dealer >= m.Boxes[i+1].Dealer {
			return errors.New("complaint: dealers must be sorted and distinct")
		}
	}
	return nil
}

// Check implements Message.
func (m *Complaints) Check() error {
	for i, d := range m.Disputes {
		if i > 0 && !m.Disputes[i-1].before(d) {
			return errors.New("complaints: disputes must be sorted and distinct")
		}
	}
	return checkExcluded(m.Excluded)
}

func (d Dispute) before(e Dispute) bool {
	return d.Dealer < e.Dealer || d.Dealer == e.Dealer && d.Complainer < e.Complainer
}

// Check implements Message.
func (m *Answer) Check() error {
	for i, s := range m.Shares {
		if len(s.Share) != DealtSize || i > 0 && m.Shares[i-1].Complainer >= s.Complainer {
			return errors.New("answer: shares must be whole, sorted and distinct")
		}
	}
	return nil
}

// Check implements Message.
func (m *Settlement) Check() error { return checkExcluded(m.Leaving, m.Rejected) }

// Check implements Message.
func (m *Accepted) Check() error { return checkExcluded(m.Rejected) }

// Check implements Message.
func (m *Consent) Check() error { return nil }

// Check implements Message.
func (m *Reveal) Check() error { return checkParts(m.Shares) }

// Check implements Message.
func (m *SumPart) Check() error { return nil }

// Check implements Message.
func (m *Rebuilt) Check() error { return checkBlob(m.Bundle) }

// Check implements Message.
func (m *Checked) Check() error { return nil }

// Check implements Message.
func (m *Result) Check() error { return checkParts(m.Sum) }

// Check implements Message.
func (m *Attest) Check() error { return nil }

// Check implements Message.
func (m *Certificate) Check() error { return checkBlob(m.Bundle) }

// Check implements Message.
func (m *Deadline) Check() error { return nil }

// Check implements Message.
func (m *Abort) Check() error {
	if len(m.Detail) > maxDetail {
		return errors.New("abort: detail too long")
	}
	return nil
}
