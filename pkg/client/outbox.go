package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"chorus/pkg/secagg"
	"chorus/pkg/stage"
	"chorus/pkg/stage/put"
	"chorus/pkg/wire"
)

// An outbox sends what is already on disk, in order, in its own goroutine: the
// machine goes on meanwhile, and sees an abort.
type outbox struct {
	log    stage.Log
	window int
	queue  chan []wire.Entry
	stored chan receipt
	tell   func(Event)
}

// queued bounds the answers of one round; there are fewer kinds of them.
const queued = 64

// A receipt is one header, with all its bulk, in the log.
type receipt struct {
	header  wire.Key
	digest  wire.Digest
	records int
	bytes   int64
	again   bool // it was there already
}

// A putter is a log with a better way to store many parts.
type putter interface {
	PutAll(ctx context.Context, entries []wire.Entry, window int) error
}

func newOutbox(c *Client) *outbox {
	return &outbox{log: c.cfg.Log, window: c.cfg.Window, queue: make(chan []wire.Entry, queued),
		stored: make(chan receipt, queued), tell: c.tell}
}

// add queues entries, one group per header: the bulk that it names, then it.
func (o *outbox) add(es []wire.Entry) (groups int) {
	for len(es) > 0 {
		n := 1 + slices.IndexFunc(es, func(e wire.Entry) bool { return e.Key.Kind.Row().Stream == wire.Log })
		if n == 0 {
			n = len(es)
		}
		o.queue <- es[:n]
		es, groups = es[n:], groups+1
	}
	return groups
}

// run sends until ctx ends or sending cannot succeed any more.
func (o *outbox) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case es := <-o.queue:
			r, err := o.group(ctx, es)
			if err != nil {
				return err
			}
			o.stored <- r
		}
	}
}

// group stores a header with its bulk. It looks for the header first: there
// with these bytes, a life before this one has sent it all; there with others,
// this state is an older copy, and nothing may be sent from it.
func (o *outbox) group(ctx context.Context, es []wire.Entry) (receipt, error) {
	header := es[len(es)-1]
	r := receipt{header: header.Key, digest: wire.Sum(header.Body), records: len(es)}
	var err error
	if r.again, err = o.there(ctx, header); err != nil || r.again {
		return r, err
	}
	for i := 0; i < len(es)-1; i += progressEvery {
		part := es[i:min(i+progressEvery, len(es)-1)]
		if err := o.put(ctx, part); err != nil {
			return r, err
		}
		r.bytes += size(part)
		o.tell(Event{Round: header.Key.Round, Duty: dutyOf(header.Key.Kind), Done: i + len(part), Total: len(es), Bytes: r.bytes})
	}
	r.bytes += int64(len(header.Body))
	return r, o.put(ctx, es[len(es)-1:])
}

// progressEvery is how many parts go between two events: 4 MiB at most.
const progressEvery = 16

func size(es []wire.Entry) (n int64) {
	for _, e := range es {
		n += int64(len(e.Body))
	}
	return n
}

// there reports whether the log holds e.
func (o *outbox) there(ctx context.Context, e wire.Entry) (bool, error) {
	for pause := firstPause; ; pause = longer(pause) {
		rec, err := o.log.Get(ctx, e.Key)
		switch {
		case err == nil && bytes.Equal(rec.Body, e.Body):
			return true, nil
		case err == nil:
			return false, rolledBack(e.Key)
		case errors.Is(err, stage.ErrMissing):
			return false, nil
		case final(ctx, err):
			return false, fmt.Errorf("client: reading %s: %w", e.Key, err)
		}
		if err := sleep(ctx, pause); err != nil {
			return false, err
		}
	}
}

// put stores entries, always these bytes, until the log has them, refuses them
// or ctx ends. A full log and an unknown outcome are waited out.
func (o *outbox) put(ctx context.Context, es []wire.Entry) error {
	for pause := firstPause; ; pause = longer(pause) {
		err := o.putAll(ctx, es)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, put.ErrOtherBytes):
			return fmt.Errorf("%w: %w; %s", secagg.ErrRolledBack, err, rolledBackRemedy)
		case final(ctx, err):
			return fmt.Errorf("client: sending: %w", err)
		}
		if pause == lastPause {
			o.tell(Event{Round: es[0].Key.Round, Duty: dutyOf(es[len(es)-1].Key.Kind), Text: "trying again: " + err.Error()})
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		if half := len(es) / 2; half > 0 { // what is stored is not sent over and over
			if err := o.put(ctx, es[:half]); err != nil {
				return err
			}
			es, pause = es[half:], 0
		}
	}
}

func (o *outbox) putAll(ctx context.Context, es []wire.Entry) error {
	if p, ok := o.log.(putter); ok {
		return p.PutAll(ctx, es, o.window)
	}
	return put.All(ctx, o.log, es, o.window)
}
