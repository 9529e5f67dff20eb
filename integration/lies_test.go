package integration

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"chorus/internal/world"
	"chorus/pkg/secagg/commit"
	"chorus/pkg/wire"
)

// A lie is something that only one kind of message can get wrong.
type lie struct {
	name  string
	n     int
	tell  world.Mutation
	check func(t *testing.T, w *world.World)
}

// TestLies: each gets its reason, and the honest result stands - or the round
// ends with one, and opens nothing further.
func TestLies(t *testing.T) {
	for _, l := range slices.Concat(bulkLies, headerLies, boxLies, complaintLies, revealLies, sumLies) {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			l.check(t, play(t, l.n, l.tell))
		})
	}
}

// out: the liar is out for a reason, and the sum over the others stands.
func out(kind wire.Kind, why wire.Reason) func(*testing.T, *world.World) {
	return func(t *testing.T, w *world.World) {
		checkLeftOut(t, w, kind, why)
		stands(t, w, false)
	}
}

// uncounted: what the liar signs counts for nothing, its input does.
func uncounted(kind wire.Kind) func(*testing.T, *world.World) {
	return func(t *testing.T, w *world.World) {
		checkLeftOut(t, w, kind, "")
		stands(t, w, true)
	}
}

func flip(b []byte) []byte { b[len(b)/2] ^= 1; return b }

var bulkLies = []lie{
	{"shares: a box missing", 5, lacking(wire.KindSharesPart, 2), out(wire.KindShares, wire.MissingPart)},
	{"shares: the list missing", 5, lacking(wire.KindSharesPart, 0), out(wire.KindShares, wire.MissingPart)},
	{"shares: another box than the list names", 5, body(wire.KindSharesPart, 2, flip), out(wire.KindShares, wire.DigestMismatch)},
	{"shares: another list than the header names", 5, body(wire.KindSharesPart, 0, flip), out(wire.KindShares, wire.DigestMismatch)},
	{"shares: boxes of another size", 5, repacked(wire.KindSharesPart, wire.KindShares, func(_ *world.Member, chunks [][]byte) {
		chunks[0], chunks[1] = chunks[0][1:], append(chunks[1], 0)
	}, namesBoxes), out(wire.KindShares, wire.Malformed)},
	{"input: the words missing", 5, lacking(wire.KindInputPart, 1), out(wire.KindInput, wire.MissingPart)},
	{"input: the commitments missing", 5, lacking(wire.KindCommitPart, 1), out(wire.KindInput, wire.MissingPart)},
	{"input: other words than the list names", 5, body(wire.KindInputPart, 1, flip), out(wire.KindInput, wire.DigestMismatch)},
	{"input: other commitments than the list names", 5, body(wire.KindCommitPart, 1, flip), out(wire.KindInput, wire.DigestMismatch)},
	{"input: commitments that are no points", 5, repacked(wire.KindCommitPart, wire.KindInput, func(_ *world.Member, chunks [][]byte) {
		copy(chunks[0], "this is not on the curve at all.")
	}, namesCommitments), out(wire.KindInput, wire.Malformed)},
	{"reveal: the shares missing", 5, lacking(wire.KindRevealPart, 1), uncounted(wire.KindReveal)},
	{"reveal: other shares than the list names", 5, body(wire.KindRevealPart, 1, flip), uncounted(wire.KindReveal)},
}

func advertWith(change func(m *world.Member, a *wire.Advert)) world.Mutation {
	return believed(wire.KindAdvert, edited(wire.KindAdvert, change))
}

// first is the advert of the first member, as the log has it; the liar's own
// while it has none.
func first(m *world.Member, own *wire.Advert) *wire.Advert {
	a := new(wire.Advert)
	rec, err := m.World().Log.Get(context.Background(), m.Round().Key(wire.KindAdvert, "m000", 0))
	if err != nil {
		return own
	}
	if _, err := wire.DecodeSigned(rec.Body, a); err != nil {
		panic(err)
	}
	return a
}

