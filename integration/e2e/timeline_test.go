//go:build heavy

package e2e

import (
	"time"

	"chorus/pkg/wire"
)

// timeline says when the records of a round were written, by kind: it shows
// which phase takes how long.
func (c *crew) timeline(round uint32) {
	c.t.Helper()
	records, err := c.source.Records(c.t.Context(), "crew", round)
	if err != nil {
		c.t.Fatal(err)
	}
	type span struct {
		first, last time.Time
		n           int
	}
	var kinds []wire.Kind
	spans := map[wire.Kind]*span{}
	for _, r := range records {
		s := spans[r.Key.Kind]
		if s == nil {
			s = &span{first: r.Time}
			spans[r.Key.Kind] = s
			kinds = append(kinds, r.Key.Kind)
		}
		s.last = r.Time
		s.n++
	}
	began := records[0].Time
	for _, k := range kinds {
		s := spans[k]
		c.t.Logf("  %-14s %5d records, %8.2f s to %8.2f s", k, s.n, s.first.Sub(began).Seconds(), s.last.Sub(began).Seconds())
	}
}
