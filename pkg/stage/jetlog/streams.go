package jetlog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"chorus/pkg/wire"
)

// Sizes bound the bytes that the streams may hold; Bulk is per shard. A zero
// takes its default: 1 GiB, 4 GiB, 1 GiB, 64 MiB.
type Sizes struct{ Log, Bulk, Pub, Task int64 }

const (
	day = 24 * time.Hour

	// headerRoom is what MaxMsgSize leaves for headers, which it counts: the
	// one that Append sends takes 57 bytes.
	headerRoom = 1 << 10
)

// Streams returns the configuration of every stream, completely: what is zero
// here must be zero on the server.
func Streams(replicas int, max Sizes) []jetstream.StreamConfig {
	all := []jetstream.StreamConfig{
		stream(LogStream, "chorus.log.*.*.*.*.*", 90*day, wire.MaxBody, cmp.Or(max.Log, 1<<30)),
		stream(PubStream, "chorus.pub.*.*.*.*.*", 90*day, wire.MaxPart, cmp.Or(max.Pub, 1<<30)),
		stream(TaskStream, "chorus.task.*.*.*.*.*.*.*", day, wire.MaxTask, cmp.Or(max.Task, 64<<20)),
	}
	for s := range uint32(wire.Shards) {
		subject := fmt.Sprintf("chorus.bulk.%d.*.*.*.*.*", s)
		all = append(all, stream(BulkStream(s), subject, 2*day, wire.MaxPart, cmp.Or(max.Bulk, 4<<30)))
	}
	for i := range all {
		all[i].Replicas = replicas
	}
	return all
}

// stream is write-once: one message per subject, the first one. Purging stays
// possible, or one credential could fill the stream for 90 days.
func stream(name, subject string, age time.Duration, body int32, bytes int64) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:                 name,
		Subjects:             []string{subject},
		Retention:            jetstream.LimitsPolicy,
		Storage:              jetstream.FileStorage,
		Compression:          jetstream.NoCompression,
		MaxConsumers:         -1,
		MaxMsgs:              -1,
		MaxBytes:             bytes,
		MaxAge:               age,
		MaxMsgSize:           body + headerRoom,
		MaxMsgsPerSubject:    1,
		Discard:              jetstream.DiscardNew,
		DiscardNewPerSubject: true,
		DenyDelete:           true,
		AllowDirect:          true,
		Duplicates:           100 * time.Millisecond, // the least there is; message ids are not used
	}
}

// Ensure creates what is missing and changes what differs. It needs a
// credential that may, and ends at the first failure.
func Ensure(ctx context.Context, js jetstream.JetStream, want []jetstream.StreamConfig) error {
	for _, w := range want {
		have, err := config(ctx, js, w.Name)
		switch {
		case errors.Is(err, jetstream.ErrStreamNotFound):
			_, err = js.CreateStream(ctx, w)
		case err == nil && len(drift(w, have)) > 0:
			_, err = js.UpdateStream(ctx, w)
		}
		if err != nil {
			return fmt.Errorf("jetlog: stream %s cannot be made as configured%s: %w", w.Name, remedy(err), err)
		}
	}
	return nil
}

// remedy names what to do about the errors that an operator meets.
func remedy(err error) string {
	var api *jetstream.APIError
	switch {
	case errors.As(err, &api) && (api.ErrorCode == codeNoStorage || api.ErrorCode == codeNoResources):
		return ", give the server more storage or the stream a smaller size"
	case errors.As(err, &api):
		return ""
	}
	return ", check that the credentials are of role admin and the server has JetStream"
}

// A DriftError says how streams differ from their configuration.
type DriftError struct{ Lines []string }

func (e *DriftError) Error() string {
	return "jetlog: streams differ from their configuration; run `chorus streams ensure` as admin:\n" + strings.Join(e.Lines, "\n")
}

// Verify compares the streams with what they should be and changes nothing.
// Differences are a *DriftError.
func Verify(ctx context.Context, js jetstream.JetStream, want []jetstream.StreamConfig) error {
	var lines []string
	for _, w := range want {
		have, err := config(ctx, js, w.Name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			lines = append(lines, w.Name+": missing")
			continue
		}
		if err != nil {
			return fmt.Errorf("jetlog: stream %s cannot be read, check that the server has JetStream: %w", w.Name, err)
		}
		lines = append(lines, drift(w, have)...)
	}
	if len(lines) > 0 {
		return &DriftError{lines}
	}
	return nil
}

func config(ctx context.Context, js jetstream.JetStream, name string) (jetstream.StreamConfig, error) {
	s, err := js.Stream(ctx, name)
	if err != nil {
		return jetstream.StreamConfig{}, err
	}
	return s.CachedInfo().Config, nil
}

// drift lists the fields that differ, one line each. The server adds metadata
// of its own.
func drift(want, have jetstream.StreamConfig) (lines []string) {
	have.Metadata = maps.Clone(have.Metadata)
	maps.DeleteFunc(have.Metadata, func(k, _ string) bool { return strings.HasPrefix(k, "_nats.") })
	if len(have.Metadata) == 0 {
		have.Metadata = nil
	}
	w, h := reflect.ValueOf(want), reflect.ValueOf(have)
	for i := range w.NumField() {
		if a, b := w.Field(i).Interface(), h.Field(i).Interface(); !reflect.DeepEqual(a, b) {
			lines = append(lines, fmt.Sprintf("%s: %s is %v, not %v", want.Name, w.Type().Field(i).Name, b, a))
		}
	}
	return lines
}
