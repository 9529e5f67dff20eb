package logtest

import (
	"bytes"
	"errors"
	"testing"

	"chorus/pkg/stage"
	"chorus/pkg/stage/put"
	"chorus/pkg/wire"
)

// parts are more than there are shards.
func (s *suite) parts(seed byte) (all []wire.Entry) {
	for p := range uint32(3*wire.Shards + 1) {
		all = append(all, wire.Entry{Key: s.key(wire.KindInputPart, p), Body: body(20000, seed+byte(p))})
	}
	return all
}

func (s *suite) partsAreWriteOnce(t *testing.T) {
	for _, e := range s.parts(1) {
		if err := s.Log.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		s.get(t, e.Key)
		if err := s.Log.Append(t.Context(), e); !errors.Is(err, stage.ErrExists) {
			t.Errorf("%v again: %v", e.Key, err)
		}
	}
}

// putAllResumes puts the first parts, as a crashed writer would have, and then
// all of them, twice.
func (s *suite) putAllResumes(t *testing.T) {
	all := s.parts(1)
	for i, some := range [][]wire.Entry{nil, all[:5], all, all} {
		if err := s.Log.PutAll(t.Context(), some, i); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range all {
		if r := s.get(t, e.Key); !bytes.Equal(r.Body, e.Body) {
			t.Errorf("%v came back changed", e.Key)
		}
	}
}

func (s *suite) putAllOtherBytes(t *testing.T) {
	ours, forked := s.parts(1), s.parts(1)
	forked[7].Body = body(20000, 99)
	if err := s.Log.PutAll(t.Context(), ours, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Log.PutAll(t.Context(), forked, 0); !errors.Is(err, put.ErrOtherBytes) {
		t.Errorf("got %v", err)
	}
	tooBig := []wire.Entry{{Key: s.key(wire.KindInputPart, 99), Body: body(wire.MaxPart+1, 1)}}
	if err := s.Log.PutAll(t.Context(), tooBig, 0); !errors.Is(err, stage.ErrRefused) {
		t.Errorf("got %v", err)
	}
}

// bundles: services write them, everybody reads them by name.
func (s *suite) bundles(t *testing.T) {
	for p := range uint32(3) {
		e := wire.Entry{Key: s.key(wire.KindSetupBundle, p), Body: body(1000, byte(p))}
		if err := s.Core.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if r := s.get(t, e.Key); !bytes.Equal(r.Body, e.Body) || r.Key != e.Key {
			t.Errorf("%v came back changed", e.Key)
		}
		if err := s.Core.Append(t.Context(), e); !errors.Is(err, stage.ErrExists) {
			t.Errorf("%v again: %v", e.Key, err)
		}
	}
}