var headerLies = []lie{
	{"advert: somebody's mask key", 5, advertWith(func(m *world.Member, a *wire.Advert) { a.MaskKey = first(m, a).MaskKey }),
		out(wire.KindAdvert, wire.DuplicateKey)},
	{"advert: somebody's box key", 5, advertWith(func(m *world.Member, a *wire.Advert) { a.BoxKey = first(m, a).BoxKey }),
		out(wire.KindAdvert, wire.DuplicateKey)},
	{"advert: a box key of another size", 5, advertWith(func(_ *world.Member, a *wire.Advert) { a.BoxKey = a.BoxKey[1:] }),
		out(wire.KindAdvert, wire.Malformed)},
	{"advert: a mask key of low order", 5, advertWith(func(_ *world.Member, a *wire.Advert) { a.MaskKey = [32]byte{1} }),
		out(wire.KindAdvert, wire.Malformed)},
	{"advert: a box key beyond the modulus", 5, advertWith(func(_ *world.Member, a *wire.Advert) {
		copy(a.BoxKey, []byte{0xff, 0xff, 0xff})
	}), out(wire.KindAdvert, wire.Malformed)},
	{"advert: a box key of low order", 5, advertWith(func(_ *world.Member, a *wire.Advert) {
		clear(a.BoxKey[len(a.BoxKey)-32:])
	}), out(wire.KindAdvert, wire.Malformed)},
	{"shares: another setup root", 5, edited(wire.KindShares, func(_ *world.Member, s *wire.Shares) { s.SetupRoot[0] ^= 1 }),
		out(wire.KindShares, wire.WrongRoot)},
	{"shares: fewer boxes than members", 5, edited(wire.KindShares, func(_ *world.Member, s *wire.Shares) { s.Boxes.Count-- }),
		out(wire.KindShares, wire.Malformed)},
	{"shares: no boxes", 5, edited(wire.KindShares, func(_ *world.Member, s *wire.Shares) { s.Boxes = wire.Parts{} }),
		out(wire.KindShares, wire.Malformed)},
	{"input: another setup root", 5, edited(wire.KindInput, func(_ *world.Member, in *wire.Input) { in.SetupRoot[0] ^= 1 }),
		out(wire.KindInput, wire.WrongRoot)},
	{"input: another share root", 5, edited(wire.KindInput, func(_ *world.Member, in *wire.Input) { in.ShareRoot[0] ^= 1 }),
		out(wire.KindInput, wire.WrongRoot)},
	{"input: a weight above its own", 5, edited(wire.KindInput, func(_ *world.Member, in *wire.Input) { in.Weight = 9 }),
		out(wire.KindInput, wire.WrongWeight)},
	{"input: a weight of nothing", 5, edited(wire.KindInput, func(_ *world.Member, in *wire.Input) { in.Weight = 0 }),
		out(wire.KindInput, wire.Malformed)},
	{"input: more words than the model has", 5, edited(wire.KindInput, func(_ *world.Member, in *wire.Input) { in.Words.Bytes += 4 }),
		out(wire.KindInput, wire.Malformed)},
	{"witness: of another collection", 5, edited(wire.KindWitness, func(_ *world.Member, m *wire.Witness) { m.Collection[0] ^= 1 }),
		uncounted(wire.KindWitness)},
	{"consent: to another A", 5, edited(wire.KindConsent, func(_ *world.Member, m *wire.Consent) { m.Accepted[0] ^= 1 }),
		uncounted(wire.KindConsent)},
	{"attest: another result", 5, edited(wire.KindAttest, func(_ *world.Member, m *wire.Attest) { m.Result[0] ^= 1 }),
		uncounted(wire.KindAttest)},
}

// falseBoxes garbles the boxes for some holders under a header that names them.
func falseBoxes(holders ...int) world.Mutation {
	return believed(wire.KindShares, repacked(wire.KindSharesPart, wire.KindShares, func(_ *world.Member, chunks [][]byte) {
		for _, h := range holders {
			flip(chunks[h])
		}
	}, namesBoxes))
}

// believed makes the liar's own machine go on from the lie, which otherwise would
// not find its record in the round.
func believed(kind wire.Kind, tell world.Mutation) world.Mutation {
	return func(m *world.Member, es []wire.Entry) []wire.Entry {
		es = tell(m, es)
		if s, _ := m.State(); len(es) > 0 && es[len(es)-1].Key.Kind == kind {
			s.Sent[len(s.Sent)-1].Entries = es
		}
		return es
	}
}

