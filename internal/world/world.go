// Package world runs whole rounds in virtual time: the folds and participants
// that run in production, over a log in memory, under a seeded scheduler that
// reorders, delays, duplicates, crashes and loses acknowledgements.
package world

import (
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"time"

	"chorus/pkg/secagg"
	"chorus/pkg/stage"
	"chorus/pkg/stage/memlog"
	"chorus/pkg/wire"
	"chorus/services"
)

// A Setting is one simulated session. The zero value of most fields is benign.
type Setting struct {
	Seed     uint64
	N        int // members
	Dim      int
	Replicas int                   // of every stage; 0: one
	Drop     map[string]wire.Phase // members that vanish when they would answer in this phase
	Crash    bool                  // stages and members crash and resume at random
	LoseAcks bool                  // appends are lost, or stored and not acknowledged
	Fair     bool                  // first come first served instead of random order
	Change   func(*wire.Open)      // of the Open, before it is signed
	Policy   *secagg.Policy        // of every member; nil: the default
	Weights  []uint32              // by position; nil: 1 to 8
	Tamper   func(w *World, e wire.Entry) []wire.Entry
	Specs    []stage.Spec // the stages; nil: services.All()
	Hostile  map[string]Mutation
}

// A Mutation is a hostile member's change to what it sends. An entry with
// NotBefore waits for that time.
type Mutation func(m *Member, es []wire.Entry) []wire.Entry

// A World is one session in one process and one thread.
type World struct {
	Setting
	Log       *memlog.Log
	Members   []*Member
	Authority ed25519.PrivateKey
	Opener    ed25519.PrivateKey
	Roster    *wire.Roster

	rng      *rand.Rand
	now      time.Time
	folds    []*fold
	round    uint32
	model    wire.Digest
	previous wire.Digest
	cache    []wire.Record // of the round, while nothing is appended
	stale    bool
	watch    *watch
	Aborts   []wire.Abort
	Steps    int
}

// New makes the members and their keys; rounds are opened one by one.
func New(s Setting) *World {
	s.Replicas = max(s.Replicas, 1)
	if s.Specs == nil {
		s.Specs = services.All()
	}
	w := &World{Setting: s, rng: rand.New(rand.NewPCG(s.Seed, 0x776f726c64)), now: time.UnixMilli(1_800_000_000_000).UTC(),
		model: wire.Sum([]byte("the model to begin with"))}
	w.Log = memlog.New(func() time.Time { return w.now })
	w.Authority, w.Opener = w.key(), w.key()
	w.Roster = &wire.Roster{Session: "sim", Version: 1, Opener: [32]byte(w.Opener.Public().(ed25519.PublicKey))}
	for i := range s.N {
		m := &Member{world: w, Name: fmt.Sprintf("m%03d", i), position: i, identity: w.key()}
		m.Mutate = s.Hostile[m.Name]
		w.Members = append(w.Members, m)
		w.Roster.Members = append(w.Roster.Members, wire.Member{Name: m.Name, MaxWeight: 8,
			Identity: [32]byte(m.identity.Public().(ed25519.PublicKey))})
	}
	if s.LoseAcks {
		w.Log.Fault = w.fault
	}
	return w
}

// key is a test identity: its seed comes from the world's own generator.
func (w *World) key() ed25519.PrivateKey {
	seed := make([]byte, ed25519.SeedSize)
	for i := range seed {
		seed[i] = byte(w.rng.Uint32())
	}
	return ed25519.NewKeyFromSeed(seed)
}

// errLost is an append whose outcome the appender does not learn.
var errLost = fmt.Errorf("world: no acknowledgement")

func (w *World) fault(e wire.Entry) (store bool, err error) {
	switch w.rng.IntN(20) {
	case 0:
		return false, errLost
	case 1:
		return true, errLost
	}
	return true, nil
}

// phase is how long each phase of a simulated round lasts.
const phase = time.Minute

// Open writes the roster and the Open of the next round.
func (w *World) Open() {
	w.round++
	signed := secagg.SignRoster(w.Authority, w.Roster)
	parts := wire.RosterEntries("sim", w.round, signed)
	o := &wire.Open{Version: wire.Version, Session: "sim", Round: w.round, Previous: w.previous, RosterRoot: w.Roster.Root(),
		RosterParts: uint32(len(parts)), Model: w.model, Update: wire.UpdateMean, Dim: uint32(w.Dim), Bits: 16, Clip: 4, MaxWeight: 8,
		Weights: wire.WeightsPublic, Masking: wire.MaskingPairwise, Filter: wire.FilterNone, Gamma: wire.Ratio{Num: 1, Den: 10},
		Delta: wire.Ratio{Num: 1, Den: 10}, Sigma: 40, Eta: 20, Floor: 2, MinU1: 3, Finder: 1, PartSize: wire.MinPartSize}
	for i := range wire.Phases {
		o.Deadlines = append(o.Deadlines, w.now.Add(time.Duration(i+1)*phase).UnixMilli())
	}
	if w.Change != nil {
		w.Change(o)
	}
	for _, e := range append(parts, w.SignOpen(o)) {
		w.store(e)
	}
	w.folds, w.watch = nil, newWatch()
	for _, spec := range w.Specs {
		for range w.Replicas {
			w.folds = append(w.folds, &fold{world: w, spec: spec, kernel: stage.NewKernel(spec)})
		}
	}
	for _, m := range w.Members {
		m.begin()
	}
}

// SignOpen returns the entry of an Open.
func (w *World) SignOpen(o *wire.Open) wire.Entry {
	return wire.Entry{Key: wire.Key{Session: o.Session, Round: o.Round, Kind: wire.KindOpen, Member: wire.Nobody},
		Body: secagg.Sign(w.Opener, wire.KindOpen, wire.Digest{}, o)}
}

// Records are the log records of the round that is running.
func (w *World) Records() []wire.Record {
	if !w.stale {
		return w.cache
	}
	w.cache, w.stale = nil, false
	for _, r := range w.Log.Records() {
		if r.Key.Round == w.round {
			w.cache = append(w.cache, r)
		}
	}
	return w.cache
}
