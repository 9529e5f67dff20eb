package wire

import "slices"

// A Kind says what a record states. Its text is a token of the subject.
type Kind string

// A Stream is the second token of a subject: which store holds the record.
type Stream string

const (
	Log  Stream = "log"  // small facts, 90 days, write-once
	Bulk Stream = "bulk" // vectors, boxes, commitments: 48 hours, write-once
	Pub  Stream = "pub"  // bundles and results named by digest, write-once
)

// A Class says why a record may be believed.
type Class string

const (
	Signed   Class = "signed"   // by an identity of the roster, its authority or the opener
	Derived  Class = "derived"  // equal to what the fold of its writer derives
	Observed Class = "observed" // the first one wins: deadlines, task results, verdicts on bulk
	Named    Class = "named"    // content: a record names its digest
)

// Writers that are not stages.
const (
	ByOpener      = "opener"
	ByParticipant = "participant"
	ByShell       = "stage" // any stage, through its shell
)

// The stages, in the order of the round.
const (
	Keybroker = "keybroker"
	Collector = "collector"
	Verifier  = "verifier"
	Robust    = "robust"
	Unmasker  = "unmasker"
)

const (
	KindOpen   Kind = "open"
	KindRoster Kind = "roster"

	KindAdvert      Kind = "advert"
	KindSetup       Kind = "setup"
	KindSetupBundle Kind = "setup-bundle"

	KindShares         Kind = "shares"
	KindSharesPart     Kind = "shares-part"
	KindSharesIntake   Kind = "shares-intake"
	KindShareSet       Kind = "shareset"
	KindShareSetBundle Kind = "shareset-bundle"

	KindInput            Kind = "input"
	KindInputPart        Kind = "input-part"
	KindCommitPart       Kind = "commit-part"
	KindInputIntake      Kind = "input-intake"
	KindCollection       Kind = "collection"
	KindCollectionBundle Kind = "collection-bundle"
	KindWitness          Kind = "witness"
	KindWitnessed        Kind = "witnessed"
	KindWitnessBundle    Kind = "witness-bundle"

	KindComplaint  Kind = "complaint"
	KindComplaints Kind = "complaints"
	KindAnswer     Kind = "answer"
	KindSettlement Kind = "settlement"

	KindAccepted      Kind = "accepted"
	KindConsent       Kind = "consent"
	KindConsented     Kind = "consented"
	KindConsentBundle Kind = "consent-bundle"

	KindSum           Kind = "sum"
	KindSumPart       Kind = "sum-part"
	KindReveal        Kind = "reveal"
	KindRevealPart    Kind = "reveal-part"
	KindRevealIntake  Kind = "reveal-intake"
	KindRebuilt       Kind = "rebuilt"
	KindRebuiltBundle Kind = "rebuilt-bundle"
	KindOpened        Kind = "opened"
	KindResultPart    Kind = "result-part"
	KindResultList    Kind = "result-list"

	KindChecked           Kind = "checked"
	KindResult            Kind = "result"
	KindAttest            Kind = "attest"
	KindCertificate       Kind = "certificate"
	KindCertificateBundle Kind = "certificate-bundle"

	KindDeadline Kind = "deadline"
	KindAbort    Kind = "abort"
)

// A Row is what the kind table says of one kind. docs/PROTOCOL.md prints it.
type Row struct {
	Kind   Kind
	Stream Stream
	Writer string
	Class  Class
	Public bool   // participants may read it
	Member string // what Key.Member holds: "-", "name", "phase", "stage"
	Parts  bool   // Key.Part may be other than 0
	Says   string
}

