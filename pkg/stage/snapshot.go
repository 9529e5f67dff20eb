package stage

import (
	"context"

	"chorus/pkg/wire"
)

// Snapshot returns the records of a round that the log holds now, in order.
func Snapshot(ctx context.Context, l Log, session string, round uint32) (out []wire.Record, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for d, err := range l.Read(ctx, session, round) {
		if err != nil {
			return nil, err
		}
		if d.Key != (wire.Key{}) {
			out = append(out, d.Record)
		}
		if d.Caught {
			return out, nil
		}
	}
	return out, ctx.Err()
}
