package stage

import (
	"bytes"
	"fmt"
	"slices"

	"chorus/pkg/wire"
)

// A Kernel folds the records of one round into the machine of one stage, checks
// what the stage derives against what the log holds, and keeps what the log
// still lacks. It does no I/O.
type Kernel struct {
	spec    Spec
	machine Machine
	early   []wire.Record // before the Open
	seen    map[wire.Key]bool
	derived map[wire.Key][]byte
	pending []wire.Entry // in the order in which they were caused
	ended   bool
	void    error // why this round is not ours to fold
}

// A Divergence is a record of the stage's own that its fold does not derive.
type Divergence struct {
	Record wire.Record
	Want   []byte // nil: nothing is derived at this key
}

func (d *Divergence) Error() string {
	if d.Want == nil {
		return fmt.Sprintf("stage: record %d at %s is not derived by the records before it", d.Record.Seq, d.Record.Key)
	}
	return fmt.Sprintf("stage: record %d at %s differs from what the records before it derive", d.Record.Seq, d.Record.Key)
}

// NewKernel returns the kernel of spec for one round.
func NewKernel(spec Spec) *Kernel {
	return &Kernel{spec: spec, seen: map[wire.Key]bool{}, derived: map[wire.Key][]byte{}}
}

// Apply folds in the next record of the round. The first record on a key wins,
// whatever the log does. The only error is a *Divergence: the record has then
// not been folded.
func (k *Kernel) Apply(r wire.Record) error {
	if k.seen[r.Key] || k.ended || k.void != nil {
		return nil
	}
	if k.machine == nil && r.Key.Kind != wire.KindOpen {
		// Only the roster belongs before the Open: nothing else can have been
		// said about a round that nobody has seen.
		if r.Key.Kind == wire.KindRoster && len(k.early) < wire.MaxEarly {
			k.early = append(k.early, r)
		}
		return nil
	}
	k.seen[r.Key] = true
	if r.Key.Kind == wire.KindOpen {
		return k.open(r)
	}
	return k.fold(r)
}

func (k *Kernel) open(r wire.Record) error {
	m, err := k.spec.New(r)
	if err != nil {
		k.void = err
		return nil
	}
	k.machine = m
	early := k.early
	k.early = nil
	for _, e := range early {
		if err := k.Apply(e); err != nil {
			return err
		}
	}
	return nil
}

func (k *Kernel) fold(r wire.Record) error {
	if slices.Contains(k.spec.Derives, r.Key.Kind) {
		want, ok := k.derived[r.Key]
		if !ok || !bytes.Equal(want, r.Body) {
			return &Divergence{r, want}
		}
	}
	k.drop(r.Key)
	if r.Key.Kind.Terminal() {
		k.end()
		return nil
	}
	if slices.Contains(k.spec.Reads, r.Key.Kind) {
		k.add(k.machine.Step(r))
	}
	return nil
}

// add makes what Step returned pending, unless the log holds it already. An
// entry with neither body, time nor task withdraws the pending one at its key.
func (k *Kernel) add(es []wire.Entry) {
	for _, e := range es {
		switch {
		case e.Body == nil:
			k.drop(e.Key)
		case !k.seen[e.Key]:
			if !e.Task && e.NotBefore.IsZero() {
				k.derived[e.Key] = e.Body
			}
			k.pending = append(k.pending, e)
		}
	}
}

func (k *Kernel) drop(key wire.Key) {
	k.pending = slices.DeleteFunc(k.pending, func(e wire.Entry) bool { return e.Key == key })
}

// end releases the memory of a finished round.
func (k *Kernel) end() {
	k.ended = true
	k.machine, k.early, k.pending, k.seen, k.derived = nil, nil, nil, nil, nil
}

// Pending returns what the fold has caused and the log does not hold, in order.
func (k *Kernel) Pending() []wire.Entry { return k.pending }

// Stored takes e off the pending list: for streams that the fold does not read.
func (k *Kernel) Stored(e wire.Entry) { k.drop(e.Key) }

// Ended reports whether the round is over for this stage.
func (k *Kernel) Ended() bool { return k.ended || k.void != nil }

// Void says why this stage does not fold the round at all; nil if it does.
func (k *Kernel) Void() error { return k.void }

// Machine is for inspection; nil before the Open and after the end.
func (k *Kernel) Machine() Machine { return k.machine }

// Withdraw is the entry by which a machine takes back a timer or a task.
func Withdraw(key wire.Key) wire.Entry { return wire.Entry{Key: key} }
