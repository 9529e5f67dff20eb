package integration

import (
	"crypto/ed25519"
	"testing"
	"time"

	"chorus/internal/world"
	"chorus/pkg/wire"
)

// each changes every entry of a kind that a member sends.
func each(kind wire.Kind, change func(m *world.Member, e wire.Entry) []wire.Entry) world.Mutation {
	return func(m *world.Member, es []wire.Entry) (out []wire.Entry) {
		for _, e := range es {
			if e.Key.Kind == kind {
				out = append(out, change(m, e)...)
			} else {
				out = append(out, e)
			}
		}
		return out
	}
}

// then applies mutations one after another.
func then(all ...world.Mutation) world.Mutation {
	return func(m *world.Member, es []wire.Entry) []wire.Entry {
		for _, f := range all {
			es = f(m, es)
		}
		return es
	}
}

// lacking sends nothing of a kind; from part to part only, where parts are given.
func lacking(kind wire.Kind, parts ...uint32) world.Mutation {
	return each(kind, func(_ *world.Member, e wire.Entry) []wire.Entry {
		for _, p := range parts {
			if e.Key.Part != p {
				return []wire.Entry{e}
			}
		}
		return nil
	})
}

// body changes the bytes of a record or part; what names them stays.
func body(kind wire.Kind, part uint32, change func(b []byte) []byte) world.Mutation {
	return each(kind, func(_ *world.Member, e wire.Entry) []wire.Entry {
		if e.Key.Part == part {
			e.Body = change(append([]byte(nil), e.Body...))
		}
		return []wire.Entry{e}
	})
}

// late holds a kind back until its phase is over.
func late(kind wire.Kind, p wire.Phase) world.Mutation {
	return each(kind, func(m *world.Member, e wire.Entry) []wire.Entry {
		e.NotBefore = m.Round().Open.Deadline(p).Add(time.Second)
		return []wire.Entry{e}
	})
}

// enveloped signs again what an envelope holds.
func enveloped(id ed25519.PrivateKey, kind wire.Kind, ctx wire.Digest, msg []byte) []byte {
	e := wire.Envelope{Body: msg}
	copy(e.Sig[:], ed25519.Sign(id, wire.SignedBytes(kind, ctx, msg)))
	return wire.Encode(&e)
}

func unwrap(b []byte) []byte {
	var e wire.Envelope
	if err := wire.DecodeBody(b, &e); err != nil {
		panic(err)
	}
	return e.Body
}

// resigned changes the bytes of a message before it is signed.
func resigned(kind wire.Kind, change func(msg []byte) []byte) world.Mutation {
	return each(kind, func(m *world.Member, e wire.Entry) []wire.Entry {
		e.Body = enveloped(m.Identity(), kind, m.Round().Ctx, change(append([]byte(nil), unwrap(e.Body)...)))
		return []wire.Entry{e}
	})
}

// edited changes a message before it is signed.
func edited[T any, M interface {
	*T
	wire.Message
}](kind wire.Kind, change func(m *world.Member, msg M)) world.Mutation {
	return each(kind, func(m *world.Member, e wire.Entry) []wire.Entry {
		msg := M(new(T))
		if _, err := wire.DecodeSigned(e.Body, msg); err != nil {
			panic(err)
		}
		change(m, msg)
		return []wire.Entry{m.Sign(kind, msg)}
	})
}

// repacked changes the parts of a bulk kind and the list that names them; name
// puts what then names the list into the member's header. It needs all parts in
// one answer, as members send them.
func repacked(kind, header wire.Kind, change func(m *world.Member, chunks [][]byte), name func(m *world.Member, e wire.Entry, p wire.Parts) wire.Entry) world.Mutation {
	return func(m *world.Member, es []wire.Entry) (out []wire.Entry) {
		var chunks [][]byte
		var key wire.Key
		for _, e := range es {
			if e.Key.Kind == kind && e.Key.Part > 0 {
				chunks, key = append(chunks, append([]byte(nil), e.Body...)), e.Key
			}
		}
		if len(chunks) == 0 {
			return es
		}
		change(m, chunks)
		parts, packed := wire.PackParts(key, chunks)
		out = packed
		for _, e := range es {
			switch e.Key.Kind {
			case kind:
			case header:
				out = append(out, name(m, e, parts))
			default:
				out = append(out, e)
			}
		}
		return out
	}
}

// header edits a signed message in place.
func header[T any, M interface {
	*T
	wire.Message
}](edit func(msg M, p wire.Parts)) func(*world.Member, wire.Entry, wire.Parts) wire.Entry {
	return func(m *world.Member, e wire.Entry, p wire.Parts) wire.Entry {
		msg := M(new(T))
		if _, err := wire.DecodeSigned(e.Body, msg); err != nil {
			panic(err)
		}
		edit(msg, p)
		return m.Sign(e.Key.Kind, msg)
	}
}

var (
	namesBoxes       = header(func(s *wire.Shares, p wire.Parts) { s.Boxes = p })
	namesWords       = header(func(in *wire.Input, p wire.Parts) { in.Words = p })
	namesCommitments = header(func(in *wire.Input, p wire.Parts) { in.Commitments = p })
	namesReveals     = header(func(v *wire.Reveal, p wire.Parts) { v.Shares = p })
)

// fact reads a singleton of the round's log; false if it is not there.
func fact[T any, M interface {
	*T
	wire.Message
}](t *testing.T, w *world.World, kind wire.Kind) (T, bool) {
	t.Helper()
	m := M(new(T))
	found := false
	for _, r := range w.Records() {
		if r.Key.Kind == kind {
			m, found = M(new(T)), true // of several attempts the last
			if err := wire.DecodeBody(r.Body, m); err != nil {
				t.Fatal(err)
			}
		}
	}
	return *m, found
}

// reasonFor is the reason that lists give for a position; "" if they do not name it.
func reasonFor(i int, lists ...[]wire.Exclusion) wire.Reason {
	for _, l := range lists {
		for _, x := range l {
			if x.Who.Has(i) {
				return x.Reason
			}
		}
	}
	return ""
}
