package jetlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// codeNoMessage: the subject has no message.
const codeNoMessage jetstream.ErrorCode = 10037

// A stored message, as the leader of its stream tells it.
type stored struct {
	Subject string    `json:"subject"`
	Seq     uint64    `json:"seq"`
	Data    []byte    `json:"data"`
	Time    time.Time `json:"time"`
}

// last asks the leader for the last message whose subject matches the filter,
// or returns stage.ErrMissing. Unlike a direct get, and unlike the replica that
// serves a consumer, the leader knows everything that it acknowledged.
func (s *Store) last(ctx context.Context, stream, filter string) (stored, error) {
	body, err := json.Marshal(map[string]string{"last_by_subj": filter})
	if err != nil {
		return stored{}, err
	}
	m := nats.NewMsg("$JS.API.STREAM.MSG.GET." + stream)
	m.Data = body
	r, err := s.request(ctx, m)
	if err != nil {
		return stored{}, err
	}
	var answer struct {
		Error   *jetstream.APIError `json:"error"`
		Message stored              `json:"message"`
	}
	if err := json.Unmarshal(r.Data, &answer); err != nil {
		return stored{}, fmt.Errorf("jetlog: last of %s: %w", filter, err)
	}
	if answer.Error != nil {
		if answer.Error.ErrorCode == codeNoMessage {
			return stored{}, fmt.Errorf("%w: %s", stage.ErrMissing, filter)
		}
		return stored{}, fmt.Errorf("jetlog: last of %s: %w", filter, answer.Error)
	}
	return answer.Message, nil
}

// GetFromLeader is Get without the lag of a follower, for services only: a
// record that it does not find was not acknowledged before.
func (l *Log) GetFromLeader(ctx context.Context, k wire.Key) (wire.Record, error) {
	subject := k.Subject()
	m, err := l.last(ctx, StreamOf(k), subject)
	if err != nil {
		return wire.Record{}, err
	}
	if m.Subject != subject {
		return wire.Record{}, errors.New("jetlog: the leader answered for " + m.Subject + ", not " + subject)
	}
	return wire.Record{Key: k, Body: m.Data, Seq: m.Seq, Time: m.Time}, nil
}
