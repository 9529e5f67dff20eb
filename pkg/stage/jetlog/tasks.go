package jetlog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"chorus/pkg/stage"
	"chorus/pkg/stage/put"
	"chorus/pkg/wire"
)

const (
	maxAckPending = 256 // orders of one stage in workers' hands
	maxDeliver    = 5   // then the fold has to offer another attempt
)

// Offer publishes attempt a of the work order e. A busy stream is tried again,
// half as often every time.
func (l *Log) Offer(ctx context.Context, to string, e wire.Entry, a uint32) error {
	subject := e.Key.TaskSubject(to, a)
	if _, _, _, err := wire.ParseTaskSubject(subject); err != nil || len(e.Body) > wire.MaxTask {
		return fmt.Errorf("%w: bad stage, bad key or more than %d bytes in the order %s", stage.ErrRefused, wire.MaxTask, subject)
	}
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		err := l.publish(ctx, subject, e.Body)
		if errors.Is(err, put.ErrBusy) && pause < 2*time.Second {
			select {
			case <-ctx.Done():
				return err
			case <-time.After(pause):
				continue
			}
		}
		if errors.Is(err, stage.ErrExists) || errors.Is(err, stage.ErrInFlight) && !errors.Is(err, put.ErrBusy) {
			return nil
		}
		return err
	}
}

// Take yields the orders of a stage, and waits for more until ctx ends. All
// takers of a stage share one durable consumer, named after it.
func (l *Log) Take(ctx context.Context, of string) iter.Seq2[stage.Order, error] {
	return func(yield func(stage.Order, error) bool) {
		for ctx.Err() == nil {
			c, err := l.durable(ctx, of)
			if err != nil {
				if ctx.Err() == nil {
					yield(stage.Order{}, fmt.Errorf("jetlog: cannot take tasks of %s: %w", of, absent(err)))
				}
				return
			}
			if !l.take(ctx, c, yield) {
				return
			}
			time.Sleep(100 * time.Millisecond) // a consumer that fails at once must not spin
		}
	}
}

func (l *Log) durable(ctx context.Context, of string) (c jetstream.Consumer, err error) {
	if !wire.Token(of) {
		return nil, fmt.Errorf("%w: %q is no name of a stage", stage.ErrRefused, of)
	}
	subject := "chorus.task." + of + ".>"
	err = retry(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, answerWait)
		defer cancel()
		create := "$JS.API.CONSUMER.CREATE." + TaskStream + "." + of + "." + subject
		ctx, forget := l.refused.bind(ctx, func(s string) bool { return s == create })
		defer forget()
		c, err = l.js.CreateOrUpdateConsumer(ctx, TaskStream, jetstream.ConsumerConfig{
			Durable:       of,
			FilterSubject: subject,
			AckPolicy:     jetstream.AckExplicitPolicy,
			AckWait:       l.AckWait,
			MaxAckPending: maxAckPending,
			MaxDeliver:    maxDeliver,
		})
		if refusal := context.Cause(ctx); err != nil && errors.Is(refusal, stage.ErrRefused) {
			return refusal
		}
		return err
	})
	return c, err
}

// take yields orders until the consumer fails, then reports whether to make a
// new one. It asks for one order when it is free for one: an order that waits
// in a buffer loses its AckWait there.
func (l *Log) take(ctx context.Context, c jetstream.Consumer, yield func(stage.Order, error) bool) (again bool) {
	it, err := c.Messages(jetstream.PullMaxMessages(1), jetstream.PullExpiry(pullExpiry), jetstream.PullHeartbeat(heartbeat))
	if err != nil {
		return ctx.Err() == nil && yield(stage.Order{}, fmt.Errorf("jetlog: %w", err))
	}
	defer it.Stop()
	for {
		m, err := it.Next(jetstream.NextContext(ctx))
		if ctx.Err() != nil {
			return false
		}
		if err != nil {
			return true
		}
		k, _, attempt, err := wire.ParseTaskSubject(m.Subject())
		meta, merr := m.Metadata()
		if err != nil || merr != nil {
			l.skipped.Add(1)
			_ = m.Term()
			continue
		}
		o := stage.Order{
			Record:  wire.Record{Key: k, Body: m.Data(), Seq: meta.Sequence.Stream, Time: meta.Timestamp},
			Attempt: attempt,
			Extend:  func() { _ = m.InProgress() }, // a lost one costs a redelivery
			Done:    func() { _ = m.Ack() },
		}
		if !yield(o, nil) {
			return false
		}
	}
}
