package world

import (
	"errors"
	"slices"
	"testing"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
	"chorus/services"
)

// TestPlantedBugs: every invariant finds the bug that it is there for.
func TestPlantedBugs(t *testing.T) {
	for name, c := range map[string]struct {
		s    Setting
		want error
	}{
		"a member signs a second set":        {Setting{N: 5, Fair: true, Hostile: map[string]Mutation{"m001": signTwice}}, ErrTwoSets},
		"a member masks again after a crash": {Setting{N: 5, Fair: true, Hostile: map[string]Mutation{"m001": rewrite}}, ErrOtherBytes},
		"robust accepts too few": {Setting{N: 5, Fair: true, Specs: with(wire.Robust, func(m stage.Machine) stage.Machine { return few{m} })},
			ErrSmallSet},
		"two replicas disagree": {Setting{N: 5, Fair: true, Replicas: 2, Specs: with(wire.Keybroker, fickle())}, ErrReplicas},
	} {
		t.Run(name, func(t *testing.T) {
			c.s.Seed, c.s.Dim = 9, 3
			w := New(c.s)
			for _, m := range w.Members {
				m.Planted = m.Mutate != nil
			}
			if err := w.Round(); !errors.Is(err, c.want) {
				t.Fatalf("the invariants say %v, want %v", err, c.want)
			}
		})
	}
}

// TestPlantedRewrite: a log that is not write-once is found out.
func TestPlantedRewrite(t *testing.T) {
	w := run(t, Setting{Seed: 9, N: 4, Dim: 3, Fair: true}, 1, false)
	records := slices.Clone(w.Records())
	records[3].Body = []byte("rewritten")
	if err := w.checkRound(records); !errors.Is(err, ErrRewritten) {
		t.Fatal(err)
	}
	if err := w.checkRound(w.Records()[:5]); !errors.Is(err, ErrRewritten) {
		t.Fatal(err)
	}
}

func signTwice(m *Member, es []wire.Entry) []wire.Entry {
	for _, e := range es {
		var c wire.Consent
		if _, err := wire.DecodeSigned(e.Body, &c); e.Key.Kind == wire.KindConsent && err == nil {
			c.Accepted[0] ^= 1
			es = append(es, m.Sign(wire.KindConsent, &c))
		}
	}
	return es
}

func rewrite(m *Member, es []wire.Entry) []wire.Entry {
	for _, e := range es {
		if e.Key.Kind == wire.KindInputPart {
			e.Body = append(slices.Clone(e.Body[:len(e.Body)-1]), 0xff)
			es = append(es, e)
		}
	}
	return es
}

// with replaces what one stage folds with.
func with(name string, wrap func(stage.Machine) stage.Machine) []stage.Spec {
	specs := services.All()
	for i, s := range specs {
		if s.Name == name {
			specs[i].New = func(open wire.Record) (stage.Machine, error) {
				m, err := s.New(open)
				return wrap(m), err
			}
		}
	}
	return specs
}

// few keeps two members of every A.
type few struct{ stage.Machine }

func (f few) Step(r wire.Record) []wire.Entry {
	es := f.Machine.Step(r)
	for i, e := range es {
		var a wire.Accepted
		if e.Key.Kind == wire.KindAccepted && wire.DecodeBody(e.Body, &a) == nil {
			a.Members = wire.NewBitmap(5)
			a.Members.Add(0)
			a.Members.Add(1)
			es[i].Body = wire.Encode(&a)
		}
	}
	return es
}

// fickle makes every second machine one that forgets every second deadline.
func fickle() func(stage.Machine) stage.Machine {
	made := 0
	return func(m stage.Machine) stage.Machine {
		if made++; made%2 == 0 {
			return forgetful{m}
		}
		return m
	}
}

type forgetful struct{ stage.Machine }

func (f forgetful) Step(r wire.Record) []wire.Entry {
	return slices.DeleteFunc(f.Machine.Step(r), func(e wire.Entry) bool { return e.Key.Member == string(wire.ShareKeys) })
}
