package world

import (
	"errors"
	"fmt"

	"chorus/pkg/secagg"
	"chorus/pkg/secagg/finder"
	"chorus/pkg/wire"
)

// What must hold at every step of every round, whoever crashes or lies.
var (
	ErrRewritten  = errors.New("a record of the log changed")
	ErrOtherBytes = errors.New("an honest member sent two things at one key")
	ErrTwoSets    = errors.New("an honest member consented to two sets in one round")
	ErrSmallSet   = errors.New("an accepted set is smaller than floor + A_corr")
	ErrReplicas   = errors.New("two replicas differ at the same position")
	ErrBothShares = errors.New("an honest member gave both shares of a dealer")
	ErrOpenInput  = errors.New("both seeds of an honest member can be rebuilt")
)

// A watch is what the invariants remember of a round.
type watch struct {
	log      []wire.Digest // of every record, in order
	sent     map[wire.Key][]byte
	consents map[string]wire.Digest
	folds    map[position]wire.Digest
	broken   error
}

// A position is how far a stage has read.
type position struct {
	stage string
	read  int
}

func newWatch() *watch {
	return &watch{sent: map[wire.Key][]byte{}, consents: map[string]wire.Digest{}, folds: map[position]wire.Digest{}}
}

func (w *watch) breaks(err error) {
	if w.broken == nil {
		w.broken = err
	}
}

// emitted looks at what an honest member is about to send.
func (w *watch) emitted(name string, es []wire.Entry) {
	for _, e := range es {
		var c wire.Consent
		if _, err := wire.DecodeSigned(e.Body, &c); e.Key.Kind == wire.KindConsent && err == nil {
			if old, ok := w.consents[name]; ok && old != c.Accepted {
				w.breaks(fmt.Errorf("%w: %s", ErrTwoSets, name))
			}
			w.consents[name] = c.Accepted
		}
		if old, ok := w.sent[e.Key]; ok && string(old) != string(e.Body) {
			w.breaks(fmt.Errorf("%w: %s", ErrOtherBytes, e.Key))
		}
		w.sent[e.Key] = e.Body
	}
}

// folded compares a replica with what others were at the same position. What
// goes to other streams than the log is not a function of the position: whoever
// stored it has taken it off.
func (w *watch) folded(f *fold) {
	var all [][]byte
	for _, e := range f.kernel.Pending() {
		if e.Key.Kind.Row().Stream == wire.Log {
			all = append(all, fmt.Appendf(nil, "%s %v %d %x", e.Key, e.Task, e.NotBefore.UnixNano(), e.Body))
		}
	}
	at, now := position{f.spec.Name, f.read}, wire.Tagged("pending", all...)
	if was, ok := w.folds[at]; ok && was != now {
		w.breaks(fmt.Errorf("%w: %s after %d records", ErrReplicas, at.stage, at.read))
	}
	w.folds[at] = now
}

// extended checks that the log has only grown.
func (w *watch) extended(records []wire.Record) {
	for i, r := range records {
		d := wire.Tagged("record", []byte(r.Key.Subject()), r.Body, fmt.Appendf(nil, "%d", r.Seq))
		if i == len(w.log) {
			w.log = append(w.log, d)
		} else if w.log[i] != d {
			w.breaks(fmt.Errorf("%w: %s", ErrRewritten, r.Key))
		}
	}
	if len(records) < len(w.log) {
		w.breaks(fmt.Errorf("%w: %d of %d records are left", ErrRewritten, len(records), len(w.log)))
	}
}

// checkRound looks at a round that is over, certified or aborted.
func (w *World) checkRound(records []wire.Record) error {
	w.watch.extended(records)
	if w.watch.broken != nil {
		return w.watch.broken
	}
	r, u1 := w.public(records)
	if r == nil || !r.Complete() {
		return nil
	}
	for _, rec := range records {
		var a wire.Accepted
		least := finder.MinAccepted(int(r.Open.Floor), r.Corrupt)
		if rec.Key.Kind == wire.KindAccepted && wire.DecodeBody(rec.Body, &a) == nil && a.Members.Len() < least {
			return fmt.Errorf("%w: %d of %d", ErrSmallSet, a.Members.Len(), least)
		}
	}
	v := &View{Round: r, U1: u1, Get: func(k wire.Key) ([]byte, bool) { b, ok := w.watch.sent[k]; return b, ok }}
	for i, m := range w.Members {
		if m.honest() {
			v.Honest = append(v.Honest, i)
		}
	}
	return v.Check()
}

// public is the round as anyone reads it, and U1.
func (w *World) public(records []wire.Record) (r *secagg.Round, u1 wire.Bitmap) {
	for _, rec := range records {
		if rec.Key.Kind == wire.KindOpen {
			r, _ = secagg.NewRound(rec)
		}
	}
	for _, rec := range records {
		var s wire.Setup
		switch {
		case r != nil && rec.Key.Kind == wire.KindRoster:
			_ = r.AddRoster(rec)
		case rec.Key.Kind == wire.KindSetup && wire.DecodeBody(rec.Body, &s) == nil:
			u1 = s.U1
		}
	}
	return r, u1
}
