package client

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// A ledger is what one member remembers of one session, for ever.
type ledger struct {
	secagg.Memory
	Certified uint32 // the round of Memory.Certificate; 0: none
	saved     []byte
}

func ledgerName(session string) string { return session + ".memory" }

func encodeLedger(owner wire.Digest, l *ledger) []byte {
	w := newWriter(typeLedger, owner)
	w.u32(l.RosterVersion)
	w.u32(l.LastRound)
	w.digest(l.LastCtx)
	w.digest(l.Certificate)
	w.digest(l.Model)
	w.u32(l.Certified)
	w.u32(uint32(len(l.Spent)))
	for _, s := range l.Spent {
		w.digest(s.Model)
		w.u32(uint32(len(s.Sets)))
		for _, names := range s.Sets {
			w.u32(uint32(len(names)))
			for _, n := range names {
				w.bytes([]byte(n))
			}
		}
	}
	return w.seal()
}

// leastSpent is the size of a spent model without sets.
const leastSpent = wire.DigestSize + 4

func decodeLedger(b []byte, owner wire.Digest) (*ledger, error) {
	r, err := unseal(b, typeLedger, owner)
	if err != nil {
		return nil, err
	}
	l := &ledger{saved: b}
	l.RosterVersion, l.LastRound, l.LastCtx = r.u32(), r.u32(), r.digest()
	l.Certificate, l.Model, l.Certified = r.digest(), r.digest(), r.u32()
	for range r.count(leastSpent) {
		l.Spent = append(l.Spent, r.spent())
	}
	return l, r.end()
}

func (r *reader) spent() secagg.Spent {
	s := secagg.Spent{Model: r.digest()}
	for range r.count(4) {
		var names []string
		for range r.count(4) {
			names = append(names, r.text())
		}
		s.Sets = append(s.Sets, names)
	}
	return s
}

// loadLedger reads it anew for every round: what is on disk is what counts.
func (f *folder) loadLedger(session string) (*ledger, error) {
	path := f.path(ledgerName(session))
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &ledger{saved: encodeLedger(f.owner, new(ledger))}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	l, err := decodeLedger(b, f.owner)
	if err != nil {
		return nil, fmt.Errorf("%w: %s; without it this member cannot know what it said: ask for a new identity and use an empty folder", err, path)
	}
	return l, nil
}

func (f *folder) saveLedger(session string, l *ledger) error {
	b := encodeLedger(f.owner, l)
	if bytes.Equal(b, l.saved) {
		return nil
	}
	if err := f.save(ledgerName(session), b); err != nil {
		return err
	}
	l.saved = b
	return nil
}
