package client

import (
	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

func encodeSecret(owner, ctx wire.Digest, master []byte) []byte {
	w := newWriter(typeSecret, owner)
	w.digest(ctx)
	w.bytes(master)
	return w.seal()
}

func decodeSecret(b []byte, owner, ctx wire.Digest) ([]byte, error) {
	r, err := unseal(b, typeSecret, owner)
	if err != nil {
		return nil, err
	}
	of, master := r.digest(), r.bytes()
	if err := r.end(); err != nil {
		return nil, err
	}
	if of != ctx {
		return nil, ErrForeign
	}
	return master, nil
}

// encodeAnswer numbers an answer: two of them cannot change places.
func encodeAnswer(owner, ctx wire.Digest, i int, s secagg.Sent) []byte {
	w := newWriter(typeAnswer, owner)
	w.digest(ctx)
	w.u32(uint32(i))
	w.bytes([]byte(s.Phase))
	w.digest(s.Bind)
	w.u32(uint32(len(s.Entries)))
	for _, e := range s.Entries {
		w.entry(e)
	}
	return w.seal()
}

// entry leaves out NotBefore and Task: participants have neither timers nor
// work orders.
func (w *writer) entry(e wire.Entry) {
	w.bytes([]byte(e.Key.Session))
	w.u32(e.Key.Round)
	w.bytes([]byte(e.Key.Kind))
	w.bytes([]byte(e.Key.Member))
	w.u32(e.Key.Part)
	w.bytes(e.Body)
}

// leastEntry is the size of an entry of empty fields.
const leastEntry = 6 * 4

func decodeAnswer(b []byte, owner, ctx wire.Digest, i int) (s secagg.Sent, err error) {
	r, err := unseal(b, typeAnswer, owner)
	if err != nil {
		return s, err
	}
	of, at := r.digest(), r.u32()
	s.Phase, s.Bind = r.text(), r.digest()
	for range r.count(leastEntry) {
		s.Entries = append(s.Entries, r.entry())
	}
	if err := r.end(); err != nil {
		return s, err
	}
	if of != ctx || at != uint32(i) {
		return s, ErrForeign
	}
	return s, nil
}

func (r *reader) entry() (e wire.Entry) {
	e.Key.Session = r.text()
	e.Key.Round = r.u32()
	e.Key.Kind = wire.Kind(r.text())
	e.Key.Member = r.text()
	e.Key.Part = r.u32()
	e.Body = r.bytes()
	return e
}
