package session

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"chorus/pkg/wire"
)

// WriteSeed stores an Ed25519 seed, readable by its owner alone.
func WriteSeed(path string, k ed25519.PrivateKey) error {
	return writeFile(path, []byte(hex.EncodeToString(k.Seed())+"\n"))
}

// ErrSeed: a file that holds no seed.
var ErrSeed = errors.New("not a seed file: it takes 64 hexadecimal digits")

// ReadSeed reads what WriteSeed stored.
func ReadSeed(path string) (ed25519.PrivateKey, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	seed, err := hex.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%s: %w", path, ErrSeed)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// NewIdentity makes a member's identity and stores it.
func NewIdentity(path string) (ed25519.PrivateKey, error) {
	if _, err := os.Stat(path); err == nil {
		return nil, fmt.Errorf("%s exists; an identity is never overwritten", path)
	}
	k, err := NewKey()
	if err != nil {
		return nil, err
	}
	return k, WriteSeed(path, k)
}

// An Invite is all that a member needs to take part, but for its identity, when
// it made that itself. It holds the NATS credentials: keep it secret.
type Invite struct {
	Session   string `json:"session"`
	Name      string `json:"name"`
	Server    string `json:"server"`
	Authority string `json:"authority"` // hex, to be pinned
	Model     string `json:"model"`     // hex digest of the model to begin with
	Creds     string `json:"creds"`     // content of a .creds file
	Identity  string `json:"identity,omitempty"`
}

// WriteInvite stores an invite, readable by its owner alone.
func WriteInvite(path string, v *Invite) error { return writeJSON(path, v) }

// ErrInvite: a file that is no invite.
var ErrInvite = errors.New("not an invite: make one with `chorus session enroll`")

// ReadInvite reads an invite.
func ReadInvite(path string) (*Invite, error) {
	v := new(Invite)
	if err := readJSON(path, v); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", ErrInvite, err)
	}
	if !wire.Name(v.Name) || !wire.Name(v.Session) || v.Creds == "" || v.Server == "" {
		return nil, fmt.Errorf("%s: %w", path, ErrInvite)
	}
	return v, nil
}

// AuthorityKey is the pinned key of the authority.
func (v *Invite) AuthorityKey() (ed25519.PublicKey, error) {
	b, err := hex.DecodeString(v.Authority)
	if err != nil || len(b) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%w: no authority key", ErrInvite)
	}
	return b, nil
}

// IdentityKey is the member's identity, where the operator made it.
func (v *Invite) IdentityKey() (ed25519.PrivateKey, error) {
	seed, err := hex.DecodeString(v.Identity)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("%w: it holds no identity; pass --identity FILE", ErrInvite)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// ModelDigest is the digest of the model to begin with.
func (v *Invite) ModelDigest() (wire.Digest, error) { return hexDigest(v.Model) }
