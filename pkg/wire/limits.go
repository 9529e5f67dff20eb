package wire

// Sizes and counts. Everything a stranger sends is held against one of these
// before memory is allocated for it.
const (
	MaxToken    = 32                   // bytes of a session, member or kind token
	roundDigits = 8                    // rounds are zero-padded so that subjects sort
	MaxRound    = 99999999             // 10^roundDigits - 1
	MaxSubject  = 256                  // bytes; the longest legal subject is shorter
	MaxBody     = 8 << 10              // bytes of a log record: MaxMsgSize of CHORUS_LOG
	MaxPart     = 256 << 10            // bytes of a bulk or pub part
	MaxParts    = MaxPart / DigestSize // parts under one header: their digests are part 0; 2 GiB
	MaxRoster   = 10000                // participants of a session
	MaxDim      = 1 << 26              // coordinates of an update
	MaxTask     = 8 << 10              // bytes of a work order

	Shards = 4 // bulk streams; the shard of a part is its number mod Shards

	DigestSize    = 32
	IdentitySize  = 32   // Ed25519 public key
	SignatureSize = 64   // Ed25519 signature
	MaskKeySize   = 32   // X25519 public key
	BoxKeySize    = 1216 // X-Wing public key (ML-KEM-768 1184 + X25519 32)
	NonceSize     = 32

	// Limits on what a round may open with.
	MinPartSize = 4 << 10
	maxEarly    = 256 // roster parts before the Open that a fold keeps
)

// MaxEarly bounds the roster parts a fold holds back until it has read the Open.
const MaxEarly = maxEarly
