package secagg

import (
	"context"
	"crypto/ed25519"
	"errors"
	"testing"

	"chorus/pkg/wire"
)

// store answers from memory, or fails as a network does.
type store struct {
	records map[wire.Key][]byte
	failing wire.Key
}

var errNetwork = errors.New("no answer")

func (s store) Get(_ context.Context, k wire.Key) (wire.Record, error) {
	if b, ok := s.records[k]; ok && k != s.failing {
		return wire.Record{Key: k, Body: b}, nil
	}
	return wire.Record{}, errNetwork
}

// TestNetworkIsNoFaultOfTheDealer: what cannot be read now is read again later;
// only what a dealer put under its header can make it leave.
func TestNetworkIsNoFaultOfTheDealer(t *testing.T) {
	d := deal(t, 3)
	d.Open.Session, d.Open.Round = "s", 1
	chunks := make([][]byte, 4)
	for i := range chunks {
		chunks[i] = []byte{byte(i)} // the last one is no list of commitments
	}
	parts, es := wire.PackParts(d.Key(wire.KindSharesPart, "m0", 0), chunks)
	s := store{records: map[wire.Key][]byte{}}
	for _, e := range es {
		s.records[e.Key] = e.Body
	}
	_, id, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.records[d.Key(wire.KindComplaint, "m1", 0)] = Sign(id, wire.KindComplaint, d.Ctx,
		&wire.Complaint{Boxes: []wire.BoxRef{{Dealer: 0, Box: wire.Sum(chunks[1])}}})
	o := &wire.SettleOrder{U1: d.u, U2: d.u, SetupRoot: d.setup, Disputes: []wire.Dispute{{Dealer: 0, Complainer: 1}}, Answered: wire.NewBitmap(3)}
	load := func() (*Case, error) {
		c := &Case{d.Round, map[wire.Dispute]wire.Digest{}, map[wire.Dispute]wire.Digest{}, map[int]*Commitments{}, map[wire.Dispute][]byte{}}
		return c, c.load(context.Background(), s, o, o.Disputes[0], &wire.Shares{Boxes: parts})
	}
	if c, err := load(); err != nil || c.commitment[0] != nil || len(c.Settle(o).Leaving) != 1 {
		t.Fatalf("a dealing that is none does not make its dealer leave: %v", err)
	}
	s.failing = d.Key(wire.KindSharesPart, "m0", 4)
	if _, err := load(); !errors.Is(err, errNetwork) {
		t.Fatalf("a lost answer of the store passes for the dealer's fault: %v", err)
	}
}

// TestAnswersAreHeldAgainstCommitments: a settlement is a service's word; a
// complainer takes a published share only if the dealer's commitments fit it.
func TestAnswersAreHeldAgainstCommitments(t *testing.T) {
	d := deal(t, 3)
	d.Open.Session, d.Open.Round = "s", 1
	pub, id, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	d.Roster.Members[0].Identity = [wire.IdentitySize]byte(pub)
	good := d.boxes[1][0]
	bad := append([]byte(nil), good...)
	bad[0] ^= 1
	key := d.Key(wire.KindAnswer, "m0", 0)
	for name, c := range map[string]struct {
		share []byte
		root  wire.Digest
		taken bool
	}{"right": {good, d.setup, true}, "wrong share": {bad, d.setup, false}, "another setup root": {good, wire.Digest{1}, false}} {
		p := &Participant{round: d.Round, pos: 1, boxes: map[int][]byte{}, disputedBy: map[int]*Commitments{0: d.commit[0]}}
		p.setup.Root = d.setup
		p.facts = map[wire.Key][]byte{key: Sign(id, wire.KindAnswer, d.Ctx, &wire.Answer{SetupRoot: c.root, Shares: []wire.Dealt{{Complainer: 1, Share: c.share}}})}
		p.takeAnswer(0, key)
		if _, taken := p.boxes[0]; taken != c.taken {
			t.Errorf("%s: taken %v", name, taken)
		}
	}
}
