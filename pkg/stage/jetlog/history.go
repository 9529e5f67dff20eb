package jetlog

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// batch is how many records one request brings: 2 MiB at most.
const batch = 256

// History yields the records of one round that are there now, in order, and
// ends. Unlike Read it needs no consumer: whoever may create consumers may make
// the server write, and a replay must not.
func (s *Store) History(ctx context.Context, session string, round uint32) iter.Seq2[wire.Record, error] {
	k := wire.Key{Session: session, Round: round, Kind: wire.KindOpen, Member: wire.Nobody}
	if err := k.Check(); err != nil {
		return func(yield func(wire.Record, error) bool) {
			yield(wire.Record{}, fmt.Errorf("%w: %w", stage.ErrRefused, err))
		}
	}
	return s.history(ctx, roundFilter(k))
}

// Rounds yields the Open records of all rounds that are there now.
func (s *Store) Rounds(ctx context.Context) iter.Seq2[wire.Record, error] {
	return s.history(ctx, opens)
}

func (s *Store) history(ctx context.Context, filter string) iter.Seq2[wire.Record, error] {
	return func(yield func(wire.Record, error) bool) {
		for next, more := uint64(1), true; more; {
			var rs []wire.Record
			var err error
			if rs, next, more, err = s.batch(ctx, filter, next); err != nil {
				yield(wire.Record{}, err)
				return
			}
			for _, r := range rs {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// batch gets the records that follow, and says where to go on.
func (s *Store) batch(ctx context.Context, filter string, from uint64) (rs []wire.Record, next uint64, more bool, err error) {
	const subject = "$JS.API.DIRECT.GET." + LogStream
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	ctx, forget := s.UntilRefused(ctx, func(sub string) bool { return sub == subject })
	defer forget()
	answers, err := s.nc.SubscribeSync(s.nc.NewRespInbox())
	if err != nil {
		return nil, 0, false, err
	}
	defer func() { _ = answers.Unsubscribe() }() // fails only without a connection
	ask, err := json.Marshal(map[string]any{"seq": from, "batch": batch, "next_by_subj": filter})
	if err != nil {
		return nil, 0, false, err
	}
	if err := s.nc.PublishRequest(subject, answers.Subject, ask); err != nil {
		return nil, 0, false, err
	}
	for next = from; ; {
		m, err := answers.NextMsgWithContext(ctx)
		if err != nil {
			if refusal := context.Cause(ctx); refusal != nil {
				err = refusal
			}
			return nil, 0, false, fmt.Errorf("jetlog: no history of %s: %w", filter, err)
		}
		if status := m.Header.Get("Status"); status != "" {
			more, err := ended(status, m)
			return rs, next, more, err
		}
		k, perr := wire.ParseSubject(m.Header.Get(jetstream.SubjectHeader))
		r, err := record(k, m)
		if err != nil {
			return nil, 0, false, err
		}
		next = r.Seq + 1
		if perr == nil {
			rs = append(rs, r)
		}
	}
}

// ended reads the message after a batch: whether there are more.
func ended(status string, m *nats.Msg) (more bool, _ error) {
	switch status {
	case "404":
		return false, nil
	case "204":
		pending, err := strconv.ParseUint(m.Header.Get("Nats-Num-Pending"), 10, 64)
		return pending > 0, err
	}
	return false, fmt.Errorf("jetlog: batch of %s: %s %s", LogStream, status, m.Header.Get("Description"))
}
