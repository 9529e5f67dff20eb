package verifier

import (
	"context"
	"fmt"

	"chorus/pkg/secagg"
	"chorus/pkg/secagg/commit"
	"chorus/pkg/secagg/finder"
	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// open folds in the digest of one opened part; with the last one it publishes
// the list that names them all and orders the public check.
func (m *machine) open(r wire.Record) []wire.Entry {
	var p wire.SumPart
	if es := m.Read(r, &p); m.Over {
		return es
	}
	m.opened[r.Key.Part] = p.Digest
	n := m.VectorParts()
	if len(m.opened) < int(n) || m.sum.Count > 0 {
		return nil
	}
	list := make([]byte, 0, n*wire.DigestSize)
	for part := uint32(1); part <= n; part++ {
		d, ok := m.opened[part]
		if !ok {
			return nil
		}
		list = append(list, d[:]...)
	}
	m.sum.Root = wire.Sum(list)
	m.sum.Count, m.sum.Bytes = m.WordsParts()
	for i := range m.accepted.Members.All() {
		m.weight += uint64(m.weights[m.Name(i)])
	}
	order := &wire.CheckOrder{Members: m.accepted.Members, Headers: m.collection.Bundle, Accepted: m.accepted.Digest, Sum: m.sum, Weight: m.weight}
	return []wire.Entry{{Key: m.Key(wire.KindResultList, wire.Nobody, 0), Body: list},
		secagg.Order(m.Key(wire.KindChecked, wire.Nobody, 0), order)}
}

// checked ends the round if the sum does not open the commitments: the same
// commitments are never unmasked for a second set, and nothing is bisected.
func (m *machine) checked(r wire.Record) []wire.Entry {
	var c wire.Checked
	if es := m.Read(r, &c); m.Over || m.result != nil {
		return es
	}
	if len(c.Rows) > 0 {
		return m.Abort(wire.CheckFailed, fmt.Sprintf("at least %d of %d rows, the first is %d", len(c.Rows), m.Layout.Rows, c.Rows[0]))
	}
	m.result = m.MakeResult(m.accepted.Digest, m.accepted.Members.Len(), m.weight, m.sum, &c)
	m.attests = m.poll(finder.Attestors(m.shareSet.U2.Len(), m.Corrupt))
	return []wire.Entry{{Key: m.Key(wire.KindResult, wire.Nobody, 0), Body: wire.Encode(m.result)}}
}

// attest counts attestations, late ones too: an opened round without a
// certificate is "opened, uncertified" until enough have come.
func (m *machine) attest(r wire.Record) []wire.Entry {
	if m.result == nil {
		return nil
	}
	digest := secagg.ResultDigest(m.result)
	q, es := count[wire.Attest](m, m.attests, r, wire.Attest{Result: digest}, wire.KindCertificateBundle)
	if q == nil {
		return nil
	}
	c := &wire.Certificate{Result: digest, Signers: q.Signers, Quorum: uint32(m.attests.need), Bundle: q.Bundle}
	return append(es, wire.Entry{Key: m.Key(wire.KindCertificate, wire.Nobody, 0), Body: wire.Encode(c)})
}

// check is the worker: the public check of the sum over A.
func check(ctx context.Context, order wire.Record, bulk stage.Getter) ([]wire.Entry, error) {
	o, r, err := secagg.LoadOrder[wire.CheckOrder](ctx, bulk, order)
	if err != nil {
		return nil, err
	}
	inputs, err := secagg.LoadMembers[wire.Input](ctx, bulk, r, wire.KindCollectionBundle, o.Headers)
	if err != nil {
		return nil, err
	}
	words, err := secagg.LoadParts(ctx, bulk, r.Key(wire.KindResultPart, wire.Nobody, 0), o.Sum)
	if err != nil {
		return nil, err
	}
	sum, err := rows(ctx, bulk, r, inputs, o.Members)
	if err != nil {
		return nil, err
	}
	c, _, err := r.CheckSum(&secagg.Opening{Accepted: o.Accepted, Sum: o.Sum, Words: words, Rows: [][]commit.Point{sum}, Weight: o.Weight})
	if err != nil {
		return nil, err
	}
	c.Rows = c.Rows[:min(len(c.Rows), maxRows)]
	return []wire.Entry{{Key: order.Key, Body: wire.Encode(c)}}, nil
}

// maxRows keeps the list of failing rows inside a log record.
const maxRows = 1000

// rows fetches the commitments of A and adds them up one member after the other,
// so that the worker's memory does not grow with their number.
func rows(ctx context.Context, bulk stage.Getter, r *secagg.Round, inputs map[int]*wire.Input, members wire.Bitmap) (sum []commit.Point, err error) {
	for i := range members.All() {
		if inputs[i] == nil {
			return nil, fmt.Errorf("position %d is accepted and was not collected", i)
		}
		b, err := secagg.LoadParts(ctx, bulk, r.Key(wire.KindCommitPart, r.Name(i), 0), inputs[i].Commitments)
		if err != nil {
			return nil, err
		}
		points, err := r.ParseCommitmentRows(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name(i), err)
		}
		sum = commit.SumRows([][]commit.Point{sum, points})
	}
	return sum, nil
}
