package client

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// stateName is the file of one round under one Open.
func stateName(session string, round uint32, ctx wire.Digest) string {
	return fmt.Sprintf("%s.%08d.%s.state", session, round, ctx)
}

// encodeState puts the master secret first: wipe zeroes the head of a file.
func encodeState(owner wire.Digest, s *secagg.State) []byte {
	w := newWriter(typeState, owner)
	w.digest(s.Ctx)
	w.bytes(s.Master)
	w.u32(uint32(len(s.Sent)))
	for _, sent := range s.Sent {
		w.bytes([]byte(sent.Phase))
		w.digest(sent.Bind)
		w.u32(uint32(len(sent.Entries)))
		for _, e := range sent.Entries {
			w.entry(e)
		}
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

// Least sizes of what lists hold.
const (
	leastEntry = 6 * 4
	leastSent  = 4 + wire.DigestSize + 4
	leastSpent = wire.DigestSize + 4
)

func decodeState(b []byte, owner wire.Digest) (*secagg.State, error) {
	r, err := unseal(b, typeState, owner)
	if err != nil {
		return nil, err
	}
	s := &secagg.State{Ctx: r.digest(), Master: r.bytes()}
	for range r.count(leastSent) {
		sent := secagg.Sent{Phase: r.text(), Bind: r.digest()}
		for range r.count(leastEntry) {
			sent.Entries = append(sent.Entries, r.entry())
		}
		s.Sent = append(s.Sent, sent)
	}
	return s, r.end()
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

// loadState returns nil for a round that this member has no state of.
func (f *folder) loadState(session string, round uint32, ctx wire.Digest) (*secagg.State, error) {
	path := f.path(stateName(session, round, ctx))
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	s, err := decodeState(b, f.owner)
	if err == nil && s.Ctx != ctx {
		err = ErrForeign
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s; remove it: this member then only observes round %d", err, path, round)
	}
	return s, nil
}

func (f *folder) saveState(session string, round uint32, s *secagg.State) error {
	return f.save(stateName(session, round, s.Ctx), encodeState(f.owner, s))
}

// dropState removes what is left of a round. Without it Memory alone says that
// the round was answered, and this member only observes it.
func (f *folder) dropState(session string, round uint32, ctx wire.Digest) error {
	if err := f.remove(f.path(stateName(session, round, ctx))); err != nil {
		return fmt.Errorf("%w: cannot remove the state of round %d in %s; make it writable and run again: %w", ErrFolder, round, f.dir, err)
	}
	return nil
}
