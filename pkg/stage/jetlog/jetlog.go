package jetlog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// A Log implements stage.Log, stage.Opens and stage.Tasks for services.
type Log struct {
	*Store
	// AckWait is how long a task stays with its taker; set it before the first
	// Take, alike in all replicas. New sets 5 s.
	AckWait time.Duration

	js      jetstream.JetStream
	skipped atomic.Uint64
}

var (
	_ stage.Log   = (*Log)(nil)
	_ stage.Opens = (*Log)(nil)
	_ stage.Tasks = (*Log)(nil)
)

// New returns the log behind a connection of a service.
func New(nc *nats.Conn) (*Log, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	return &Log{Store: NewStore(nc), AckWait: 5 * time.Second, js: js}, nil
}

// Skipped counts the messages so far whose subject is that of no record. A
// participant can write some: its permissions leave the round open.
func (l *Log) Skipped() uint64 { return l.skipped.Load() }

// Read yields one round and then waits for more until ctx ends. It outlives
// reconnects and restarts of the servers.
func (l *Log) Read(ctx context.Context, session string, round uint32) iter.Seq2[stage.Delivery, error] {
	return func(yield func(stage.Delivery, error) bool) {
		k := wire.Key{Session: session, Round: round, Kind: wire.KindOpen, Member: wire.Nobody}
		if err := k.Check(); err != nil {
			yield(stage.Delivery{}, fmt.Errorf("%w: %w", stage.ErrRefused, err))
			return
		}
		f, err := l.follow(ctx, roundFilter(k))
		if err != nil {
			if ctx.Err() == nil {
				yield(stage.Delivery{}, err)
			}
			return
		}
		defer f.close()
		if f.caught && !yield(stage.Delivery{Caught: true}, nil) {
			return
		}
		for d, err := range f.deliveries {
			if !yield(d, err) || err != nil {
				return
			}
		}
	}
}

// Opens yields the Open records of all rounds, and waits for more.
func (l *Log) Opens(ctx context.Context) iter.Seq2[wire.Record, error] {
	return func(yield func(wire.Record, error) bool) {
		f, err := l.follow(ctx, opens)
		if err != nil {
			if ctx.Err() == nil {
				yield(wire.Record{}, err)
			}
			return
		}
		defer f.close()
		for d, err := range f.deliveries {
			if err == nil && d.Seq == 0 {
				continue
			}
			if !yield(d.Record, err) || err != nil {
				return
			}
		}
	}
}

// opens matches the Open records of all rounds.
const opens = "chorus.log.*.*." + string(wire.KindOpen) + ".>"

// roundFilter matches the records of the round whose Open has the key k.
func roundFilter(k wire.Key) string {
	return strings.TrimSuffix(k.Prefix(), string(k.Kind)+"."+k.Member) + ">"
}

// patience bounds how long a consumer is asked for while nobody answers.
const patience = 30 * time.Second

// absent names the remedy if the streams were never made.
func absent(err error) error {
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("%w; run `chorus streams ensure`", err)
	}
	return err
}

// retry calls f until it succeeds, is refused for good, ctx ends or patience
// does. Silence is what an election looks like.
func retry(ctx context.Context, f func() error) error {
	for end := time.Now().Add(patience); ; {
		err := f()
		var api *jetstream.APIError
		if err == nil || errors.As(err, &api) && api.Code < 500 || errors.Is(err, stage.ErrRefused) || errors.Is(err, stage.ErrMissing) ||
			errors.Is(err, nats.ErrConnectionClosed) || time.Now().After(end) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(250 * time.Millisecond):
		}
	}
}
