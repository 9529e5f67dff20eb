package secagg

import (
	"context"
	"fmt"

	"chorus/pkg/wire"
)

// A Getter fetches records by key; package stage has them.
type Getter interface {
	Get(ctx context.Context, k wire.Key) (wire.Record, error)
}

// LoadBlob fetches a blob and holds it against its digest.
func LoadBlob(ctx context.Context, g Getter, key wire.Key, b wire.Blob) ([]byte, error) {
	parts := make([][]byte, b.Parts)
	for i, k := range b.Chunks(key) {
		rec, err := g.Get(ctx, k)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
		parts[i] = rec.Body
	}
	return wire.JoinBlob(b, parts)
}

// LoadPart fetches part i of a member's bulk and holds it against the list that
// the header names.
func LoadPart(ctx context.Context, g Getter, key wire.Key, p wire.Parts, i uint32) ([]byte, error) {
	first, err := g.Get(ctx, key.List())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	list, err := p.List(first.Body)
	if err != nil {
		return nil, err
	}
	if i == 0 || int(i) > len(list) {
		return nil, fmt.Errorf("%w: no part %d", wire.ErrDigest, i)
	}
	key.Part = i
	rec, err := g.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	if wire.Sum(rec.Body) != list[i-1] {
		return nil, fmt.Errorf("%w: %s", wire.ErrDigest, key)
	}
	return rec.Body, nil
}

// LoadParts fetches and joins all parts of a member's bulk.
func LoadParts(ctx context.Context, g Getter, key wire.Key, p wire.Parts) ([]byte, error) {
	first, err := g.Get(ctx, key.List())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	list, err := p.List(first.Body)
	if err != nil {
		return nil, err
	}
	joined := make([]byte, 0, p.Bytes)
	for i, d := range list {
		key.Part = uint32(i + 1)
		rec, err := g.Get(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		if wire.Sum(rec.Body) != d {
			return nil, fmt.Errorf("%w: %s", wire.ErrDigest, key)
		}
		joined = append(joined, rec.Body...)
	}
	return joined, nil
}

// LoadRound fetches the Open and the roster: what a worker knows of its round.
func LoadRound(ctx context.Context, g Getter, key wire.Key) (*Round, error) {
	key.Kind, key.Member, key.Part = wire.KindOpen, wire.Nobody, 0
	rec, err := g.Get(ctx, key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	r, err := NewRound(rec)
	if err != nil {
		return nil, err
	}
	for i := range r.Open.RosterParts {
		rec, err := g.Get(ctx, r.Key(wire.KindRoster, wire.Nobody, i))
		if err != nil {
			return nil, fmt.Errorf("roster: %w", err)
		}
		if err := r.AddRoster(rec); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// LoadOrder reads a work order and the round that it belongs to.
func LoadOrder[T any, M interface {
	*T
	wire.Message
}](ctx context.Context, g Getter, order wire.Record) (M, *Round, error) {
	o := M(new(T))
	if err := wire.Decode(order.Body, wire.MaxTask, o); err != nil {
		return nil, nil, fmt.Errorf("work order for %s: %w", order.Key, err)
	}
	r, err := LoadRound(ctx, g, order.Key)
	return o, r, err
}

// LoadMembers fetches a bundle and decodes the messages in it. The stages that
// admitted the records have verified them; a worker holds them to the digest.
func LoadMembers[T any, M interface {
	*T
	wire.Message
}](ctx context.Context, g Getter, r *Round, kind wire.Kind, b wire.Blob) (map[int]M, error) {
	raw, err := LoadBlob(ctx, g, r.Key(kind, wire.Nobody, 0), b)
	if err != nil {
		return nil, err
	}
	var bundle wire.Bundle
	if err := wire.Decode(raw, wire.MaxBundle, &bundle); err != nil {
		return nil, err
	}
	out := make(map[int]M, len(bundle.Items))
	for _, item := range bundle.Items {
		m := M(new(T))
		if _, err := wire.DecodeSigned(item.Body, m); err != nil || int(item.Position) >= r.N() {
			return nil, fmt.Errorf("bundle %s, position %d: %w", kind, item.Position, err)
		}
		out[int(item.Position)] = m
	}
	return out, nil
}

// LoadCommitments fetches the commitments that a dealer made to its shares.
func (r *Round) LoadCommitments(ctx context.Context, g Getter, dealer int, s *wire.Shares, u1 wire.Bitmap) (*Commitments, error) {
	b, err := LoadPart(ctx, g, r.Key(wire.KindSharesPart, r.Name(dealer), 0), s.Boxes, uint32(u1.Len()+1))
	if err != nil {
		return nil, err
	}
	return ParseCommitments(b, u1)
}
