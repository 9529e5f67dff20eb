package client

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chorus/pkg/secagg"
	"chorus/pkg/secagg/encode"
	"chorus/pkg/stage"
	"chorus/pkg/stage/memlog"
	"chorus/pkg/wire"
	"chorus/services"
)

// A session is a log, its stages and the keys of its members, in virtual time.
type session struct {
	t         *testing.T
	log       *memlog.Log
	opener    ed25519.PrivateKey
	authority ed25519.PrivateKey
	roster    *wire.Roster
	keys      map[string]ed25519.PrivateKey
	dirs      map[string]string
	round     uint32
	previous  wire.Digest
	model     wire.Digest
	careless  []string // members that live once and save nothing
	after     string   // everybody leaves after this duty
	change    func(*wire.Open)
	logs      map[string]stage.Log // of members that see another log than the session's
}

const phase = time.Minute

// bubble runs f in virtual time, with the stages of the session served.
func bubble(t *testing.T, n int, f func(s *session)) {
	t.Helper()
	dirs := map[string]string{}
	for i := range n {
		dirs[name(i)] = filepath.Join(t.TempDir(), name(i))
	}
	synctest.Test(t, func(t *testing.T) {
		s := newSession(t, n, dirs)
		ctx, cancel := context.WithCancel(t.Context())
		shell := &stage.Shell{Log: s.log, Tasks: s.log, Specs: services.All(), Now: time.Now}
		var all sync.WaitGroup
		all.Go(func() { shell.Serve(ctx, s.log) })
		f(s)
		cancel()
		s.log.Wake()
		all.Wait()
	})
}

func name(i int) string { return fmt.Sprintf("m%d", i) }

func newSession(t *testing.T, n int, dirs map[string]string) *session {
	s := &session{t: t, log: memlog.New(time.Now), opener: key(t), authority: key(t), keys: map[string]ed25519.PrivateKey{},
		dirs: dirs, model: wire.Sum([]byte("to begin with"))}
	s.roster = &wire.Roster{Session: "s", Version: 1, Opener: [32]byte(s.opener.Public().(ed25519.PublicKey))}
	for i := range n {
		k := key(t)
		s.keys[name(i)] = k
		s.roster.Members = append(s.roster.Members, wire.Member{Name: name(i), MaxWeight: 8, Identity: [32]byte(k.Public().(ed25519.PublicKey))})
	}
	return s
}

