package secagg

import (
	"crypto/ecdh"
	"errors"
	"fmt"
	"io"

	"chorus/pkg/secagg/box"
	"chorus/pkg/secagg/field"
	"chorus/pkg/secagg/kdf"
	"chorus/pkg/secagg/mask"
	"chorus/pkg/secagg/shamir"
	"chorus/pkg/wire"
)

// secrets are what a member draws for one round, all from its master secret, so
// that a crashed member draws the same again.
type secrets struct {
	s, b, n1 field.Element // seeds of mask key and self-mask, second nonce
	n0       [wire.NonceSize]byte
	boxKey   *box.PrivateKey
	maskKey  *ecdh.PrivateKey
}

// Format redacts: fmt cannot reach the redaction of unexported fields.
func (secrets) Format(f fmt.State, _ rune) { io.WriteString(f, "secagg.secrets(redacted)") }

// own names a derivation from a member's own master secret.
func own(ctx wire.Digest, name, purpose string) kdf.Context {
	return kdf.Context{Ctx: ctx, Sender: name, Purpose: purpose}
}

func drawSecrets(master []byte, ctx wire.Digest, name string) (*secrets, error) {
	s := new(secrets)
	for purpose, e := range map[string]*field.Element{"mask-seed": &s.s, "self-seed": &s.b, "nonce-1": &s.n1} {
		v, err := field.Random(kdf.Stream(master, own(ctx, name, purpose)))
		if err != nil {
			return nil, err
		}
		*e = v
	}
	copy(s.n0[:], kdf.Key(master, own(ctx, name, "nonce-0"), wire.NonceSize))
	var err error
	if s.boxKey, err = box.NewPrivateKey([32]byte(kdf.Key(master, own(ctx, name, "box-seed"), box.SeedSize))); err != nil {
		return nil, err
	}
	s.maskKey, err = maskKeyOf(s.s, ctx, name)
	return s, err
}

// maskKeyOf is s_u^SK: whoever rebuilds the seed can compare it with the advert.
func maskKeyOf(seed field.Element, ctx wire.Digest, name string) (*ecdh.PrivateKey, error) {
	b := seed.Bytes()
	return kdf.MaskKey(b[:], own(ctx, name, "mask-key"))
}

func (s *secrets) advert(ctx wire.Digest, name string) *wire.Advert {
	n1 := s.n1.Bytes()
	return &wire.Advert{MaskKey: [32]byte(s.maskKey.PublicKey().Bytes()), BoxKey: s.boxKey.PublicKey(),
		Nonce: s.n0, Nonce1: wire.Tagged("nonce-1", ctx[:], []byte(name), n1[:])}
}

// selfKey is the key of PRG(b_u).
func (r *Round) selfKey(b field.Element, setup wire.Digest, name string) mask.Key {
	seed := b.Bytes()
	return mask.Key(kdf.Key(seed[:], kdf.Context{Ctx: r.Ctx, SetupRoot: setup, Sender: name, Purpose: "self-mask"}, mask.KeySize))
}

// pairKey is the key of PRG(s_uv); both ends derive the same.
func (r *Round) pairKey(own *ecdh.PrivateKey, peer []byte, setup wire.Digest, a, b string) (mask.Key, error) {
	k, err := kdf.Pairwise(own, peer, kdf.Context{Ctx: r.Ctx, SetupRoot: setup, Sender: a, Receiver: b, Purpose: "pairwise-mask"})
	if err != nil {
		return mask.Key{}, err
	}
	return mask.Key(k), nil
}

// Which of the three secrets a share belongs to, in the order in which boxes
// and commitments hold them.
const (
	shareOfS = iota
	shareOfB
	shareOfN1
	secretsDealt
)

var shareNames = [secretsDealt]string{"s", "b", "n1"}

// shareCommitment is the salted hash that makes a wrong share attributable.
func (r *Round) shareCommitment(setup wire.Digest, dealer, holder string, which int, share, salt []byte) wire.Digest {
	return wire.Tagged("share", r.Ctx[:], setup[:], []byte(dealer), []byte(holder), []byte(shareNames[which]), salt, share)
}

// selfCommitment lets everyone recognise a rebuilt b_u. It needs no salt: b_u
// is uniform over 252 bits.
func (r *Round) selfCommitment(setup wire.Digest, dealer string, b field.Element) wire.Digest {
	seed := b.Bytes()
	return wire.Tagged("self-seed", r.Ctx[:], setup[:], []byte(dealer), seed[:])
}

func (r *Round) boxContext(setup wire.Digest, dealer, holder string) kdf.Context {
	return kdf.Context{Ctx: r.Ctx, SetupRoot: setup, Sender: dealer, Receiver: holder, Purpose: "shares"}
}

// BoxSize is the size of every box.
const BoxSize = box.Overhead + wire.DealtSize

// commitmentsSize is the size of the last chunk of a dealing among u1 members.
func commitmentsSize(u1 int) int { return (u1*secretsDealt + 1) * wire.DigestSize }

// SharesParts is what the header of a dealing among u1 members must name.
func SharesParts(u1 int) (count uint32, bytes uint64) {
	chunks := u1 + 1
	return uint32(chunks + 1), uint64(u1*BoxSize + commitmentsSize(u1) + chunks*wire.DigestSize)
}

