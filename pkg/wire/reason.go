package wire

import "slices"

// A Reason says why a message, a member or a round is excluded. A fault of a
// participant is data, never a Go error. One enum for the whole system.
type Reason string

const (
	Late                Reason = "late"
	MissingPart         Reason = "missing part"
	DigestMismatch      Reason = "digest mismatch"
	BadSignature        Reason = "bad signature"
	NotInRoster         Reason = "not in roster"
	Malformed           Reason = "malformed"
	NotCanonical        Reason = "not canonical"
	Oversized           Reason = "oversized"
	DuplicateKey        Reason = "duplicate key"
	WrongRoot           Reason = "wrong root"
	WrongWeight         Reason = "wrong weight"
	WrongShare          Reason = "wrong share"
	InconsistentDealing Reason = "inconsistent dealing"
	ComplaintUnanswered Reason = "complaint unanswered"
	FalseComplaint      Reason = "false complaint"
	Absent              Reason = "absent"
	NotEnough           Reason = "not enough members"
	CheckFailed         Reason = "sum does not open the commitments"
	Unsupported         Reason = "unsupported"
	Diverged            Reason = "diverged"
	Internal            Reason = "internal"
)

// Reasons lists the enum.
var Reasons = []Reason{Late, MissingPart, DigestMismatch, BadSignature, NotInRoster, Malformed,
	NotCanonical, Oversized, DuplicateKey, WrongRoot, WrongWeight, WrongShare, InconsistentDealing,
	ComplaintUnanswered, FalseComplaint, Absent, NotEnough, CheckFailed, Unsupported, Diverged, Internal}

// SortedReasons lists the enum in the order of lists in messages.
func SortedReasons() []Reason {
	return slices.Sorted(slices.Values(Reasons))
}
