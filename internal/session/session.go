// Package session is the operator's side of a session: who is a member, what
// its rounds look like, and the keys of its authority and its opener.
package session

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"chorus/pkg/secagg"
	"chorus/pkg/secagg/finder"
	"chorus/pkg/wire"
)

// Rules are what every round of a session has in common; session.json.
type Rules struct {
	Session    string                `json:"session"`
	Dim        uint32                `json:"dim"`
	Bits       uint8                 `json:"bits"`
	Clip       float64               `json:"clip"`
	MaxWeight  uint32                `json:"max_weight"`
	Weights    string                `json:"weights"`
	Update     string                `json:"update"`
	Filter     string                `json:"filter"`
	Forkable   bool                  `json:"forkable"`
	NotCounted bool                  `json:"organisations_not_counted"`
	Gamma      wire.Ratio            `json:"gamma"`
	Delta      wire.Ratio            `json:"delta"`
	Floor      uint16                `json:"floor"`
	MinU1      uint16                `json:"min_u1"`
	PartSize   uint32                `json:"part_size"`
	Phases     map[wire.Phase]Millis `json:"phase_ms"`
	Model      string                `json:"model"` // hex digest of the model to begin with
}

// Millis is a duration in a settings file.
type Millis int64

// Defaults returns rules that suit a handful of organisations: one in ten may be
// corrupt, one in five may vanish, ten minutes a phase.
func Defaults(name string, dim uint32) Rules {
	r := Rules{Session: name, Dim: dim, Bits: 16, Clip: 1, MaxWeight: 1000, Weights: wire.WeightsPublic, Update: wire.UpdateMean,
		Filter: wire.FilterNone, Gamma: wire.Ratio{Num: 1, Den: 10}, Delta: wire.Ratio{Num: 1, Den: 5}, Floor: 2, MinU1: 3,
		PartSize: wire.MaxPart, Model: wire.Sum(nil).String()}
	r.SetPhases(10 * time.Minute)
	return r
}

// SetPhases gives every phase the same time.
func (r *Rules) SetPhases(d time.Duration) {
	r.Phases = map[wire.Phase]Millis{}
	for _, p := range wire.Phases {
		r.Phases[p] = Millis(d.Milliseconds())
	}
}

// A Session is a session folder: session.json, roster.json and two seeds.
type Session struct {
	Dir       string
	Rules     Rules
	Authority ed25519.PrivateKey
	Opener    ed25519.PrivateKey
	Roster    wire.Roster
}

var (
	// ErrExists: there is a session of that name.
	ErrExists = errors.New("session exists already; choose another name or folder")
	// ErrNone: there is no session in that folder.
	ErrNone = errors.New("no such session; make it with `chorus session new`")
	// ErrRules: rules that no round can have.
	ErrRules = errors.New("session rules refused")
	// ErrFew: too few members for a round.
	ErrFew = errors.New("too few members")
)

// Create makes a session folder.
func Create(dir string, rules Rules) (*Session, error) {
	if !wire.Name(rules.Session) {
		return nil, fmt.Errorf("%w: a session name is 1 to 32 of a-z, 0-9 and '-', and does not start with '-'", ErrRules)
	}
	if _, err := hexDigest(rules.Model); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRules, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "session.json")); err == nil {
		return nil, fmt.Errorf("%s: %w", dir, ErrExists)
	}
	s := &Session{Dir: dir, Rules: rules}
	var err error
	if s.Authority, err = NewKey(); err != nil {
		return nil, err
	}
	if s.Opener, err = NewKey(); err != nil {
		return nil, err
	}
	s.Roster = wire.Roster{Session: rules.Session, Opener: Public(s.Opener), NotCounted: rules.NotCounted}
	if err := s.tryRules(); err != nil {
		return nil, err
	}
	return s, s.save()
}

func NewKey() (ed25519.PrivateKey, error) {
	_, k, err := ed25519.GenerateKey(rand.Reader)
	return k, err
}

// Public is the public half of an identity.
func Public(k ed25519.PrivateKey) [wire.IdentitySize]byte {
	return [wire.IdentitySize]byte(k.Public().(ed25519.PublicKey))
}

func hexDigest(s string) (d wire.Digest, err error) {
	b, err := hex.DecodeString(strings.TrimSpace(s))
	if err != nil || len(b) != len(d) {
		return d, fmt.Errorf("%q is no digest: it takes 64 hexadecimal digits", s)
	}
	return wire.Digest(b), nil
}

