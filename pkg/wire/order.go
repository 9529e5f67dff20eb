package wire

import "errors"

// Work orders: what a fold tells a worker. They are derived, never history, and
// name every byte that the work may depend on.

// A Batch names one member's parts of one bulk kind. All but the last have Size
// bytes; the last has what is left of Parts.Bytes.
type Batch struct {
	Kind  string
	Parts Parts
	Size  uint32
}

// IntakeOrder asks whether all parts under a header are there.
type IntakeOrder struct {
	Header  Digest
	Batches []Batch
}

// SumOrder asks for one part of the masked sum over A.
type SumOrder struct {
	Part    uint32
	Members Bitmap
	Headers Blob // the collection bundle
}

// SettleOrder asks which of the disputed dealers leave.
type SettleOrder struct {
	U1, U2    Bitmap
	SetupRoot Digest
	Headers   Blob // the shareset bundle
	Disputes  []Dispute
	Answered  Bitmap
}

// RebuildOrder asks for the mask keys that reveals of Helpers give.
type RebuildOrder struct {
	U1, U2, Members, Helpers Bitmap
	Adverts, Headers         Blob // the setup and shareset bundles
	SetupRoot                Digest
}

// UnmaskOrder asks for one opened part.
type UnmaskOrder struct {
	Part uint32
	Sum  Digest
	Keys Blob
}

// CheckOrder asks for the public check of the sum.
type CheckOrder struct {
	Members  Bitmap
	Headers  Blob // the collection bundle
	Accepted Digest
	Sum      Parts
	Weight   uint64
}

// Check implements Message.
func (o *IntakeOrder) Check() error {
	for _, b := range o.Batches {
		if err := checkParts(b.Parts); err != nil {
			return err
		}
	}
	if len(o.Batches) == 0 {
		return errors.New("order: about nothing")
	}
	return nil
}

// Check implements Message.
func (o *SumOrder) Check() error { return checkBlob(o.Headers) }

// Check implements Message.
func (o *SettleOrder) Check() error { return checkBlob(o.Headers) }

// Check implements Message.
func (o *RebuildOrder) Check() error { return errors.Join(checkBlob(o.Adverts), checkBlob(o.Headers)) }

// Check implements Message.
func (o *UnmaskOrder) Check() error { return checkBlob(o.Keys) }

// Check implements Message.
func (o *CheckOrder) Check() error { return errors.Join(checkBlob(o.Headers), checkParts(o.Sum)) }
