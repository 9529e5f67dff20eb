package client

import (
	"context"
	"errors"
	"sync"
	"time"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// maxFetches bounds the gets in flight, and so the bytes held besides the
// machine's: 16 parts of 256 KiB.
const maxFetches = 16

// A fetcher gets what the machine wants, each key again and again with longer
// pauses: until it is there, and also if it came with bytes that the machine
// did not accept, which a hostile server could serve for ever.
type fetcher struct {
	log   stage.Getter
	tries map[wire.Key]*try
	busy  int
	got   chan fetched // room for all in flight: no get ever waits for the loop
	all   sync.WaitGroup
}

type try struct {
	running bool
	next    time.Time
	pause   time.Duration
}

type fetched struct {
	key wire.Key
	rec wire.Record
	err error
}

func newFetcher(log stage.Getter) *fetcher {
	return &fetcher{log: log, tries: map[wire.Key]*try{}, got: make(chan fetched, maxFetches)}
}

// start gets what is wanted, as far as it is due and there is room, and returns
// when to call again at the latest; 0: when something arrives.
func (f *fetcher) start(ctx context.Context, wants []wire.Key) (again time.Duration) {
	now := time.Now()
	for _, k := range wants {
		if f.busy == maxFetches {
			return 0
		}
		t := f.tries[k]
		if t == nil {
			t = new(try)
			f.tries[k] = t
		}
		if wait := t.next.Sub(now); t.running || wait > 0 {
			if !t.running && (again == 0 || wait < again) {
				again = wait
			}
			continue
		}
		f.get(ctx, k, t)
	}
	return again
}

func (f *fetcher) get(ctx context.Context, k wire.Key, t *try) {
	t.running = true
	f.busy++
	f.all.Go(func() {
		rec, err := f.log.Get(ctx, k)
		f.got <- fetched{k, rec, err}
	})
}

// land takes an answer in: the next get of this key waits longer.
func (f *fetcher) land(g fetched) {
	f.busy--
	t := f.tries[g.key]
	t.running, t.pause = false, longer(t.pause)
	t.next = time.Now().Add(t.pause)
}

// wake makes everything due: a new record says that something happened.
func (f *fetcher) wake() {
	for _, t := range f.tries {
		t.next = time.Time{}
	}
}

// record returns what to step, or nil; err is final.
func (g fetched) record(ctx context.Context) (*wire.Record, error) {
	switch {
	case g.err == nil:
		return &g.rec, nil
	case errors.Is(g.err, stage.ErrRefused):
		return nil, g.err
	}
	return nil, context.Cause(ctx)
}
