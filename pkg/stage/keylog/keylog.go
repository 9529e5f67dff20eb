// Package keylog is the log as a participant sees it: without JetStream and
// without consumers, it asks for records by the keys that a round can have.
package keylog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/nats-io/nats.go"

	"chorus/pkg/stage"
	"chorus/pkg/stage/jetlog"
	"chorus/pkg/wire"
)

// A Log implements stage.Log over a participant's connection. Append, Get and
// PutAll are those of jetlog.Store.
type Log struct {
	*jetlog.Store
	// Poll is how often a reader looks for records whose live copy was lost;
	// set it before the first Read. New sets 2 s.
	Poll time.Duration

	nc *nats.Conn
}

var _ stage.Log = (*Log)(nil)

// New returns the log behind a participant's connection. It adds itself to the
// error handler of nc.
func New(nc *nats.Conn) *Log {
	return &Log{Store: jetlog.NewStore(nc), Poll: 2 * time.Second, nc: nc}
}

// Read yields the public records of a round that belong to no participant, as
// they appear. Each comes once. Those found together are in log order, but one
// whose live copy was lost may come after younger ones. On a replicated stream
// Caught may be early by the lag of a follower.
//
// The live copy of a record may be forged, or of a record that was then
// refused: it makes the reader look, and nothing more.
func (l *Log) Read(ctx context.Context, session string, round uint32) iter.Seq2[stage.Delivery, error] {
	return func(yield func(stage.Delivery, error) bool) {
		k := wire.Key{Session: session, Round: round, Kind: wire.KindOpen, Member: wire.Nobody}
		if err := k.Check(); err != nil {
			yield(stage.Delivery{}, fmt.Errorf("%w: %w", stage.ErrRefused, err))
			return
		}
		r := newReader(l, session, round)
		bound, forget := l.UntilRefused(ctx, r.uses)
		defer forget()
		err := r.run(bound, yield)
		if refusal := context.Cause(bound); errors.Is(refusal, stage.ErrRefused) {
			err = refusal
		}
		if err != nil && ctx.Err() == nil {
			yield(stage.Delivery{}, err)
		}
	}
}