// leaves: A is without the liar, for a reason.
func leaves(why wire.Reason) func(*testing.T, *world.World) {
	return func(t *testing.T, w *world.World) {
		a, _ := fact[wire.Accepted](t, w, wire.KindAccepted)
		if got := reasonFor(liar, a.Rejected); got != why || a.Members.Has(liar) {
			t.Errorf("reason %q, want %q", got, why)
		}
		stands(t, w, false)
	}
}

var boxLies = []lie{
	{"box: garbled, and its dealer answers", 5, falseBoxes(0), func(t *testing.T, w *world.World) {
		c, _ := fact[wire.Complaints](t, w, wire.KindComplaints)
		if len(c.Disputes) != 1 || c.Disputes[0] != (wire.Dispute{Dealer: liar, Complainer: 0}) {
			t.Errorf("disputes: %v", c.Disputes)
		}
		stands(t, w, true)
	}},
	{"box: garbled, and its dealer is silent", 5, then(falseBoxes(0), lacking(wire.KindAnswer)), leaves(wire.ComplaintUnanswered)},
	{"box: garbled, and its dealer answers late", 5, then(falseBoxes(0), late(wire.KindAnswer, wire.ComplaintsPhase)),
		leaves(wire.ComplaintUnanswered)},
	{"box: garbled, and its dealer answers in another round's name", 5, then(falseBoxes(0), each(wire.KindAnswer, func(m *world.Member, e wire.Entry) []wire.Entry {
		e.Body = enveloped(m.Identity(), wire.KindAnswer, wire.Sum([]byte("another round")), unwrap(e.Body))
		return []wire.Entry{e}
	})), leaves(wire.ComplaintUnanswered)},
	{"box: garbled, and the answer is malformed", 5, then(falseBoxes(0), resigned(wire.KindAnswer, func(b []byte) []byte { return b[:9] })),
		leaves(wire.ComplaintUnanswered)},
	{"box: garbled, and the answer is for another", 5, then(falseBoxes(0), edited(wire.KindAnswer, func(_ *world.Member, a *wire.Answer) {
		a.Shares[0].Complainer = 1
	})), leaves(wire.ComplaintUnanswered)},
	{"box: garbled, and the answer is under another root", 5, then(falseBoxes(0), edited(wire.KindAnswer, func(_ *world.Member, a *wire.Answer) {
		a.ShareRoot[0] ^= 1
	})), leaves(wire.ComplaintUnanswered)},
	{"box: garbled, and the answer is another share", 5, then(falseBoxes(0), edited(wire.KindAnswer, func(_ *world.Member, a *wire.Answer) {
		flip(a.Shares[0].Share)
	})), leaves(wire.InconsistentDealing)},
	{"box: garbled for more than A_corr, and the round goes on without its dealer", 8, falseBoxes(0, 1), leaves(wire.InconsistentDealing)},
	{"box: garbled for everyone, and the round cannot go on", 5, falseBoxes(0, 1, 3, 4), aborts(wire.InconsistentDealing)},
	{"commitments: to other shares than the boxes hold", 8, believed(wire.KindShares, repacked(wire.KindSharesPart, wire.KindShares, func(_ *world.Member, chunks [][]byte) {
		chunks[len(chunks)-1][1*3*wire.DigestSize] ^= 1 // of m001's share of s
	}, namesBoxes)), leaves(wire.InconsistentDealing)},
}

// complaining adds a complaint to the liar's input, when it has seen all boxes.
func complaining(of func(m *world.Member, c *wire.Complaint)) world.Mutation {
	return each(wire.KindInput, func(m *world.Member, e wire.Entry) []wire.Entry {
		var in wire.Input
		if _, err := wire.DecodeSigned(e.Body, &in); err != nil {
			panic(err)
		}
		c := &wire.Complaint{SetupRoot: in.SetupRoot, ShareRoot: in.ShareRoot}
		of(m, c)
		return []wire.Entry{m.Sign(wire.KindComplaint, c), e}
	})
}

// about names a dealer's box for the liar, as it is in the log.
func about(m *world.Member, dealer int) wire.BoxRef {
	key := m.Round().Key(wire.KindSharesPart, fmt.Sprintf("m%03d", dealer), liar+1)
	rec, err := m.World().Log.Get(context.Background(), key)
	if err != nil {
		panic(err)
	}
	return wire.BoxRef{Dealer: uint16(dealer), Box: wire.Sum(rec.Body)}
}

