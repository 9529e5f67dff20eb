package jetlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"chorus/pkg/stage"
	"chorus/pkg/stage/put"
	"chorus/pkg/wire"
)

// A Store reads and writes records by their keys. It uses nothing but requests
// on two kinds of subjects, so that it works for participants too, whose
// account has no JetStream.
type Store struct {
	nc      *nats.Conn
	refused *refusals
}

// NewStore adds itself to the error handler of nc: the server answers a
// publish that it refuses with an asynchronous error only.
func NewStore(nc *nats.Conn) *Store { return &Store{nc, watch(nc)} }

// answerWait bounds one request. The servers answer within milliseconds or,
// while a leader is being elected, not at all.
const answerWait = 5 * time.Second

// Append stores e under its key, once and for all.
func (s *Store) Append(ctx context.Context, e wire.Entry) error {
	if err := stage.CheckEntry(e); err != nil {
		return err
	}
	err := s.publish(ctx, e.Key.Subject(), e.Body)
	if errors.Is(err, stage.ErrInFlight) && !errors.Is(err, put.ErrBusy) {
		// The leader's in-flight map refuses a key from before its record
		// exists until some time after: only a read tells.
		if _, gerr := s.Get(ctx, e.Key); gerr == nil {
			return fmt.Errorf("%w: %v", stage.ErrExists, e.Key)
		}
	}
	return err
}

// publish stores a message if its subject has none.
func (s *Store) publish(ctx context.Context, subject string, body []byte) error {
	m := nats.NewMsg(subject)
	m.Data = body
	m.Header.Set(jetstream.ExpectedLastSubjSeqHeader, "0")
	r, err := s.request(ctx, m)
	if err != nil {
		return err
	}
	return acked(subject, r.Data)
}

// acked reads a PubAck. There are no message ids, so that a duplicate is a lie.
func acked(subject string, b []byte) error {
	var ack struct {
		Error     *jetstream.APIError `json:"error"`
		Stream    string              `json:"stream"`
		Seq       uint64              `json:"seq"`
		Duplicate bool                `json:"duplicate"`
	}
	if err := json.Unmarshal(b, &ack); err != nil {
		return fmt.Errorf("jetlog: the answer for %s is no acknowledgement: %w", subject, err)
	}
	if ack.Error != nil {
		return fmt.Errorf("%w: %s", meaning(ack.Error), subject)
	}
	if ack.Stream == "" || ack.Seq == 0 || ack.Duplicate {
		return fmt.Errorf("jetlog: the answer for %s acknowledges nothing", subject)
	}
	return nil
}

// request sends m and waits for one answer. While there is nobody to answer or
// no connection it asks again, which is safe: a key is written once.
func (s *Store) request(ctx context.Context, m *nats.Msg) (*nats.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWait)
	defer cancel()
	ctx, forget := s.refused.bind(ctx, func(subject string) bool { return subject == m.Subject })
	defer forget()
	for {
		r, err := s.nc.RequestMsgWithContext(ctx, m)
		if err == nil {
			return r, nil
		}
		if refusal := context.Cause(ctx); errors.Is(refusal, stage.ErrRefused) {
			return nil, refusal
		}
		if !errors.Is(err, nats.ErrNoResponders) && !errors.Is(err, nats.ErrReconnectBufExceeded) {
			return nil, fmt.Errorf("jetlog: no answer for %s: %w", m.Subject, err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("jetlog: nobody answers %s: %w", m.Subject, err)
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// Get returns the record at k. On a replicated stream the answer may come from
// a follower that lags by milliseconds.
func (s *Store) Get(ctx context.Context, k wire.Key) (wire.Record, error) {
	subject := k.Subject()
	r, err := s.request(ctx, nats.NewMsg(GetSubject(StreamOf(k), subject)))
	if err != nil {
		return wire.Record{}, err
	}
	switch status := r.Header.Get("Status"); {
	case status == "404":
		return wire.Record{}, fmt.Errorf("%w: %v", stage.ErrMissing, k)
	case status != "":
		return wire.Record{}, fmt.Errorf("jetlog: direct get of %v: %s %s", k, status, r.Header.Get("Description"))
	case r.Header.Get(jetstream.SubjectHeader) != subject:
		return wire.Record{}, fmt.Errorf("jetlog: direct get of %v answered with %q", k, r.Header.Get(jetstream.SubjectHeader))
	}
	return record(k, r)
}

// record reads the answer to a direct get.
func record(k wire.Key, m *nats.Msg) (wire.Record, error) {
	seq, serr := strconv.ParseUint(m.Header.Get(jetstream.SequenceHeader), 10, 64)
	at, terr := time.Parse(time.RFC3339Nano, m.Header.Get(jetstream.TimeStampHeaer))
	if err := errors.Join(serr, terr); err != nil {
		return wire.Record{}, fmt.Errorf("jetlog: direct get of %v: %w", k, err)
	}
	return wire.Record{Key: k, Body: m.Data, Seq: seq, Time: at}, nil
}

// PutAll stores many parts, see put.All.
func (s *Store) PutAll(ctx context.Context, entries []wire.Entry, window int) error {
	return put.All(ctx, s, entries, window)
}

// Error codes of the server. Two very different ones share codeStore.
const (
	codeNoResources jetstream.ErrorCode = 10023 // the server's storage
	codeNoStorage   jetstream.ErrorCode = 10047
	codeAccountFull jetstream.ErrorCode = 10002
	codeTooLarge    jetstream.ErrorCode = 10054
	codeWrongLast   jetstream.ErrorCode = 10071 // the subject has a message
	codeInFlight    jetstream.ErrorCode = 10164 // a message for the subject is on its way
	codeStore       jetstream.ErrorCode = 10077
	codeBusy        jetstream.ErrorCode = 10167
)

// meaning translates the server's refusal into the contract of stage.Log.
func meaning(e *jetstream.APIError) error {
	switch e.ErrorCode {
	case codeWrongLast:
		return stage.ErrExists
	case codeInFlight:
		return stage.ErrInFlight
	case codeBusy:
		return fmt.Errorf("%w: %w", stage.ErrInFlight, put.ErrBusy)
	case codeTooLarge:
		return fmt.Errorf("%w: %w", stage.ErrRefused, e)
	case codeNoResources, codeNoStorage, codeAccountFull:
		return full(e)
	case codeStore:
		if strings.Contains(e.Description, "per subject") {
			return stage.ErrInFlight
		}
		if strings.Contains(e.Description, "maximum") {
			return full(e)
		}
	}
	return e
}

func full(e error) error {
	return fmt.Errorf("%w; purge finished rounds or raise the size of the stream: %w", stage.ErrFull, e)
}