// Load reads a session folder.
func Load(dir string) (*Session, error) {
	s := &Session{Dir: dir}
	if err := readJSON(filepath.Join(dir, "session.json"), &s.Rules); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			err = ErrNone
		}
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if err := readJSON(filepath.Join(dir, "roster.json"), &s.Roster); err != nil {
		return nil, err
	}
	var err error
	if s.Authority, err = ReadSeed(filepath.Join(dir, "authority.seed")); err != nil {
		return nil, err
	}
	s.Opener, err = ReadSeed(filepath.Join(dir, "opener.seed"))
	return s, err
}

func (s *Session) save() error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	return errors.Join(writeJSON(filepath.Join(s.Dir, "session.json"), s.Rules), writeJSON(filepath.Join(s.Dir, "roster.json"), &s.Roster),
		WriteSeed(filepath.Join(s.Dir, "authority.seed"), s.Authority), WriteSeed(filepath.Join(s.Dir, "opener.seed"), s.Opener))
}

// Enroll puts a member into the roster, or replaces its entry, and makes the
// next version of the roster.
func (s *Session) Enroll(m wire.Member) error {
	if !wire.Name(m.Name) {
		return fmt.Errorf("%q: a name is 1 to 32 of a-z, 0-9 and '-', and does not start with '-'", m.Name)
	}
	if m.MaxWeight == 0 {
		m.MaxWeight = s.Rules.MaxWeight
	}
	i, found := slices.BinarySearchFunc(s.Roster.Members, m.Name, func(a wire.Member, n string) int { return strings.Compare(a.Name, n) })
	if found {
		s.Roster.Members[i] = m
	} else {
		s.Roster.Members = slices.Insert(s.Roster.Members, i, m)
	}
	s.Roster.Version++
	return s.save()
}

// Open builds the signed entries of a round: roster parts, then the Open.
func (s *Session) Open(round uint32, previous, model wire.Digest, now time.Time) ([]wire.Entry, *wire.Open, error) {
	if _, err := s.Check(); err != nil {
		return nil, nil, err
	}
	if err := s.Roster.Check(); err != nil {
		return nil, nil, err
	}
	es := wire.RosterEntries(s.Rules.Session, round, secagg.SignRoster(s.Authority, &s.Roster))
	r := &s.Rules
	o := &wire.Open{Version: wire.Version, Session: r.Session, Round: round, Previous: previous, RosterRoot: s.Roster.Root(),
		RosterParts: uint32(len(es)), Model: model, Update: r.Update, Dim: r.Dim, Bits: r.Bits, Clip: r.Clip, MaxWeight: r.MaxWeight,
		Weights: r.Weights, Masking: wire.MaskingPairwise, Filter: r.Filter, Forkable: r.Forkable, Gamma: r.Gamma, Delta: r.Delta,
		Sigma: sigma, Eta: eta, Floor: r.Floor, MinU1: r.MinU1, Finder: finder.Version, PartSize: r.PartSize}
	at := now.UnixMilli()
	for _, p := range wire.Phases {
		at += max(int64(r.Phases[p]), 1)
		o.Deadlines = append(o.Deadlines, at)
	}
	if err := o.Check(); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrRules, err)
	}
	e := wire.Entry{Key: wire.Key{Session: r.Session, Round: round, Kind: wire.KindOpen, Member: wire.Nobody},
		Body: secagg.Sign(s.Opener, wire.KindOpen, wire.Digest{}, o)}
	return append(es, e), o, s.usable(e, es)
}

// usable runs the same checks as every stage and participant, before anything
// is written.
func (s *Session) usable(open wire.Entry, roster []wire.Entry) error {
	r, err := secagg.NewRound(wire.Record{Key: open.Key, Body: open.Body})
	if err != nil {
		return err
	}
	for _, e := range roster {
		if err := r.AddRoster(wire.Record{Key: e.Key, Body: e.Body}); err != nil {
			return err
		}
	}
	return nil
}

// Model is the digest of the model to begin with.
func (s *Session) Model() (wire.Digest, error) { return hexDigest(s.Rules.Model) }

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(b, '\n'))
}

// writeFile replaces a file at once: a reader never sees half of it.
func writeFile(path string, b []byte) error {
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
