package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"chorus/pkg/secagg"
	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// linger is how long a certified round waits for what is still being sent: the
// certificate needs none of it.
const linger = 2 * time.Second

// A drive is the machine of one round with its hands: one goroutine steps and
// saves, others read, get and send.
type drive struct {
	*Client
	round      uint32
	machine    *secagg.Participant
	ledger     *ledger // nil: an observer that remembers nothing
	outbox     *outbox // nil: an observer
	slot       *slot   // nil: an observer
	leaveAfter int     // -1: never
	gives      bool

	records chan wire.Record
	failed  chan error
	fetch   *fetcher
	unsent  int
	doing   int // of the last event; -1: none
	shown   bool
	u1, u2  int // sizes, for Duties; 0: not known yet
}

func (c *Client) newDrive(round uint32, l *ledger) *drive {
	return &drive{Client: c, round: round, ledger: l, leaveAfter: -1, doing: -1,
		records: make(chan wire.Record, 64), failed: make(chan error, 2), fetch: newFetcher(c.cfg.Log)}
}

// run drives the machine until the round is over for it.
func (d *drive) run(ctx context.Context, open wire.Record) (*secagg.Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { d.failed <- d.read(ctx) })
	if d.outbox != nil {
		all.Go(func() { d.failed <- d.outbox.run(ctx) })
	}
	err := d.take(open)
	if err == nil {
		err = d.loop(ctx)
	}
	cancel()
	all.Wait()
	d.fetch.all.Wait()
	d.stand(nil)
	return d.end(err)
}

func (d *drive) loop(ctx context.Context) error {
	var late <-chan time.Time
	for !d.over() {
		if d.machine.Done() && late == nil {
			late = time.After(linger)
		}
		var again <-chan time.Time
		if wait := d.fetch.start(ctx, d.machine.Wants()); wait > 0 {
			again = time.After(wait)
		}
		var err error
		select {
		case rec := <-d.records:
			d.fetch.wake()
			err = d.take(rec)
		case g := <-d.fetch.got:
			err = d.land(ctx, g)
		case r := <-d.stored():
			d.unsent--
			d.receipt(r)
		case err = <-d.failed:
		case <-again:
		case <-late:
			return nil
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
	return d.left()
}

func (d *drive) stored() <-chan receipt {
	if d.outbox == nil {
		return nil
	}
	return d.outbox.stored
}

// over reports that nothing is left to do. After a refusal or an abort, what is
// not sent yet is not sent any more.
func (d *drive) over() bool {
	if d.machine.Err() != nil || d.machine.Aborted() != nil {
		return true
	}
	return d.unsent == 0 && (d.machine.Done() || d.leaving())
}

func (d *drive) leaving() bool { return d.leaveAfter >= 0 && d.machine.Doing() > d.leaveAfter }

func (d *drive) left() error {
	if !d.machine.Over() && d.leaving() {
		return ErrLeft
	}
	return nil
}

// land steps the machine with what a get returned.
func (d *drive) land(ctx context.Context, g fetched) error {
	d.fetch.land(g)
	rec, err := g.record(ctx)
	if rec == nil || err != nil {
		return err
	}
	return d.take(*rec)
}

// read passes on the public records of the round, from the first one again
// after every failure: the machine takes each once.
func (d *drive) read(ctx context.Context) error {
	for pause := firstPause; ; pause = longer(pause) {
		for got, err := range d.cfg.Log.Read(ctx, d.cfg.Session, d.round) {
			if errors.Is(err, stage.ErrRefused) {
				return err
			}
			if err != nil {
				break
			}
			if row := got.Key.Kind.Row(); !row.Public || row.Member == "name" {
				continue // the machine asks for these by key
			}
			select {
			case d.records <- got.Record:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// take steps the machine, saves, and only then lets go of what it wants sent.
func (d *drive) take(rec wire.Record) error {
	es := d.machine.Step(rec)
	d.count(rec)
	if err := d.save(); err != nil {
		return err
	}
	d.show()
	if d.outbox != nil {
		d.unsent += d.outbox.add(d.before(es))
	}
	return nil
}

// before cuts off what belongs to duties after the one to leave after: one step
// may do several, and steps go on while the last answer is being sent. Those
// answers stay on disk, unsent.
func (d *drive) before(es []wire.Entry) []wire.Entry {
	if d.leaveAfter < 0 {
		return es
	}
	return slices.DeleteFunc(slices.Clone(es), func(e wire.Entry) bool { return dutyIndex(dutyOf(e.Key.Kind)) > d.leaveAfter })
}

// save writes State, then Memory. Crash points: State alone, with the Memory of
// before, resumes; Memory alone, which a removed State file leaves, observes.
func (d *drive) save() error {
	s, dirty := d.machine.State()
	if !dirty || d.ledger == nil {
		return nil
	}
	if s != nil && d.slot != nil {
		if err := d.slot.save(s); err != nil {
			return err
		}
	}
	if d.machine.Done() {
		d.ledger.Certified = d.round
	}
	return d.folder.saveLedger(d.cfg.Session, d.ledger)
}

// end says how the round ended, and clears away what a later life must not
// resume: a round that is over, and one whose state is an older copy.
func (d *drive) end(err error) (*secagg.Outcome, error) {
	if d.slot != nil && (d.machine.Over() || errors.Is(err, secagg.ErrRolledBack)) {
		err = errors.Join(err, d.slot.clear())
	}
	switch {
	case d.machine.Err() != nil:
		err = errors.Join(d.machine.Err(), err)
	case err == nil && d.machine.Aborted() != nil:
		a := d.machine.Aborted()
		return nil, &AbortedError{Round: d.round, Reason: a.Reason, Detail: a.Detail}
	}
	if err != nil {
		return nil, fmt.Errorf("round %d: %w", d.round, err)
	}
	return d.machine.Outcome()
}
