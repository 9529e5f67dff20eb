package keylog

import (
	"context"
	"slices"
	"time"

	"github.com/nats-io/nats.go"

	"chorus/pkg/stage"
	"chorus/pkg/stage/jetlog"
	"chorus/pkg/wire"
)

// A reader reads one round. All but its hints belongs to one goroutine.
type reader struct {
	log      *Log
	chains   []*chain
	kinds    []string // subjects of the live copies, one a kind
	hints    chan wire.Key
	lost     chan struct{}            // a hint did not fit
	pauses   map[*chain]time.Duration // hinted at and not found yet: when to look again
	furthest int                      // rank of the latest kind that was found
	complete bool                     // a look at all chains had an answer for each
	caught   bool
}

func newReader(l *Log, session string, round uint32) *reader {
	r := &reader{
		log:      l,
		chains:   chains(session, round),
		hints:    make(chan wire.Key, 256),
		lost:     make(chan struct{}, 1),
		pauses:   map[*chain]time.Duration{},
		furthest: -1,
	}
	for _, c := range r.chains {
		k := c.next
		k.Member = "*"
		if s := k.Prefix() + ".*"; !slices.Contains(r.kinds, s) {
			r.kinds = append(r.kinds, s)
		}
	}
	return r
}

// uses reports whether the server refusing a subject ends the reader.
func (r *reader) uses(subject string) bool {
	return slices.Contains(r.kinds, subject) || slices.ContainsFunc(r.chains, func(c *chain) bool {
		return subject == jetlog.GetSubject(jetlog.LogStream, c.next.Subject())
	})
}

const (
	// A live copy may arrive before its record can be read: by microseconds
	// from one server, by the lag of a follower from three.
	firstPause, lastPause = 2 * time.Millisecond, 512 * time.Millisecond
	// Of ten polls, nine look at the next few kinds only: a thousand
	// participants that ask for thirty keys every 2 s would fill a core.
	polled, fullPoll = 4, 10
)

// run yields until ctx ends or the caller leaves. First the hints, then the
// scan: what is written in between is seen by one of them.
func (r *reader) run(ctx context.Context, yield func(stage.Delivery, error) bool) error {
	unsubscribe, err := r.subscribe()
	if err != nil {
		return err
	}
	defer unsubscribe()
	connected := r.log.nc.StatusChanged(nats.CONNECTED)
	defer r.log.nc.RemoveStatusListener(connected)
	poll := time.NewTicker(r.log.Poll)
	defer poll.Stop()
	look, polls := r.chains, 0
	for ctx.Err() == nil {
		found, err := r.look(ctx, look)
		if err != nil || ctx.Err() != nil || !r.deliver(found, yield) {
			return err
		}
		again := time.NewTimer(r.soonest())
		select {
		case <-ctx.Done():
		case k := <-r.hints:
			look = r.hinted(k)
		case <-r.lost:
			look = r.chains
		case <-connected:
			look = r.chains
		case <-again.C:
			look = r.retried()
		case <-poll.C:
			if polls++; polls%fullPoll == 0 {
				look = r.chains
			} else {
				look = r.ahead()
			}
		}
		again.Stop()
	}
	return nil
}

// subscribe asks for the live copies. The flush makes sure that the server has
// the subscriptions before the first scan; with no connection the scan after
// the next one does.
func (r *reader) subscribe() (unsubscribe func(), err error) {
	var subs []*nats.Subscription
	unsubscribe = func() {
		for _, s := range subs {
			_ = s.Unsubscribe() // fails only where there is nothing to undo
		}
	}
	for _, subject := range r.kinds {
		s, err := r.log.nc.Subscribe(subject, r.hint)
		if err != nil {
			unsubscribe()
			return nil, err
		}
		subs = append(subs, s)
	}
	_ = r.log.nc.FlushTimeout(time.Second)
	return unsubscribe, nil
}

// hint runs in the library's goroutines and must not block.
func (r *reader) hint(m *nats.Msg) {
	k, err := wire.ParseSubject(m.Subject)
	if err != nil {
		return
	}
	select {
	case r.hints <- k:
	default:
		select {
		case r.lost <- struct{}{}:
		default:
		}
	}
}

// deliver reports whether the caller wants more. The first delivery of all
// that has caught up is the last one of the first look that was complete.
func (r *reader) deliver(found []wire.Record, yield func(stage.Delivery, error) bool) bool {
	caught := r.caught || r.complete
	for i, rec := range found {
		r.caught = r.caught || caught && i == len(found)-1
		if !yield(stage.Delivery{Record: rec, Caught: r.caught}, nil) {
			return false
		}
	}
	if caught && !r.caught {
		r.caught = true
		return yield(stage.Delivery{Caught: true}, nil)
	}
	return true
}
