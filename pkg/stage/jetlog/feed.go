package jetlog

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// A feed is one ordered consumer of the log stream.
type feed struct {
	log    *Log
	ctx    context.Context
	close  context.CancelFunc
	items  chan item
	target uint64 // the last message that existed at the start; 0 for none
	caught bool   // a latch
}

type item struct {
	msg jetstream.Msg
	err error
}

const (
	// idle is how long the server keeps the consumer of a reader that died.
	idle = time.Minute
	// A consumer is missed after two heartbeats: when its server died and, in a
	// cluster once in a hundred times, when the first pull overtook the news of
	// where the consumer is.
	pullExpiry = 10 * time.Second
	heartbeat  = time.Second
)

// follow starts a feed; close ends it.
func (l *Log) follow(ctx context.Context, filter string) (*feed, error) {
	ctx, cancel := context.WithCancel(ctx)
	var c jetstream.Consumer
	target, err := l.target(ctx, filter)
	if err == nil {
		c, err = l.ordered(ctx, filter)
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("jetlog: cannot read %s: %w", filter, absent(err))
	}
	f := &feed{log: l, ctx: ctx, close: cancel, items: make(chan item), target: target, caught: target == 0}
	it, err := c.Messages(jetstream.PullExpiry(pullExpiry), jetstream.PullHeartbeat(heartbeat))
	if err != nil {
		cancel()
		return nil, fmt.Errorf("jetlog: cannot read %s: %w", filter, err)
	}
	go f.pump(c, it)
	return f, nil
}

// target is where a reader has caught up. NumPending of a new consumer does not
// tell: it counts what the consumer's own replica has, which on three servers
// lacked the latest acknowledged record in one of ten tries.
func (l *Log) target(ctx context.Context, filter string) (seq uint64, err error) {
	err = retry(ctx, func() error {
		m, err := l.last(ctx, LogStream, filter)
		seq = m.Seq
		return err
	})
	if errors.Is(err, stage.ErrMissing) {
		return 0, nil
	}
	return seq, err
}

func (l *Log) ordered(ctx context.Context, filter string) (c jetstream.Consumer, err error) {
	err = retry(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, answerWait)
		defer cancel()
		ctx, forget := l.refused.bind(ctx, func(s string) bool {
			return strings.HasPrefix(s, "$JS.API.CONSUMER.CREATE."+LogStream)
		})
		defer forget()
		c, err = l.js.OrderedConsumer(ctx, LogStream, jetstream.OrderedConsumerConfig{
			FilterSubjects: []string{filter}, InactiveThreshold: idle})
		if refusal := context.Cause(ctx); err != nil && errors.Is(refusal, stage.ErrRefused) {
			return refusal
		}
		return err
	})
	return c, err
}

// pump has a goroutine of its own because, while the servers are away, the
// library may sit in Next or Stop for 20 s after ctx ended.
func (f *feed) pump(c jetstream.Consumer, it jetstream.MessagesContext) {
	defer f.drop(c)
	defer it.Stop()
	for {
		m, err := it.Next(jetstream.NextContext(f.ctx))
		select {
		case f.items <- item{m, err}:
		case <-f.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// drop deletes the consumer: a stream takes a thousand, and short rounds would
// leave more behind than idle lets go.
func (f *feed) drop(c jetstream.Consumer) {
	ctx, cancel := context.WithTimeout(context.Background(), answerWait)
	defer cancel()
	_ = f.log.js.DeleteConsumer(ctx, LogStream, c.CachedInfo().Name) // else the server does after idle
}

// deliveries yields records until ctx ends, or an error and nothing after it.
func (f *feed) deliveries(yield func(stage.Delivery, error) bool) {
	for {
		var i item
		select {
		case <-f.ctx.Done():
			return
		case i = <-f.items:
		}
		if f.ctx.Err() != nil {
			return
		}
		if i.err != nil {
			yield(stage.Delivery{}, fmt.Errorf("jetlog: reader ended: %w", i.err))
			return
		}
		d, ok, err := f.delivery(i.msg)
		if ok || err != nil {
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

// delivery reports not ok for a message that is no record, unless the reader
// has caught up with it: then its delivery has no key.
func (f *feed) delivery(m jetstream.Msg) (_ stage.Delivery, ok bool, _ error) {
	meta, err := m.Metadata()
	if err != nil {
		return stage.Delivery{}, false, fmt.Errorf("jetlog: %w", err)
	}
	before := f.caught
	f.caught = f.caught || meta.Sequence.Stream >= f.target
	k, err := wire.ParseSubject(m.Subject())
	if err != nil {
		f.log.skipped.Add(1)
		return stage.Delivery{Caught: true}, f.caught && !before, nil
	}
	r := wire.Record{Key: k, Body: m.Data(), Seq: meta.Sequence.Stream, Time: meta.Timestamp}
	return stage.Delivery{Record: r, Caught: f.caught}, true, nil
}
