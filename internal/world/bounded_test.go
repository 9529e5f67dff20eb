package world

import (
	"testing"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// TestMembersKeepNoJunk: of all that a hostile server may send, a member keeps
// what its round can have and what it asked for.
func TestMembersKeepNoJunk(t *testing.T) {
	w := New(Setting{Seed: 9, N: 4, Dim: 3, Fair: true})
	w.Open()
	m := w.Members[0]
	p := secagg.NewParticipant(m.Config(), new(secagg.Memory), nil)
	for _, r := range w.Records() {
		p.Step(r)
	}
	round := p.Round()
	other := wire.Key{Session: "other", Round: 1, Kind: wire.KindSetup, Member: wire.Nobody}
	body := make([]byte, wire.MaxBody)
	before := p.Kept()
	for i := range uint32(500) {
		for _, k := range []wire.Key{round.Key(wire.KindDeadline, "share-keys", i), round.Key(wire.KindResultPart, wire.Nobody, i+1),
			round.Key(wire.KindSharesPart, "m001", i), round.Key(wire.KindAbort, "nobody", 0), round.Key(wire.KindSetup, "m001", 0),
			round.Key(wire.KindComplaint, "m001", 0), other} {
			p.Step(wire.Record{Key: k, Body: body})
		}
	}
	if after := p.Kept(); after != before {
		t.Fatalf("a member keeps %d records, %d before the junk", after, before)
	}
}
