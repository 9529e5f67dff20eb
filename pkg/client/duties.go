package client

import (
	"fmt"
	"slices"

	"chorus/pkg/secagg"
	"chorus/pkg/secagg/finder"
	"chorus/pkg/wire"
)

// An Event is something to show to people.
type Event struct {
	Round uint32
	Duty  string // one of secagg.Duties, or "catch up"
	Done  int    // records of Total stored; 0 of 0: the duty begins
	Total int
	Bytes int64
	Text  string
}

func dutyIndex(name string) int { return slices.Index(secagg.Duties, name) }

// duties says by which duty a header is sent.
var duties = map[wire.Kind]string{wire.KindAdvert: "advertise keys", wire.KindShares: "share keys", wire.KindComplaint: "open boxes",
	wire.KindInput: "contribute", wire.KindWitness: "witness the collection", wire.KindAnswer: "answer complaints",
	wire.KindConsent: "consent to A", wire.KindReveal: "reveal shares", wire.KindAttest: "attest the result",
	wire.KindSharesPart: "share keys", wire.KindInputPart: "contribute", wire.KindCommitPart: "contribute", wire.KindRevealPart: "reveal shares"}

func dutyOf(k wire.Kind) string { return duties[k] }

func (c *Client) tell(e Event) {
	if c.cfg.Progress == nil {
		return
	}
	c.telling.Lock()
	defer c.telling.Unlock()
	c.cfg.Progress(e)
}

// show reports a new duty, once, and renews what Duties answers.
func (d *drive) show() {
	d.look()
	if d.machine.Over() {
		return
	}
	if now := d.machine.Doing(); now != d.doing {
		d.doing = now
		d.tell(Event{Round: d.round, Duty: secagg.Duties[now]})
	}
	if why := d.machine.Observing(); why != nil && !d.shown {
		d.shown = true
		d.tell(Event{Round: d.round, Duty: secagg.Duties[d.doing], Text: why.Error()})
	}
}

// receipt tells that a header and all its bulk are in the log.
func (d *drive) receipt(r receipt) {
	d.look()
	text := fmt.Sprintf("stored %s, sha256 %s", r.header, r.digest)
	if r.again {
		text = fmt.Sprintf("found %s, sha256 %s", r.header, r.digest)
	}
	d.tell(Event{Round: d.round, Duty: dutyOf(r.header.Kind), Done: r.records, Total: r.records, Bytes: r.bytes, Text: text})
}

// A Duty is one thing that this member does in a round.
type Duty struct {
	Name string
	Done bool
	Loss string // what the round loses if the member leaves before it; "": nothing
}

// A standing is where the round is, for Duties.
type standing struct {
	doing   int
	unsent  bool
	gives   bool // has an input to lose
	watches bool // an observer: nothing depends on it
	u1, u2  int  // 0: not known yet
	t       int
	quorum  int
	attest  int
}

// Duties lists what this member does in the round that runs, and what the round
// loses if it leaves now; nil if none runs. It may be called at any time.
func (c *Client) Duties() []Duty {
	c.looking.Lock()
	defer c.looking.Unlock()
	if c.now == nil {
		return nil
	}
	out := make([]Duty, len(secagg.Duties))
	for i, name := range secagg.Duties {
		out[i] = Duty{Name: name, Done: i < c.now.doing && !c.now.unsent}
		if !out[i].Done {
			out[i].Loss = c.now.loss(i)
		}
	}
	return out
}

var (
	contributes = dutyIndex("contribute")
	consents    = dutyIndex("consent to A")
	reveals     = dutyIndex("reveal shares")
	attests     = dutyIndex("attest the result")
)

// loss is what the round loses without a duty.
func (s *standing) loss(duty int) string {
	if s.watches || duty > attests {
		return ""
	}
	input := ""
	if s.gives && duty <= contributes {
		input = "this input and "
	}
	if s.u2 == 0 {
		return input + "a member that others would count on"
	}
	need, what := s.quorum, "members that can sign"
	switch {
	case duty == reveals:
		need, what = s.t, "members that can reveal"
	case duty == attests:
		need, what = s.attest, "members that can attest"
	case duty < consents:
		need = max(s.t, s.quorum)
	}
	return fmt.Sprintf("%sone of %d spare %s", input, max(0, s.u2-need), what)
}

// stand replaces what Duties answers from.
func (c *Client) stand(s *standing) {
	c.looking.Lock()
	defer c.looking.Unlock()
	c.now = s
}

// look notes where the machine is. Sizes come from the setup and the share set,
// as far as they have been read; Participant checked them if it is past them.
func (d *drive) look() {
	s := &standing{doing: d.machine.Doing(), unsent: d.unsent > 0, gives: d.gives,
		watches: d.outbox == nil || d.machine.Observing() != nil}
	s.u1, s.u2 = d.u1, d.u2
	if r := d.machine.Round(); r != nil && r.Complete() && s.u1 > 0 && s.u2 > 0 {
		if p, err := r.Params(s.u1); err == nil {
			s.t, s.quorum, s.attest = p.T, finder.Quorum(s.u2, r.Corrupt), finder.Attestors(s.u2, r.Corrupt)
		}
	}
	d.stand(s)
}

// count notes the sizes of U1 and U2, for people only.
func (d *drive) count(rec wire.Record) {
	switch rec.Key.Kind {
	case wire.KindSetup:
		var m wire.Setup
		if wire.DecodeBody(rec.Body, &m) == nil {
			d.u1 = m.U1.Len()
		}
	case wire.KindShareSet:
		var m wire.ShareSet
		if wire.DecodeBody(rec.Body, &m) == nil {
			d.u2 = m.U2.Len()
		}
	}
}
