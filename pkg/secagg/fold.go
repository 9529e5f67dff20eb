package secagg

import (
	"bytes"

	"chorus/pkg/wire"
)

// A Fold is what the machine of every stage starts with: the round, its timers
// and its end.
type Fold struct {
	*Round
	Stage string
	Over  bool // nothing this stage could add changes the round any more

	armed map[wire.Phase]uint32 // part of the timer that is out
	up    map[wire.Phase]bool
}

// NewFold reads the Open. An Open that nobody can run is an error: the round is
// not folded.
func NewFold(stage string, open wire.Record) (*Fold, error) {
	r, err := NewRound(open)
	if err != nil {
		return nil, err
	}
	return &Fold{Round: r, Stage: stage, armed: map[wire.Phase]uint32{}, up: map[wire.Phase]bool{}}, nil
}

// A Body is what a stage adds to a Fold.
type Body interface {
	Start() []wire.Entry               // once the roster is there
	Take(rec wire.Record) []wire.Entry // every later record, until the fold is over
}

// A Machine is a stage's machine: the same first steps for all of them, then
// its Body.
type Machine struct {
	*Fold
	Body
}

// NewMachine reads the Open for a stage.
func NewMachine(stage string, open wire.Record, body func(f *Fold) Body) (*Machine, error) {
	f, err := NewFold(stage, open)
	if err != nil {
		return nil, err
	}
	return &Machine{f, body(f)}, nil
}

// Step folds in one record.
func (m *Machine) Step(rec wire.Record) []wire.Entry {
	switch {
	case m.Over:
		return nil
	case rec.Key.Kind == wire.KindRoster:
		ready, es := m.takeRoster(rec)
		if ready {
			es = m.Start()
		}
		return es
	case !m.Complete():
		return nil
	}
	return m.Take(rec)
}

// takeRoster folds in a roster part. It reports whether the round is complete
// by it, and aborts a round whose roster is not the one that the Open names.
func (f *Fold) takeRoster(rec wire.Record) (ready bool, es []wire.Entry) {
	was := f.Complete()
	if err := f.AddRoster(rec); err != nil {
		return false, f.Abort(wire.Malformed, err.Error())
	}
	return !was && f.Complete(), nil
}

// Abort ends the round.
func (f *Fold) Abort(why wire.Reason, detail string) []wire.Entry {
	f.Over = true
	if len(detail) > 200 {
		detail = detail[:200]
	}
	return []wire.Entry{{Key: f.Key(wire.KindAbort, f.Stage, 0), Body: wire.Encode(&wire.Abort{Reason: why, Detail: detail})}}
}

// Arm asks for the deadline of a phase.
func (f *Fold) Arm(p wire.Phase) []wire.Entry {
	at := f.Open.Deadline(p)
	return []wire.Entry{{Key: f.Key(wire.KindDeadline, string(p), f.armed[p]), Body: deadlineBody(&f.Open, p), NotBefore: at}}
}

func deadlineBody(o *wire.Open, p wire.Phase) []byte {
	return wire.Encode(&wire.Deadline{At: o.Deadline(p).UnixMilli()})
}

// Disarm takes the timer of a phase back: the phase is over before its time.
func (f *Fold) Disarm(p wire.Phase) []wire.Entry {
	return []wire.Entry{{Key: f.Key(wire.KindDeadline, string(p), f.armed[p])}}
}

// TakeDeadline folds in a deadline record. One that was stored before its time,
// or says something else, is void, and the fold asks for the next one.
func (f *Fold) TakeDeadline(rec wire.Record) []wire.Entry {
	p := wire.Phase(rec.Key.Member)
	if rec.Key.Part != f.armed[p] || f.up[p] {
		return nil
	}
	if rec.Time.Before(f.Open.Deadline(p)) || !bytes.Equal(rec.Body, deadlineBody(&f.Open, p)) {
		f.armed[p]++
		return f.Arm(p)
	}
	f.up[p] = true
	return nil
}

// Up reports whether the time of a phase is up.
func (f *Fold) Up(p wire.Phase) bool { return f.up[p] }

// Order is the entry that asks a worker for the record at key.
func Order(key wire.Key, m wire.Message) wire.Entry {
	return wire.Entry{Key: key, Body: wire.Encode(m), Task: true}
}