// table lists every kind once, in the order in which a round writes them.
var table = []Row{
	{KindRoster, Log, ByOpener, Signed, true, Nobody, true, "the authority's signed roster, in parts"},
	{KindOpen, Log, ByOpener, Signed, true, Nobody, false, "everything the round depends on"},
	{KindAdvert, Log, ByParticipant, Signed, false, "name", false, "AdvertiseKeys: mask key, box key, nonce, nonce commitment"},
	{KindSetup, Log, Keybroker, Derived, true, Nobody, false, "U1 and the setup root"},
	{KindSetupBundle, Pub, Keybroker, Named, true, Nobody, true, "the adverts of U1"},
	{KindShares, Log, ByParticipant, Signed, false, "name", false, "ShareKeys: header of the boxed shares, countersigning the setup root"},
	{KindSharesPart, Bulk, ByParticipant, Named, true, "name", true, "digest list, one box per member of U1, share commitments"},
	{KindSharesIntake, Log, Keybroker, Observed, false, "name", false, "whether all parts of the shares are there"},
	{KindShareSet, Log, Keybroker, Derived, true, Nobody, false, "U2 and the share root"},
	{KindShareSetBundle, Pub, Keybroker, Named, true, Nobody, true, "the shares headers of U2"},
	{KindInput, Log, ByParticipant, Signed, false, "name", false, "MaskedInputCollection: header of the masked vector and its commitments"},
	{KindInputPart, Bulk, ByParticipant, Named, false, "name", true, "digest list and masked words"},
	{KindCommitPart, Bulk, ByParticipant, Named, true, "name", true, "digest list and row commitments"},
	{KindInputIntake, Log, Collector, Observed, false, "name", false, "whether all parts of the input are there"},
	{KindCollection, Log, Collector, Derived, true, Nobody, false, "U3 and the collection root"},
	{KindCollectionBundle, Pub, Collector, Named, true, Nobody, true, "the input headers of U3"},
	{KindWitness, Log, ByParticipant, Signed, false, "name", false, "a member's signature over the collection root"},
	{KindWitnessed, Log, Verifier, Derived, true, Nobody, false, "that a quorum signed the collection root"},
	{KindWitnessBundle, Pub, Verifier, Named, true, Nobody, true, "the witness signatures"},
	{KindComplaint, Log, ByParticipant, Signed, true, "name", false, "boxes a member could not open, by digest"},
	{KindComplaints, Log, Keybroker, Derived, true, Nobody, false, "which dealers have to answer whom"},
	{KindAnswer, Log, ByParticipant, Signed, true, "name", false, "the shares that a dealer publishes to settle complaints"},
	{KindSettlement, Log, Keybroker, Observed, true, Nobody, false, "which dealers leave, and why"},
	{KindAccepted, Log, Robust, Derived, true, Nobody, false, "A, the one accepted set"},
	{KindConsent, Log, ByParticipant, Signed, false, "name", false, "ConsistencyCheck: a member's signature over A"},
	{KindConsented, Log, Verifier, Derived, true, Nobody, false, "that a quorum signed A"},
	{KindConsentBundle, Pub, Verifier, Named, true, Nobody, true, "the consent signatures"},
	{KindSum, Log, Collector, Observed, false, Nobody, true, "digest of one summed part over A"},
	{KindSumPart, Bulk, Collector, Named, false, Nobody, true, "the masked sum over A, one part"},
	{KindReveal, Log, ByParticipant, Signed, false, "name", false, "Unmasking: header of the revealed shares"},
	{KindRevealPart, Bulk, ByParticipant, Named, false, "name", true, "digest list and one share per member of U2"},
	{KindRevealIntake, Log, Unmasker, Observed, false, "name", false, "whether all parts of the reveal are there"},
	{KindRebuilt, Log, Unmasker, Observed, false, Nobody, true, "whether the masks could be rebuilt, and whose shares were bad"},
	{KindRebuiltBundle, Pub, Unmasker, Named, false, Nobody, true, "the mask keys to take off the sum"},
	{KindOpened, Log, Unmasker, Observed, false, Nobody, true, "digest of one opened part"},
	{KindResultPart, Pub, Unmasker, Named, true, Nobody, true, "the opened sum, one part"},
	{KindResultList, Pub, Verifier, Named, true, Nobody, false, "the digests of all opened parts"},
	{KindChecked, Log, Verifier, Observed, false, Nobody, false, "whether the sum opens the commitments of A"},
	{KindResult, Log, Verifier, Derived, true, Nobody, false, "the result that members attest"},
	{KindAttest, Log, ByParticipant, Signed, false, "name", false, "Attestation: a member's signature over the result"},
	{KindCertificate, Log, Verifier, Derived, true, Nobody, false, "that a quorum attested the result"},
	{KindCertificateBundle, Pub, Verifier, Named, true, Nobody, true, "the attestations"},
	{KindDeadline, Log, ByShell, Observed, true, "phase", true, "that the time of a phase is up"},
	{KindAbort, Log, ByShell, Observed, true, "stage", false, "that the round ends without a result, and why"},
}

var kinds = func() map[Kind]Row {
	m := make(map[Kind]Row, len(table))
	for _, r := range table {
		m[r.Kind] = r
	}
	return m
}()

// Kinds returns the kind table, in the order in which a round writes it.
func Kinds() []Row { return slices.Clone(table) }

// Row returns what the table says of k; the zero Row for an unknown kind.
func (k Kind) Row() Row { return kinds[k] }

// Terminal reports whether a record of this kind ends its round.
func (k Kind) Terminal() bool { return k == KindCertificate || k == KindAbort }
