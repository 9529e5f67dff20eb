package client_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"chorus/pkg/client"
	"chorus/pkg/secagg"
	"chorus/pkg/stage"
	"chorus/pkg/stage/memlog"
	"chorus/pkg/wire"
	"chorus/services"
)

// hospital is all that a participant's program has to do. Over a network its
// Log is a keylog.Log.
func hospital(ctx context.Context, cfg client.Config, update []float64, model wire.Digest) (*secagg.Outcome, error) {
	c, err := client.Open(cfg)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	round, err := c.NextRound(ctx)
	if err != nil {
		return nil, err
	}
	return c.Participate(ctx, client.Task{Round: round, Model: model, Contribution: &secagg.Contribution{Update: update, Weight: 1}})
}

// Three hospitals learn the mean of their updates, and nobody learns an update.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	folder, err := os.MkdirTemp("", "chorus")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	log, authority, identities, model := inProcess(ctx)

	var all sync.WaitGroup
	for name, id := range identities {
		all.Go(func() {
			o, err := hospital(ctx, client.Config{Dir: filepath.Join(folder, name), Session: "study", Name: name, Identity: id,
				Authority: authority, Log: log}, []float64{1, 2, 3}, model)
			if err != nil || name != "north" {
				return
			}
			fmt.Printf("%v: %.2f\n", o.Contributed, o.Mean)
		})
	}
	all.Wait()
	// Output: [east north south]: [1.00 2.00 3.00]
}

// inProcess runs the stages of a session of three over a log in memory, and
// opens its first round. `chorus up` and `chorus round open` do this for real.
func inProcess(ctx context.Context) (log *memlog.Log, authority ed25519.PublicKey, ids map[string]ed25519.PrivateKey, model wire.Digest) {
	log = memlog.New(time.Now)
	shell := &stage.Shell{Log: log, Tasks: log, Specs: services.All(), Now: time.Now}
	go shell.Serve(ctx, log)

	authority, authorityKey, _ := ed25519.GenerateKey(rand.Reader)
	opener, openerKey, _ := ed25519.GenerateKey(rand.Reader)
	roster := &wire.Roster{Session: "study", Version: 1, Opener: [32]byte(opener)}
	ids = map[string]ed25519.PrivateKey{}
	for _, name := range []string{"east", "north", "south"} {
		public, private, _ := ed25519.GenerateKey(rand.Reader)
		ids[name] = private
		roster.Members = append(roster.Members, wire.Member{Name: name, MaxWeight: 1, Identity: [32]byte(public)})
	}
	model = wire.Sum([]byte("the model to begin with"))
	parts := wire.RosterEntries("study", 1, secagg.SignRoster(authorityKey, roster))
	open := &wire.Open{Version: wire.Version, Session: "study", Round: 1, RosterRoot: roster.Root(), RosterParts: uint32(len(parts)),
		Model: model, Update: wire.UpdateMean, Dim: 3, Bits: 16, Clip: 4, MaxWeight: 1, Weights: wire.WeightsEqual, Masking: wire.MaskingPairwise,
		Filter: wire.FilterNone, Gamma: wire.Ratio{Num: 1, Den: 10}, Delta: wire.Ratio{Num: 1, Den: 10}, Sigma: 40, Eta: 20, Floor: 2,
		MinU1: 3, Finder: 1, PartSize: wire.MinPartSize}
	for i := range wire.Phases {
		open.Deadlines = append(open.Deadlines, time.Now().Add(time.Duration(i+1)*time.Minute).UnixMilli())
	}
	key := wire.Key{Session: "study", Round: 1, Kind: wire.KindOpen, Member: wire.Nobody}
	for _, e := range append(parts, wire.Entry{Key: key, Body: secagg.Sign(openerKey, wire.KindOpen, wire.Digest{}, open)}) {
		if err := log.Append(ctx, e); err != nil {
			fmt.Println(err)
		}
	}
	return log, authority, ids, model
}
