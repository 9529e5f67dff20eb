package wire

// A Phase of the round. Phases have names, never numbers (Bonawitz et al., CCS
// 2017, Figure 4 numbers them 0 to 4; others count differently).
type Phase string

const (
	AdvertiseKeys    Phase = "advertise-keys"
	ShareKeys        Phase = "share-keys"
	MaskedInput      Phase = "masked-input"
	CollectionPhase  Phase = "collection"
	ComplaintsPhase  Phase = "complaints"
	ConsistencyCheck Phase = "consistency-check"
	Unmasking        Phase = "unmasking"
	Attestation      Phase = "attestation"
)

// Phases lists the phases that end by a deadline, in order; Open.Deadlines has
// one instant for each.
var Phases = []Phase{AdvertiseKeys, ShareKeys, MaskedInput, CollectionPhase,
	ComplaintsPhase, ConsistencyCheck, Unmasking, Attestation}
