package keybroker

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"testing"

	"chorus/pkg/secagg"
	"chorus/pkg/secagg/box"
	"chorus/pkg/wire"
)

// TestComplaintsFit: whatever A_corr members complain about, the list of
// disputes and the order to settle them fit their records.
func TestComplaintsFit(t *testing.T) {
	m, ids := atShareSet(t, 300)
	for i := range m.Corrupt {
		c := &wire.Complaint{SetupRoot: m.setup.Root, ShareRoot: m.shareSet.Root}
		for dealer := range m.Corrupt {
			c.Boxes = append(c.Boxes, wire.BoxRef{Dealer: uint16(10*i + dealer)})
		}
		m.Take(said(m, ids, i, wire.KindComplaint, c))
	}
	for _, e := range append(m.Take(wire.Record{Key: m.Key(wire.KindCollection, wire.Nobody, 0)}), m.closeAfter()...) {
		if len(e.Body) > wire.MaxBody || e.Task && len(e.Body) > wire.MaxTask {
			t.Errorf("%s takes %d bytes", e.Key, len(e.Body))
		}
	}
	if n := len(m.disputes.Disputes); n != maxDisputes {
		t.Errorf("%d disputes are heard", n)
	}
}

// closeAfter is the order when the time for answers is up.
func (m *machine) closeAfter() []wire.Entry {
	at := m.Open.Deadline(wire.ComplaintsPhase)
	return m.Take(wire.Record{Key: m.Key(wire.KindDeadline, string(wire.ComplaintsPhase), 0), Time: at,
		Body: wire.Encode(&wire.Deadline{At: at.UnixMilli()})})
}

func said(m *machine, ids []ed25519.PrivateKey, i int, kind wire.Kind, msg wire.Message) wire.Record {
	return wire.Record{Key: m.Key(kind, m.Name(i), 0), Body: secagg.Sign(ids[i], kind, m.Ctx, msg)}
}

// atShareSet is a machine among n members that have all advertised and dealt.
func atShareSet(t *testing.T, n int) (*machine, []ed25519.PrivateKey) {
	t.Helper()
	m, ids := atOpen(t, n)
	for i := range n {
		key, err := box.NewPrivateKey([32]byte{byte(i), byte(i >> 8), 1})
		if err != nil {
			t.Fatal(err)
		}
		a := &wire.Advert{BoxKey: key.PublicKey()}
		copy(a.MaskKey[:], a.BoxKey[len(a.BoxKey)-32:])
		m.Take(said(m, ids, i, wire.KindAdvert, a))
	}
	s := &wire.Shares{SetupRoot: m.setup.Root}
	s.Boxes.Count, s.Boxes.Bytes = secagg.SharesParts(n)
	for i := range n {
		rec := said(m, ids, i, wire.KindShares, s)
		m.Take(rec)
		m.Take(wire.Record{Key: m.Key(wire.KindSharesIntake, m.Name(i), 0), Body: wire.Encode(&wire.Intake{Header: wire.Sum(rec.Body)})})
	}
	return m, ids
}

func atOpen(t *testing.T, n int) (*machine, []ed25519.PrivateKey) {
	t.Helper()
	_, opener, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	roster := &wire.Roster{Session: "many", Version: 1, Opener: [32]byte(opener.Public().(ed25519.PublicKey))}
	var ids []ed25519.PrivateKey
	for i := range n {
		id := ed25519.NewKeyFromSeed([]byte(fmt.Sprintf("%032d", i)))
		ids = append(ids, id)
		roster.Members = append(roster.Members, wire.Member{Name: fmt.Sprintf("m%05d", i), MaxWeight: 1, Identity: [32]byte(id.Public().(ed25519.PublicKey))})
	}
	parts := wire.RosterEntries("many", 1, secagg.SignRoster(opener, roster))
	o := &wire.Open{Version: wire.Version, Session: "many", Round: 1, RosterRoot: roster.Root(), RosterParts: uint32(len(parts)),
		Update: wire.UpdateMean, Dim: 1, Bits: 16, Clip: 1, MaxWeight: 1, Weights: wire.WeightsEqual, Masking: wire.MaskingPairwise,
		Filter: wire.FilterNone, Gamma: wire.Ratio{Num: 1, Den: 10}, Delta: wire.Ratio{Num: 1, Den: 10}, Floor: 2, MinU1: 3, Finder: 1,
		PartSize: wire.MinPartSize, Deadlines: []int64{1, 2, 3, 4, 5, 6, 7, 8}}
	folded, err := Spec().New(wire.Record{Key: wire.Key{Session: "many", Round: 1, Kind: wire.KindOpen, Member: wire.Nobody},
		Body: secagg.Sign(opener, wire.KindOpen, wire.Digest{}, o)})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range parts {
		folded.Step(wire.Record{Key: e.Key, Body: e.Body})
	}
	return folded.(*secagg.Machine).Body.(*machine), ids
}
