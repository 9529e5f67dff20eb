package stage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chorus/pkg/wire"
)

// On R3 a direct get right after the acknowledgement of a put can miss, so
// "missing" takes three reads over five seconds.
const (
	intakeReads = 3
	intakePause = 2500 * time.Millisecond
)

// Intake is the worker that says whether all parts under a header are there and
// are the ones it names. That is an observation: the first verdict stands.
func Intake(ctx context.Context, order wire.Record, bulk Getter) ([]wire.Entry, error) {
	var o wire.IntakeOrder
	if err := wire.Decode(order.Body, wire.MaxTask, &o); err != nil {
		return nil, err
	}
	in := wire.Intake{Header: o.Header}
	for _, b := range o.Batches {
		why, err := inspect(ctx, bulk, order.Key, b)
		if err != nil {
			return nil, err
		}
		if why != "" {
			in.Reason = why
			break
		}
	}
	return []wire.Entry{{Key: order.Key, Body: wire.Encode(&in)}}, nil
}

func inspect(ctx context.Context, bulk Getter, key wire.Key, b wire.Batch) (wire.Reason, error) {
	key.Kind, key.Part = wire.Kind(b.Kind), 0
	first, why, err := Part(ctx, bulk, key)
	if why != "" || err != nil {
		return why, err
	}
	list, err := b.Parts.List(first)
	if err != nil {
		return wire.DigestMismatch, nil
	}
	total := uint64(len(first))
	for i, d := range list {
		key.Part = uint32(i + 1)
		body, why, err := Part(ctx, bulk, key)
		if why != "" || err != nil {
			return why, err
		}
		if wire.Sum(body) != d {
			return wire.DigestMismatch, nil
		}
		if i < len(list)-1 && len(body) != int(b.Size) {
			return wire.Malformed, nil
		}
		total += uint64(len(body))
	}
	if total != b.Parts.Bytes {
		return wire.Malformed, nil
	}
	return "", nil
}

// A leader answers for a store whose replicas may lag.
type leader interface {
	GetFromLeader(ctx context.Context, k wire.Key) (wire.Record, error)
}

// Part reads one part, patiently: once anywhere, then from the leader.
func Part(ctx context.Context, bulk Getter, key wire.Key) ([]byte, wire.Reason, error) {
	get := bulk.Get
	for read := 1; ; read++ {
		rec, err := get(ctx, key)
		if err == nil {
			return rec.Body, "", nil
		}
		if !errors.Is(err, ErrMissing) {
			return nil, "", fmt.Errorf("part %s: %w", key, err)
		}
		if read == intakeReads {
			return nil, wire.MissingPart, nil
		}
		if l, ok := bulk.(leader); ok {
			get = l.GetFromLeader
		}
		pause(ctx, intakePause)
	}
}
