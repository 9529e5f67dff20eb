package keylog

import (
	"context"
	"errors"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// A chain is the records of one kind and member: parts 0, 1, ... as far as they
// go. It is scanned by one goroutine at a time.
type chain struct {
	rank  int      // place of the kind in the table, which is the order of a round; -1 for kinds of any time
	next  wire.Key // the first part that was not seen
	parts bool     // there may be more than part 0
	done  bool
}

// chains lists what a reader of the round looks for: the public kinds of the
// log whose member is known beforehand.
func chains(session string, round uint32) (all []*chain) {
	for rank, row := range wire.Kinds() {
		if !row.Public || row.Stream != wire.Log {
			continue
		}
		for _, member := range members(row) {
			k := wire.Key{Session: session, Round: round, Kind: row.Kind, Member: member}
			c := &chain{rank: rank, next: k, parts: row.Parts}
			if member != wire.Nobody {
				c.rank = -1
			}
			all = append(all, c)
		}
	}
	return all
}

func members(row wire.Row) (all []string) {
	switch row.Member {
	case wire.Nobody:
		return []string{wire.Nobody}
	case "phase":
		for _, p := range wire.Phases {
			all = append(all, string(p))
		}
	case "stage":
		return []string{wire.Keybroker, wire.Collector, wire.Verifier, wire.Robust, wire.Unmasker}
	}
	return all // none for "name": a participant reads those by their keys
}

// scan gets the parts that are there now. An error leaves the rest for later.
func (c *chain) scan(ctx context.Context, from stage.Getter) (found []wire.Record, _ error) {
	for !c.done {
		r, err := from.Get(ctx, c.next)
		if errors.Is(err, stage.ErrMissing) {
			break
		}
		if err != nil {
			return found, err
		}
		found = append(found, r)
		c.next.Part++
		c.done = !c.parts || c.next.Part == wire.MaxParts
	}
	return found, nil
}
