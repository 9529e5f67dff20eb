package keylog

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// look scans chains, and those before a kind that is later than all so far: a
// round writes its kinds in order, so that their live copies may be lost.
func (r *reader) look(ctx context.Context, chains []*chain) ([]wire.Record, error) {
	before := r.furthest
	found, err := r.scan(ctx, chains)
	if err != nil || r.furthest == before || len(chains) == len(r.chains) {
		return found, err
	}
	var passed []*chain
	for _, c := range r.chains {
		if c.rank >= 0 && c.rank < r.furthest && !slices.Contains(chains, c) {
			passed = append(passed, c)
		}
	}
	more, err := r.scan(ctx, passed)
	return inOrder(append(found, more...)), err
}

// scan looks at chains all at once. What had no answer is tried again.
func (r *reader) scan(ctx context.Context, chains []*chain) (found []wire.Record, err error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	failed := false
	for _, c := range chains {
		if c.done {
			continue
		}
		wg.Go(func() {
			rs, cerr := c.scan(ctx, r.log)
			mu.Lock()
			defer mu.Unlock()
			found = append(found, rs...)
			switch {
			case errors.Is(cerr, stage.ErrRefused):
				err = cerr
			case cerr != nil:
				failed = true
				r.pauses[c] = lastPause
			case len(rs) > 0:
				r.furthest = max(r.furthest, c.rank)
				delete(r.pauses, c)
			}
		})
	}
	wg.Wait()
	r.complete = r.complete || !failed && len(chains) == len(r.chains)
	return inOrder(found), err
}

func inOrder(rs []wire.Record) []wire.Record {
	slices.SortFunc(rs, func(a, b wire.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	return rs
}

// hinted returns where to look after a live copy with the key k. A later part
// than the next makes its chain worth a look; a key of no chain is a forgery.
// While a chain is looked at anyway more hints change nothing: whoever forges
// them cannot make the reader ask faster.
func (r *reader) hinted(k wire.Key) []*chain {
	for _, c := range r.chains {
		if c.next.Kind != k.Kind || c.next.Member != k.Member || c.done || k.Part < c.next.Part {
			continue
		}
		if _, waiting := r.pauses[c]; waiting {
			return nil
		}
		r.pauses[c] = firstPause
		return []*chain{c}
	}
	return nil
}

// ahead returns the next few chains that have not ended.
func (r *reader) ahead() (chains []*chain) {
	for _, c := range r.chains {
		if !c.done && c.rank >= max(r.furthest, 0) && len(chains) < polled {
			chains = append(chains, c)
		}
	}
	return chains
}

// soonest is when to look again for what was hinted at.
func (r *reader) soonest() time.Duration {
	wait := time.Hour
	for _, pause := range r.pauses {
		wait = min(wait, pause)
	}
	return wait
}

// retried returns what was hinted at and not found, each time after twice the
// pause, and leaves it to the polls after a second. Before the first complete
// look there is no leaving.
func (r *reader) retried() (chains []*chain) {
	if !r.complete {
		return r.chains
	}
	for c, pause := range r.pauses {
		chains = append(chains, c)
		if r.pauses[c] = 2 * pause; pause >= lastPause {
			delete(r.pauses, c)
		}
	}
	return chains
}