// A Tally sorts the members of a phase into those that are in and those that
// are out, with their reasons.
type Tally struct {
	n     int
	In    Set
	Body  map[int][]byte // the record bodies of In
	Wait  map[int]bool   // header seen, intake outstanding
	out   map[int]wire.Reason
	heads map[int][]byte
}

// NewTally returns an empty tally over a roster of n.
func NewTally(n int) *Tally {
	return &Tally{n: n, In: Set{}, Body: map[int][]byte{}, Wait: map[int]bool{}, out: map[int]wire.Reason{}, heads: map[int][]byte{}}
}

// Exclude notes why a member is out; the first reason stays.
func (t *Tally) Exclude(i int, why wire.Reason) {
	if _, ok := t.out[i]; !ok && i >= 0 {
		t.out[i] = why
	}
}

// Out reports whether a member has been excluded.
func (t *Tally) Out(i int) bool { _, ok := t.out[i]; return ok }

// Admit puts a member in.
func (t *Tally) Admit(i int, body []byte) {
	t.In[i], t.Body[i] = wire.Sum(body), body
}

// Hold notes a header whose bulk is being looked at.
func (t *Tally) Hold(i int, body []byte) { t.Wait[i], t.heads[i] = true, body }

// Settle folds in the intake of a held header.
func (t *Tally) Settle(i int, intake *wire.Intake) {
	if !t.Wait[i] || intake.Header != wire.Sum(t.heads[i]) {
		return
	}
	delete(t.Wait, i)
	if intake.Reason == "" {
		t.Admit(i, t.heads[i])
	} else {
		t.Exclude(i, intake.Reason)
	}
}

// Excluded lists everyone of among who is not in, by reason; who never came is
// absent.
func (t *Tally) Excluded(among wire.Bitmap) (out []wire.Exclusion) {
	by := map[wire.Reason]wire.Bitmap{}
	for i := range among.All() {
		if _, in := t.In[i]; in {
			continue
		}
		why, ok := t.out[i]
		if !ok {
			why = wire.Absent
		}
		if by[why] == nil {
			by[why] = wire.NewBitmap(t.n)
		}
		by[why].Add(i)
	}
	return Exclusions(by)
}

// Exclusions lists a map of reasons in the order that messages need.
func Exclusions(by map[wire.Reason]wire.Bitmap) (out []wire.Exclusion) {
	for _, why := range wire.SortedReasons() {
		if b, ok := by[why]; ok && b.Len() > 0 {
			out = append(out, wire.Exclusion{Reason: why, Who: b})
		}
	}
	return out
}

// Bundle is the records of everyone who is in.
func (t *Tally) Bundle() *wire.Bundle { return BundleOf(t.Body) }

// BundleOf packs record bodies by position.
func BundleOf(bodies map[int][]byte) *wire.Bundle {
	b := new(wire.Bundle)
	for _, i := range sortedKeys(bodies) {
		b.Items = append(b.Items, wire.Item{Position: uint16(i), Body: bodies[i]})
	}
	return b
}

// Full returns the set of all n positions.
func Full(n int) wire.Bitmap {
	b := wire.NewBitmap(n)
	for i := range n {
		b.Add(i)
	}
	return b
}

// Read decodes a record that another stage derived or observed. One that does
// not decode ends the round: the stages disagree on the vocabulary.
func (f *Fold) Read(rec wire.Record, m wire.Message) []wire.Entry {
	if err := wire.DecodeBody(rec.Body, m); err != nil {
		return f.Abort(wire.Malformed, rec.Key.Subject()+": "+err.Error())
	}
	for _, b := range setsOf(m) {
		if err := b.Fits(f.N()); err != nil {
			return f.Abort(wire.Malformed, rec.Key.Subject()+": "+err.Error())
		}
	}
	return nil
}

// setsOf lists the sets of roster positions in what stages tell each other.
func setsOf(m wire.Message) []wire.Bitmap {
	switch m := m.(type) {
	case *wire.Setup:
		return []wire.Bitmap{m.U1}
	case *wire.ShareSet:
		return []wire.Bitmap{m.U2}
	case *wire.Collection:
		return []wire.Bitmap{m.Members}
	case *wire.Complaints:
		return []wire.Bitmap{m.Excess}
	case *wire.Accepted:
		return []wire.Bitmap{m.Members}
	case *wire.Rebuilt:
		return []wire.Bitmap{m.Helpers, m.Lost}
	}
	return nil
}
