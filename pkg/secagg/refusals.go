package secagg

import "errors"

// What a participant refuses (docs/PROTOCOL.md, section 14). A refusal ends the round
// for this member: nothing further is sent, whatever the server does next.
var (
	ErrSecondOpen     = errors.New("refused: a second open for a round that this member has answered")
	ErrRoundNotAbove  = errors.New("refused: a round number that is not above the last")
	ErrOlderRoster    = errors.New("refused: an older roster than this member has seen")
	ErrNotMember      = errors.New("refused: this name and identity are not in the roster")
	ErrModelUnknown   = errors.New("refused: a model digest that this member was not told")
	ErrModelBehind    = errors.New("refused: this member is behind; fetch and verify the last certificate first")
	ErrModelSpent     = errors.New("refused: another set was signed on this model, and signing this one too could expose an input; open the next round on a new model")
	ErrWeak           = errors.New("refused: the round is weaker than this member's policy")
	ErrForkable       = errors.New("refused: the round is forkable and this member's policy forbids it")
	ErrSmallU1        = errors.New("refused: too few members advertised keys")
	ErrSmallU2        = errors.New("refused: too few members shared keys")
	ErrSmallA         = errors.New("refused: the accepted set is too small")
	ErrMemberRecord   = errors.New("refused: a record in a bundle is not the signed record of its member for this round")
	ErrKeysRepeat     = errors.New("refused: two members advertise the same key")
	ErrOwnRecord      = errors.New("refused: this member's own record was swapped or altered")
	ErrSetupRoot      = errors.New("refused: the setup root is not this member's own recomputation")
	ErrShareRoot      = errors.New("refused: the share root is not this member's own recomputation")
	ErrCollectionRoot = errors.New("refused: the collection root is not this member's own recomputation")
	ErrAccepted       = errors.New("refused: A is not within the collection or is not this member's own recomputation")
	ErrQuorum         = errors.New("refused: too few valid signatures over the same set")
	ErrSecondRequest  = errors.New("refused: this member answered this phase of the round already, for another set")
	ErrResult         = errors.New("refused: the result does not open the commitments of A")
	ErrCertificate    = errors.New("refused: the certificate lacks a quorum of attestations over this result")
	ErrRolledBack     = errors.New("refused: state rolled back: the log holds other bytes of this member than its state does")
	ErrNoState        = errors.New("observing only: this member answered this round before and holds no state for it any more")
)

// Refusals lists them.
var Refusals = []error{ErrAuthority, ErrOpen, ErrRoster, ErrSecondOpen, ErrRoundNotAbove, ErrOlderRoster, ErrNotMember, ErrModelUnknown, ErrModelBehind, ErrModelSpent, ErrWeak, ErrForkable, ErrSmallU1, ErrSmallU2, ErrSmallA, ErrMemberRecord, ErrKeysRepeat, ErrOwnRecord, ErrSetupRoot, ErrShareRoot, ErrCollectionRoot, ErrAccepted, ErrQuorum, ErrSecondRequest, ErrResult, ErrCertificate, ErrRolledBack, ErrNoState}
