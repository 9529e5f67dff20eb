package unmasker

import (
	"context"
	"fmt"
	"strings"

	"chorus/pkg/secagg"
	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// shortage says why the masks could not be rebuilt: too few good shares, or
// dealers whose shares are good and rebuild something else than they advertised.
func (m *machine) shortage() (wire.Reason, string) {
	var lost []string
	for i := range m.last.Lost.All() {
		lost = append(lost, m.Name(i))
	}
	if len(lost) > 0 && len(m.last.Bad) == 0 {
		return wire.InconsistentDealing, "nothing rebuilds the masks of " + strings.Join(lost, ", ")
	}
	return wire.NotEnough, fmt.Sprintf("%d members revealed shares, %d good ones are needed for every mask", len(m.reveals.In), m.params.T)
}

// rebuild is the worker that turns the reveals of an order's helpers into mask
// keys, or into the names of those whose shares are bad.
func rebuild(ctx context.Context, order wire.Record, bulk stage.Getter) ([]wire.Entry, error) {
	o, r, err := secagg.LoadOrder[wire.RebuildOrder](ctx, bulk, order)
	if err != nil {
		return nil, err
	}
	b, err := load(ctx, bulk, r, o)
	if err != nil {
		return nil, err
	}
	terms, bad, lost, err := b.Rebuild()
	if err != nil {
		return nil, err
	}
	out := &wire.Rebuilt{Helpers: o.Helpers, Bad: bad[:min(len(bad), maxBad)], Lost: lost}
	var es []wire.Entry
	if lost.Len() == 0 {
		out.Bundle, es = wire.PackBlob(b.Round.Key(wire.KindRebuiltBundle, wire.Nobody, 0), secagg.PackTerms(terms))
	}
	return append(es, wire.Entry{Key: order.Key, Body: wire.Encode(out)}), nil
}

// maxBad keeps the list of bad shares inside a log record.
const maxBad = 500

func load(ctx context.Context, bulk stage.Getter, r *secagg.Round, o *wire.RebuildOrder) (*secagg.Rebuilder, error) {
	p, err := r.Params(o.U1.Len())
	if err != nil {
		return nil, err
	}
	b := &secagg.Rebuilder{Round: r, SetupRoot: o.SetupRoot, U1: o.U1, U2: o.U2, Accepted: o.Members, Threshold: p.T,
		Commitments: map[int]*secagg.Commitments{}, Reveals: map[int][]byte{}}
	if b.Adverts, err = secagg.LoadMembers[wire.Advert](ctx, bulk, r, wire.KindSetupBundle, o.Adverts); err != nil {
		return nil, err
	}
	headers, err := secagg.LoadMembers[wire.Shares](ctx, bulk, r, wire.KindShareSetBundle, o.Headers)
	if err != nil {
		return nil, err
	}
	for dealer, h := range headers {
		c, err := r.LoadCommitments(ctx, bulk, dealer, h, o.U1)
		if err != nil {
			return nil, err
		}
		b.Commitments[dealer] = c
	}
	return b, loadReveals(ctx, bulk, b, o)
}

func loadReveals(ctx context.Context, bulk stage.Getter, b *secagg.Rebuilder, o *wire.RebuildOrder) error {
	for helper := range o.Helpers.All() {
		rec, err := bulk.Get(ctx, b.Round.Key(wire.KindReveal, b.Round.Name(helper), 0))
		if err != nil {
			return err
		}
		var v wire.Reveal
		if _, err := wire.DecodeSigned(rec.Body, &v); err != nil {
			return err
		}
		part, err := secagg.LoadPart(ctx, bulk, b.Round.Key(wire.KindRevealPart, b.Round.Name(helper), 0), v.Shares, 1)
		if err != nil {
			return err
		}
		b.Reveals[helper] = part
	}
	return nil
}

// unmask is the worker that takes the masks off one part of the sum.
func unmask(ctx context.Context, order wire.Record, bulk stage.Getter) ([]wire.Entry, error) {
	o, r, err := secagg.LoadOrder[wire.UnmaskOrder](ctx, bulk, order)
	if err != nil {
		return nil, err
	}
	raw, err := secagg.LoadBlob(ctx, bulk, r.Key(wire.KindRebuiltBundle, wire.Nobody, 0), o.Keys)
	if err != nil {
		return nil, err
	}
	terms, err := secagg.ParseTerms(raw)
	if err != nil {
		return nil, err
	}
	rec, err := bulk.Get(ctx, r.Key(wire.KindSumPart, wire.Nobody, o.Part))
	if err != nil {
		return nil, err
	}
	if wire.Sum(rec.Body) != o.Sum {
		return nil, fmt.Errorf("%w: sum part %d", wire.ErrDigest, o.Part)
	}
	v, err := secagg.ParseVector(rec.Body, r.WordBytes())
	if err != nil {
		return nil, err
	}
	v.Apply(terms, uint64(o.Part-1)*uint64(int(r.Open.PartSize)/r.WordBytes()))
	body := v.Bytes()
	return []wire.Entry{
		{Key: r.Key(wire.KindResultPart, wire.Nobody, o.Part), Body: body},
		{Key: order.Key, Body: wire.Encode(&wire.SumPart{Digest: wire.Sum(body)})},
	}, nil
}