// refusedComplaint: the complaint is out with a reason, and everyone is in.
func refusedComplaint(why wire.Reason) func(*testing.T, *world.World) {
	return func(t *testing.T, w *world.World) {
		c, _ := fact[wire.Complaints](t, w, wire.KindComplaints)
		s, _ := fact[wire.Settlement](t, w, wire.KindSettlement)
		if got := reasonFor(liar, c.Excluded, s.Rejected); got != why {
			t.Errorf("reason %q, want %q", got, why)
		}
		stands(t, w, true)
	}
}

var complaintLies = []lie{
	{"complaint: about other bytes", 5, complaining(func(_ *world.Member, c *wire.Complaint) {
		c.Boxes = []wire.BoxRef{{Dealer: 0, Box: wire.Sum([]byte("garbled"))}}
	}), refusedComplaint(wire.FalseComplaint)},
	{"complaint: about a good box, which costs the liar's own share", 5, complaining(func(m *world.Member, c *wire.Complaint) {
		c.Boxes = []wire.BoxRef{about(m, 0)}
	}), refusedComplaint("")},
	{"complaint: about everyone's good box", 5, complaining(func(m *world.Member, c *wire.Complaint) {
		c.Boxes = []wire.BoxRef{about(m, 0), about(m, 1), about(m, 2), about(m, 3), about(m, 4)}
	}), refusedComplaint(wire.FalseComplaint)},
	{"complaint: about nobody of the round", 5, complaining(func(_ *world.Member, c *wire.Complaint) {
		c.Boxes = []wire.BoxRef{{Dealer: 4711}}
	}), refusedComplaint("")},
	{"complaint: about nothing", 5, complaining(func(*world.Member, *wire.Complaint) {}), refusedComplaint(wire.Malformed)},
	{"complaint: under another setup root", 5, complaining(func(m *world.Member, c *wire.Complaint) {
		c.Boxes, c.SetupRoot[0] = []wire.BoxRef{about(m, 0)}, 0
	}), refusedComplaint(wire.WrongRoot)},
	{"complaint: under another share root", 5, complaining(func(m *world.Member, c *wire.Complaint) {
		c.Boxes = []wire.BoxRef{about(m, 0)}
		c.ShareRoot = wire.Sum(nil)
	}), refusedComplaint(wire.WrongRoot)},
	{"complaint: not canonical", 5, then(complaining(func(m *world.Member, c *wire.Complaint) { c.Boxes = []wire.BoxRef{about(m, 0)} }),
		resigned(wire.KindComplaint, func(b []byte) []byte { return append(b, 0) })), refusedComplaint(wire.NotCanonical)},
	{"complaint: in another round's name", 5, then(complaining(func(m *world.Member, c *wire.Complaint) { c.Boxes = []wire.BoxRef{about(m, 0)} }),
		each(wire.KindComplaint, func(m *world.Member, e wire.Entry) []wire.Entry {
			e.Body = enveloped(m.Identity(), wire.KindComplaint, wire.Sum([]byte("another round")), unwrap(e.Body))
			return []wire.Entry{e}
		})), refusedComplaint(wire.BadSignature)},
}

// wrongShare changes what the liar reveals for one dealer.
func wrongShare(dealer, at int) world.Mutation {
	return repacked(wire.KindRevealPart, wire.KindReveal, func(_ *world.Member, chunks [][]byte) {
		chunks[0][dealer*wire.RevealSize+at] ^= 1
	}, namesReveals)
}

// named: the wrong share is on record, and the round has found t good ones.
func named(bad ...wire.BadShare) func(*testing.T, *world.World) {
	return func(t *testing.T, w *world.World) {
		if r, _ := fact[wire.Rebuilt](t, w, wire.KindRebuilt); !slices.Equal(r.Bad, bad) {
			t.Errorf("bad shares: %v, want %v", r.Bad, bad)
		}
		stands(t, w, true)
	}
}

