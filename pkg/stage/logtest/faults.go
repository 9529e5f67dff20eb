package logtest

import (
	"bytes"
	"errors"
	"testing"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// full: new keys wait, taken ones are known to be taken, nothing is lost.
func (s *suite) full(t *testing.T) {
	kept := s.entry(wire.KindAdvert, "kept")
	if err := s.Log.Append(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	s.get(t, kept.Key)
	undo := s.Fill(t)
	here := s.round
	var err error
	for i := uint32(0); err == nil && i < 20; i++ {
		s.round = here + 3000 + i
		err = s.Log.Append(t.Context(), wire.Entry{Key: s.key(wire.KindAdvert, 0), Body: body(wire.MaxBody, 1)})
	}
	if !errors.Is(err, stage.ErrFull) {
		t.Errorf("got %v", err)
	}
	refused := s.key(wire.KindAdvert, 0)
	s.round = here
	if err := s.Log.Append(t.Context(), kept); !errors.Is(err, stage.ErrExists) {
		t.Errorf("a taken key in a full store: %v", err)
	}
	undo()
	if err := s.Log.Append(t.Context(), wire.Entry{Key: refused}); err != nil {
		t.Errorf("after there was room again: %v", err)
	}
	if r := s.get(t, kept.Key); string(r.Body) != "kept" {
		t.Errorf("the record became %q", r.Body)
	}
}

// restart stops and starts the servers under a reader.
func (s *suite) restart(t *testing.T) {
	mine := s.entry(wire.KindAdvert, "mine")
	if err := s.Log.Append(t.Context(), mine); err != nil {
		t.Fatal(err)
	}
	part := wire.Entry{Key: s.key(wire.KindInputPart, 2), Body: body(wire.MaxPart, 3)}
	if err := s.Log.PutAll(t.Context(), []wire.Entry{part}, 0); err != nil {
		t.Fatal(err)
	}
	s.tell(t, story[:2]...)
	s.Restart(t)
	r := s.read(t)
	for _, e := range []wire.Entry{mine, part} {
		if got := s.get(t, e.Key); !bytes.Equal(got.Body, e.Body) {
			t.Errorf("%v came back changed", e.Key)
		}
		if err := s.Log.Append(t.Context(), e); !errors.Is(err, stage.ErrExists) {
			t.Errorf("%v again: %v", e.Key, err)
		}
	}
	s.public(r, story[:2])
	s.Restart(t)
	s.tell(t, story[2:]...)
	s.public(r, story[2:])
}

// public expects kinds and passes over the records of participants, which only
// services see.
func (s *suite) public(r *reader, kinds []wire.Kind) {
	r.t.Helper()
	for _, k := range kinds {
		d := r.next()
		for d.Key.Kind == wire.KindAdvert {
			d = r.next()
		}
		if d.Key != s.key(k, 0) {
			r.t.Errorf("delivered %v instead of %s", d.Key, k)
		}
	}
}