func key(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, k, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// open opens the next round.
func (s *session) open() {
	s.t.Helper()
	s.round++
	s.append(s.t.Context(), s.round)
}

// append stores the roster and the Open of a round.
func (s *session) append(ctx context.Context, round uint32) {
	s.round = round
	parts := wire.RosterEntries("s", s.round, secagg.SignRoster(s.authority, s.roster))
	o := &wire.Open{Version: wire.Version, Session: "s", Round: s.round, Previous: s.previous, RosterRoot: s.roster.Root(),
		RosterParts: uint32(len(parts)), Model: s.model, Update: wire.UpdateMean, Dim: 3, Bits: 16, Clip: 8, MaxWeight: 8,
		Weights: wire.WeightsPublic, Masking: wire.MaskingPairwise, Filter: wire.FilterNone, Gamma: wire.Ratio{Num: 1, Den: 10},
		Delta: wire.Ratio{Num: 1, Den: 10}, Sigma: 40, Eta: 20, Floor: 2, MinU1: 3, Finder: 1, PartSize: wire.MinPartSize}
	for i := range wire.Phases {
		o.Deadlines = append(o.Deadlines, time.Now().Add(time.Duration(i+1)*phase).UnixMilli())
	}
	if s.change != nil {
		s.change(o)
	}
	k := wire.Key{Session: "s", Round: s.round, Kind: wire.KindOpen, Member: wire.Nobody}
	for _, e := range append(parts, wire.Entry{Key: k, Body: secagg.Sign(s.opener, wire.KindOpen, wire.Digest{}, o)}) {
		if err := s.log.Append(ctx, e); err != nil {
			panic(err)
		}
	}
}

// config is a member's; log is the session's own unless a test puts another in.
func (s *session) config(who string) Config {
	cfg := Config{Dir: s.dirs[who], Session: "s", Name: who, Identity: s.keys[who], Log: s.log,
		Authority: s.authority.Public().(ed25519.PublicKey)}
	if l, ok := s.logs[who]; ok {
		cfg.Log = l
	}
	return cfg
}

// start is a member's process with a disk that never waits.
func (s *session) start(who string) *Client { return s.startWith(s.config(who)) }

func (s *session) startWith(cfg Config) *Client {
	c, err := Open(cfg)
	if err != nil {
		panic(err) // also called outside the test's goroutine
	}
	c.folder.replace, c.folder.remove = quick, forgiving
	if slices.Contains(s.careless, cfg.Name) {
		c.folder.replace = func(string, []byte) error { return nil }
	}
	return c
}

// forgiving is removeFile without wiping.
func forgiving(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// quick is replaceFile without durability.
func quick(path string, b []byte) error { return os.WriteFile(path, b, 0o600) }

// task gives a one-hot update: a wrong sum names the member behind it.
func (s *session) task(who string) Task {
	return Task{Round: s.round, Model: s.model, LeaveAfter: s.after, Contribution: contribution(s.roster.Position(who))}
}

// contribution rounds from a fixed seed, so that its integers are known.
func contribution(i int) *secagg.Contribution {
	u := make([]float64, 3)
	u[i%3] = float64(i + 1)
	return &secagg.Contribution{Update: u, Weight: 1, Rounding: bytes.NewReader(make([]byte, 32))}
}

func (s *session) integers(i int) []int32 {
	c := contribution(i)
	x, err := encode.Params{Bits: 16, Clip: 8, MaxWeight: 8, Roster: len(s.roster.Members), Dim: 3}.Encode(c.Update, c.Weight, c.Rounding)
	if err != nil {
		s.t.Fatal(err)
	}
	return x
}

// participate is one life of a member's process.
func (s *session) participate(who string) (*secagg.Outcome, error) {
	return s.life(s.config(who), s.task(who))
}

func (s *session) life(cfg Config, task Task) (*secagg.Outcome, error) {
	c := s.startWith(cfg)
	defer c.Close()
	return c.Participate(s.t.Context(), task)
}

// ended is what one member's round came to.
type ended struct {
	who     string
	outcome *secagg.Outcome
	err     error
}

// others lets all members but those named take part, each with its own client.
func (s *session) others(but ...string) (wait func() []ended) {
	var all sync.WaitGroup
	out := make([]ended, 0, len(s.roster.Members))
	var mu sync.Mutex
	for _, m := range s.roster.Members {
		if slices.Contains(but, m.Name) {
			continue
		}
		cfg, task := s.config(m.Name), s.task(m.Name)
		all.Go(func() {
			o, err := s.life(cfg, task)
			mu.Lock()
			defer mu.Unlock()
			out = append(out, ended{m.Name, o, err})
		})
	}
	return func() []ended { all.Wait(); return out }
}

// exact checks an outcome in which everyone of the roster but some took part.
func (s *session) exact(o *secagg.Outcome, but ...string) {
	s.t.Helper()
	want := make([]int64, 3)
	n := 0
	for i, m := range s.roster.Members {
		if !slices.Contains(but, m.Name) {
			for j, x := range s.integers(i) {
				want[j] += int64(x)
			}
			n++
		}
	}
	if o == nil || len(o.Contributed) != n || !slices.Equal(o.Sum, want) {
		s.t.Fatalf("outcome %+v, want the sum %v", o, want)
	}
}

// play runs a round of everybody but some, to its exact end.
func (s *session) play(but ...string) {
	s.t.Helper()
	s.open()
	s.settle(s.others(but...), but...)
}

// settle waits for the others and checks what they got.
func (s *session) settle(wait func() []ended, but ...string) {
	s.t.Helper()
	for _, e := range wait() {
		if e.err != nil {
			s.t.Fatalf("%s: %v", e.who, e.err)
		}
		s.exact(e.outcome, but...)
		s.certified(e.outcome)
	}
}

// files lists a member's folder, without what is always there.
func (s *session) files(who string) (names []string) {
	all, err := os.ReadDir(s.dirs[who])
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range all {
		if n := e.Name(); notes[n] == "" && n != lockName {
			names = append(names, n)
		}
	}
	return names
}

// certified notes what the next round builds on.
func (s *session) certified(o *secagg.Outcome) {
	s.previous, s.model = secagg.CertificateDigest(&o.Certificate), o.Result.Next
}

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// fixedKey is a key that another process of this test can make too.
func fixedKey(i byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{i}, ed25519.SeedSize))
}

func fixedPublic(i byte) ed25519.PublicKey { return fixedKey(i).Public().(ed25519.PublicKey) }