var revealLies = []lie{
	{"reveal: a wrong share", 5, wrongShare(3, 5), named(wire.BadShare{Helper: liar, Dealer: 3})},
	{"reveal: a wrong salt", 5, wrongShare(3, 1+wire.ShareSize), named(wire.BadShare{Helper: liar, Dealer: 3})},
	{"reveal: says that it could not open a box", 5, wrongShare(3, 0), named()},
	{"reveal: a wrong share of itself", 5, wrongShare(liar, 5), named(wire.BadShare{Helper: liar, Dealer: liar})},
	{"reveal: for another A", 5, edited(wire.KindReveal, func(_ *world.Member, v *wire.Reveal) { v.Accepted[0] ^= 1 }), uncounted(wire.KindReveal)},
	{"reveal: under another root", 5, edited(wire.KindReveal, func(_ *world.Member, v *wire.Reveal) { v.SetupRoot[0] ^= 1 }),
		uncounted(wire.KindReveal)},
	{"reveal: of another size", 5, edited(wire.KindReveal, func(_ *world.Member, v *wire.Reveal) { v.Shares.Bytes++ }), uncounted(wire.KindReveal)},
}

// aborts: the round ends with a reason, nothing is certified, nobody has a result.
func aborts(why wire.Reason) func(*testing.T, *world.World) {
	return func(t *testing.T, w *world.World) {
		if len(w.Aborts) != 1 || w.Aborts[0].Reason != why {
			t.Fatalf("aborts: %+v, want %q", w.Aborts, why)
		}
		if _, ok := fact[wire.Result](t, w, wire.KindResult); ok {
			t.Error("an aborted round has a result")
		}
		for _, m := range w.Members {
			if m.Done() || m.Aborted() == nil && m.Name != liarName {
				t.Errorf("%s is done, or does not know that the round is aborted", m.Name)
			}
		}
	}
}

// inflated adds so much to the first coordinate, in words and commitments alike.
func inflated(times int) world.Mutation {
	words := repacked(wire.KindInputPart, wire.KindInput, func(m *world.Member, chunks [][]byte) {
		x := binary.LittleEndian.Uint32(chunks[0]) + uint32(times*biggest(m))
		binary.LittleEndian.PutUint32(chunks[0], x)
	}, namesWords)
	points := repacked(wire.KindCommitPart, wire.KindInput, func(m *world.Member, chunks [][]byte) {
		l := m.Round().Layout
		key, err := commit.NewKey(l.M)
		if err != nil {
			panic(err)
		}
		x := make([]int32, l.Dim)
		x[0] = int32(biggest(m))
		extra, err := key.CommitVector(l, x, make([]int32, l.Extra()))
		if err != nil {
			panic(err)
		}
		was, err := m.Round().ParseCommitmentRows(chunks[0])
		if err != nil {
			panic(err)
		}
		all := [][]commit.Point{was}
		for range times {
			all = append(all, extra)
		}
		b := commit.SumRows(all)[0].Bytes()
		copy(chunks[0], b[:])
	}, namesCommitments)
	return then(words, points)
}

func biggest(m *world.Member) int { return 1<<(m.Round().Open.Bits-1) - 1 }

var sumLies = []lie{
	{"sum: commitments to something else", 5, repacked(wire.KindCommitPart, wire.KindInput, func(_ *world.Member, chunks [][]byte) {
		b := commit.Generator().Bytes()
		copy(chunks[0], b[:])
	}, namesCommitments), checkFails},
	{"sum: words that are something else", 5, repacked(wire.KindInputPart, wire.KindInput, func(_ *world.Member, chunks [][]byte) {
		chunks[0][0] ^= 1
	}, namesWords), checkFails},
	{"sum: a blind that is something else", 5, repacked(wire.KindInputPart, wire.KindInput, func(_ *world.Member, chunks [][]byte) {
		chunks[0][4*dim] ^= 1
	}, namesWords), checkFails},
	{"sum: more than everybody's inputs can add up to", 5, inflated(12), checkFails},
}

// checkFails: the sum check aborts the round and names the row.
func checkFails(t *testing.T, w *world.World) {
	aborts(wire.CheckFailed)(t, w)
	c, ok := fact[wire.Checked](t, w, wire.KindChecked)
	if !ok || !slices.Equal(c.Rows, []uint32{0}) {
		t.Errorf("rows that fail: %v", c.Rows)
	}
}