// deal shares the secrets of dealer among U1 (ShareKeys; Bonawitz et al., CCS
// 2017, Figure 4, Round 1): a box per member, in roster order, then the
// commitments. Coefficients and salts come from rand, the boxes' encapsulation
// from crypto/rand inside package box: keep the bytes, never deal again.
func (r *Round) deal(sec *secrets, u1 map[int]*wire.Advert, t int, setup wire.Digest, dealer string, rand io.Reader) ([][]byte, error) {
	holders := sortedKeys(u1)
	plains, commitments, err := r.plains(sec, holders, t, setup, dealer, rand)
	if err != nil {
		return nil, err
	}
	chunks := make([][]byte, 0, len(holders)+1)
	for i, h := range holders {
		sealed, err := box.Seal(u1[h].BoxKey, r.boxContext(setup, dealer, r.Name(h)), plains[i])
		if err != nil {
			return nil, fmt.Errorf("box key of %s: %w", r.Name(h), err)
		}
		chunks = append(chunks, sealed)
	}
	return append(chunks, commitments), nil
}

// plains is what the boxes hold and the commitments to it, from rand alone.
func (r *Round) plains(sec *secrets, holders []int, t int, setup wire.Digest, dealer string, rand io.Reader) (plains [][]byte, commitments []byte, err error) {
	xs := make([]uint32, len(holders))
	for i, h := range holders {
		xs[i] = uint32(h + 1)
	}
	var shares [secretsDealt][]shamir.Share
	for i, secret := range [secretsDealt]field.Element{sec.s, sec.b, sec.n1} {
		if shares[i], err = shamir.Split(secret, t, xs, rand); err != nil {
			return nil, nil, err
		}
	}
	for i, h := range holders {
		of := [secretsDealt]field.Element{shares[shareOfS][i].Y, shares[shareOfB][i].Y, shares[shareOfN1][i].Y}
		plain, digests, err := r.dealt(setup, dealer, r.Name(h), of, rand)
		if err != nil {
			return nil, nil, err
		}
		plains, commitments = append(plains, plain), append(commitments, digests...)
	}
	self := r.selfCommitment(setup, dealer, sec.b)
	return plains, append(commitments, self[:]...), nil
}

// dealt is the plaintext of one box, with the commitments to it.
func (r *Round) dealt(setup wire.Digest, dealer, holder string, shares [secretsDealt]field.Element, rand io.Reader) (plain, commitments []byte, err error) {
	for which, y := range shares {
		share, salt := y.Bytes(), make([]byte, wire.SaltSize)
		if _, err := io.ReadFull(rand, salt); err != nil {
			return nil, nil, err
		}
		c := r.shareCommitment(setup, dealer, holder, which, share[:], salt)
		plain = append(append(plain, share[:]...), salt...)
		commitments = append(commitments, c[:]...)
	}
	return plain, commitments, nil
}

// A Commitments chunk is the last part of a dealing.
type Commitments struct {
	holder map[int][secretsDealt]wire.Digest
	self   wire.Digest
}

// ErrDealing: what a dealer put under its header is not a dealing.
var ErrDealing = errors.New("secagg: not a dealing")

// ParseCommitments reads the last chunk of a dealing among the members of u1.
func ParseCommitments(b []byte, u1 wire.Bitmap) (*Commitments, error) {
	if len(b) != commitmentsSize(u1.Len()) {
		return nil, fmt.Errorf("%w: %d bytes of commitments", ErrDealing, len(b))
	}
	c := &Commitments{holder: make(map[int][secretsDealt]wire.Digest, u1.Len())}
	next := func() (d wire.Digest) {
		copy(d[:], b)
		b = b[wire.DigestSize:]
		return d
	}
	for h := range u1.All() {
		c.holder[h] = [secretsDealt]wire.Digest{next(), next(), next()}
	}
	c.self = next()
	return c, nil
}

// CheckDealt holds the plaintext of a box against the dealer's commitments.
func (r *Round) CheckDealt(c *Commitments, setup wire.Digest, dealer, holder int, plain []byte) bool {
	if len(plain) != wire.DealtSize {
		return false
	}
	for which := range secretsDealt {
		share, salt := dealtShare(plain, which)
		if c.holder[holder][which] != r.shareCommitment(setup, r.Name(dealer), r.Name(holder), which, share, salt) {
			return false
		}
		if _, err := field.FromBytes(share); err != nil {
			return false
		}
	}
	return true
}

// dealtShare returns one share and its salt from the plaintext of a box.
func dealtShare(plain []byte, which int) (share, salt []byte) {
	const one = wire.ShareSize + wire.SaltSize
	p := plain[which*one : (which+1)*one]
	return p[:wire.ShareSize], p[wire.ShareSize:]
}

// BoxIndex is the part number of holder's box in a dealing among u1; the
// commitments are at u1.Len() + 1.
func BoxIndex(u1 wire.Bitmap, holder int) uint32 {
	part := uint32(1)
	for h := range u1.All() {
		if h == holder {
			return part
		}
		part++
	}
	return 0
}
