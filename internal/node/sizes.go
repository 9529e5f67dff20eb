package node

import (
	"context"

	"github.com/nats-io/nats.go/jetstream"

	"chorus/pkg/stage/jetlog"
	"chorus/pkg/wire"
)

// Sizes fills in what want leaves open with what the streams have: a limit that
// nobody names stays as it is.
func Sizes(ctx context.Context, js jetstream.JetStream, want jetlog.Sizes) jetlog.Sizes {
	for name, size := range map[string]*int64{jetlog.LogStream: &want.Log, jetlog.BulkStream(0): &want.Bulk,
		jetlog.PubStream: &want.Pub, jetlog.TaskStream: &want.Task} {
		if *size != 0 {
			continue
		}
		if st, err := js.Stream(ctx, name); err == nil {
			*size = max(st.CachedInfo().Config.MaxBytes, 0)
		}
	}
	return want
}

// Shares of the store that streams get which nobody has sized, in units of 64 MiB.
const (
	unit      = 64 << 20
	logUnits  = 16
	bulkUnits = 64 // per shard
	pubUnits  = 16
	taskUnits = 1
	allUnits  = logUnits + wire.Shards*bulkUnits + pubUnits + taskUnits
)

// fit sizes new streams: the defaults, or their shares of nine tenths of what
// the server may store, because streams reserve what they may hold.
func fit(s jetlog.Sizes, store int64) jetlog.Sizes {
	units := min(store/10*9/unit, allUnits)
	for size, share := range map[*int64]int64{&s.Log: logUnits, &s.Bulk: bulkUnits, &s.Pub: pubUnits, &s.Task: taskUnits} {
		if *size == 0 {
			*size = max(units*share*unit/allUnits, 1<<20)
		}
	}
	return s
}
