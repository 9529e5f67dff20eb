// Package jetlog keeps the log in NATS JetStream.
package jetlog

import (
	"strconv"

	"chorus/pkg/wire"
)

// The streams. Bulk is spread over wire.Shards of them, see BulkStream.
const (
	LogStream  = "CHORUS_LOG"
	PubStream  = "CHORUS_PUB"
	TaskStream = "CHORUS_TASK"
)

// BulkStream is the stream of the bulk parts of one shard.
func BulkStream(shard uint32) string {
	return "CHORUS_BULK_" + strconv.FormatUint(uint64(shard), 10)
}

// StreamOf is the stream that holds the record at k.
func StreamOf(k wire.Key) string {
	switch k.Kind.Row().Stream {
	case wire.Bulk:
		return BulkStream(k.Part % wire.Shards)
	case wire.Pub:
		return PubStream
	}
	return LogStream
}

// getPrefix precedes the subject of a record in a direct get of it.
const getPrefix = "$JS.API.DIRECT.GET."

// GetSubject is where to ask for the last record on a subject. The form with
// the subject in it is the only read that permissions can bound.
func GetSubject(stream, subject string) string { return getPrefix + stream + "." + subject }
