package wire

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Member is one participant of a session.
type Member struct {
	Name         string
	Identity     [IdentitySize]byte // Ed25519; never the key of a NATS user
	Organisation string             // "" is an organisation of its own
	MaxWeight    uint32
}

// A Roster says who the members of a session are. Positions in it index every
// bitmap. The roster root is the digest of its canonical bytes.
type Roster struct {
	Session    string
	Version    uint32 // from 1; a participant refuses one older than it has seen
	Opener     [IdentitySize]byte
	NotCounted bool // "organisations: not counted": A_corr ignores them
	Members    []Member
}

// SignedRoster is a roster with the authority's signature over it (zero ctx).
type SignedRoster struct {
	Body []byte
	Sig  [SignatureSize]byte
}

// Check implements Message.
func (r *Roster) Check() error {
	if !Name(r.Session) || r.Version == 0 {
		return errors.New("roster: bad session or version")
	}
	if len(r.Members) < 2 || len(r.Members) > MaxRoster {
		return fmt.Errorf("roster: %d members; 2 to %d are possible", len(r.Members), MaxRoster)
	}
	for i, m := range r.Members {
		if !Name(m.Name) || len(m.Organisation) > MaxToken || m.MaxWeight == 0 {
			return fmt.Errorf("roster: member %d has a bad name, organisation or weight", i)
		}
		if i > 0 && strings.Compare(r.Members[i-1].Name, m.Name) >= 0 {
			return errors.New("roster: names must be sorted and distinct")
		}
	}
	return r.distinctIdentities()
}

func (r *Roster) distinctIdentities() error {
	seen := make(map[[IdentitySize]byte]bool, len(r.Members))
	for _, m := range r.Members {
		if seen[m.Identity] {
			return fmt.Errorf("roster: the identity of %s is there twice", m.Name)
		}
		seen[m.Identity] = true
	}
	return nil
}

// Check implements Message.
func (s *SignedRoster) Check() error { return nil }

// Root is the roster root.
func (r *Roster) Root() Digest { return Sum(Encode(r)) }

// Position returns the position of a name, or -1.
func (r *Roster) Position(name string) int {
	i, ok := slices.BinarySearchFunc(r.Members, name, func(m Member, n string) int { return strings.Compare(m.Name, n) })
	if !ok {
		return -1
	}
	return i
}

// LargestOrganisation counts the members of the largest organisation; 1 where
// organisations are blank or not counted.
func (r *Roster) LargestOrganisation() int {
	if r.NotCounted {
		return 1
	}
	count, largest := map[string]int{}, 1
	for _, m := range r.Members {
		if m.Organisation != "" {
			count[m.Organisation]++
			largest = max(largest, count[m.Organisation])
		}
	}
	return largest
}

// MaxRosterBytes bounds a signed roster: name, organisation, key, weight.
const MaxRosterBytes = MaxRoster*(2*MaxToken+IdentitySize+16) + 256

// OpenRoster decodes the signed roster in b; the signature is the caller's to verify.
func OpenRoster(b []byte) (*Roster, *SignedRoster, error) {
	var s SignedRoster
	if err := Decode(b, MaxRosterBytes, &s); err != nil {
		return nil, nil, err
	}
	var r Roster
	if err := Decode(s.Body, MaxRosterBytes, &r); err != nil {
		return nil, nil, err
	}
	return &r, &s, nil
}

// RosterEntries cuts a signed roster into the records that carry it.
func RosterEntries(session string, round uint32, signed []byte) (es []Entry) {
	for part := uint32(0); len(signed) > 0; part++ {
		n := min(len(signed), MaxBody)
		es = append(es, Entry{Key: Key{session, round, KindRoster, Nobody, part}, Body: signed[:n:n]})
		signed = signed[n:]
	}
	return es
}
