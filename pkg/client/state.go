package client

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// A slot is where the State of one round under one Open lies: the master secret
// in one file, which is all that has to be wiped, and every answer in a file of
// its own, so that megabytes of masked words are written once.
//
// Crash points: the secret is there before the first answer, an answer before
// it is sent. At the end the secret goes first; answers alone resume nothing.
type slot struct {
	*folder
	session string
	round   uint32
	ctx     wire.Digest
	secret  bool // on disk
	answers int  // on disk
}

func (f *folder) slot(session string, round uint32, ctx wire.Digest) *slot {
	return &slot{folder: f, session: session, round: round, ctx: ctx}
}

func (s *slot) prefix() string { return fmt.Sprintf("%s.%08d.%s.", s.session, s.round, s.ctx) }

const (
	secretEnd = "secret"
	answerEnd = ".answer"
)

func (s *slot) mine(name string) bool { return strings.HasPrefix(name, s.prefix()) }

func (s *slot) answerName(i int) string { return fmt.Sprintf("%s%02d%s", s.prefix(), i, answerEnd) }

// load returns nil for a round that this member has no state of.
func (s *slot) load() (*secagg.State, error) {
	state := &secagg.State{Ctx: s.ctx}
	found, err := s.read(s.prefix()+secretEnd, func(b []byte) (err error) {
		state.Master, err = decodeSecret(b, s.owner, s.ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.secret = found
	for s.answers = 0; ; s.answers++ {
		found, err := s.read(s.answerName(s.answers), func(b []byte) error {
			sent, err := decodeAnswer(b, s.owner, s.ctx, s.answers)
			state.Sent = append(state.Sent, sent)
			return err
		})
		if err != nil {
			return nil, err
		}
		if !found {
			break
		}
	}
	if !s.secret && s.answers == 0 {
		return nil, nil
	}
	return state, s.whole()
}

// whole refuses a slot from whose middle a file was taken.
func (s *slot) whole() error {
	left, err := s.list(func(name string) bool { return s.mine(name) && strings.HasSuffix(name, answerEnd) })
	if err == nil && len(left) != s.answers {
		err = fmt.Errorf("%w: answers of round %d are missing in %s; %s", ErrDamaged, s.round, s.dir, s.remedy())
	}
	return err
}

func (s *slot) read(name string, decode func([]byte) error) (found bool, err error) {
	b, err := os.ReadFile(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if err := decode(b); err != nil {
		return false, fmt.Errorf("%w: %s; %s", err, s.path(name), s.remedy())
	}
	return true, nil
}

func (s *slot) remedy() string {
	return fmt.Sprintf("remove %s*: this member then only observes round %d", s.prefix(), s.round)
}

// save writes what is not on disk yet. A state without its secret is over.
func (s *slot) save(state *secagg.State) error {
	if len(state.Master) == 0 {
		return s.forget()
	}
	if !s.secret {
		if err := s.folder.save(s.prefix()+secretEnd, encodeSecret(s.owner, s.ctx, state.Master)); err != nil {
			return err
		}
		s.secret = true
	}
	for ; s.answers < len(state.Sent); s.answers++ {
		b := encodeAnswer(s.owner, s.ctx, s.answers, state.Sent[s.answers])
		if err := s.folder.save(s.answerName(s.answers), b); err != nil {
			return err
		}
	}
	return nil
}

// forget wipes the secret.
func (s *slot) forget() error {
	s.secret = false
	return s.drop(s.path(s.prefix() + secretEnd))
}

// clear removes what is left of a round. Memory alone then says that it was
// answered, and this member only observes it.
func (s *slot) clear() error {
	if err := s.forget(); err != nil {
		return err
	}
	left, err := s.list(s.mine)
	for _, name := range left {
		err = errors.Join(err, s.drop(s.path(name)))
	}
	s.answers = 0
	return err
}

func (s *slot) drop(path string) error {
	if err := s.remove(path); err != nil {
		return fmt.Errorf("%w: cannot erase round %d from %s; make it writable and run again: %w", ErrFolder, s.round, s.dir, err)
	}
	return nil
}
