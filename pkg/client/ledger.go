package client

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// A ledger is what one member remembers of one session, for ever.
type ledger struct {
	secagg.Memory
	Certified uint32 // the round of Memory.Certificate; 0: none
	saved     []byte
}

const ledgerEnd = ".memory"

func ledgerName(session string) string { return session + ledgerEnd }

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
	l, err := f.loadLedgerOf(session)
	if err != nil {
		return nil, err
	}
	return l, f.spentElsewhere(session, l)
}

func (f *folder) loadLedgerOf(session string) (*ledger, error) {
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

// spentElsewhere adds the sets that this identity signed in its other sessions:
// a model is spent for a member, not for a session.
func (f *folder) spentElsewhere(session string, l *ledger) error {
	others, err := f.list(func(name string) bool { return strings.HasSuffix(name, ledgerEnd) && name != ledgerName(session) })
	for _, name := range others {
		other, oerr := f.loadLedgerOf(strings.TrimSuffix(name, ledgerEnd))
		if oerr != nil {
			return oerr
		}
		for _, s := range other.Spent {
			for _, names := range s.Sets {
				l.Spend(s.Model, names)
			}
		}
	}
	return err
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
	return f.outdated(session, l)
}

// outdated wipes what is left of rounds that this member can never answer again,
// such as one that it left and that ended without it.
func (f *folder) outdated(session string, l *ledger) error {
	left, err := f.list(func(name string) bool {
		round, ctx, ok := slotOf(session, name)
		return ok && (round < l.LastRound || round == l.LastRound && ctx != l.LastCtx.String())
	})
	for _, name := range left {
		err = errors.Join(err, f.remove(f.path(name)))
	}
	return err
}

// slotOf reads the name of a file of a slot.
func slotOf(session, name string) (round uint32, ctx string, ok bool) {
	rest, ok := strings.CutPrefix(name, session+".")
	parts := strings.SplitN(rest, ".", 3)
	if !ok || len(parts) != 3 {
		return 0, "", false
	}
	n, err := strconv.ParseUint(parts[0], 10, 32)
	return uint32(n), parts[1], err == nil && len(parts[0]) == 8
}
