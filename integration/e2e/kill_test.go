//go:build heavy

package e2e

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"chorus/internal/session"
	"chorus/pkg/wire"
)

// moments are the records after which something is killed: one in each phase,
// and in the middle of it where members write.
var moments = []wire.Kind{wire.KindOpen, wire.KindAdvert, wire.KindSetup, wire.KindShares, wire.KindShareSet, wire.KindInput,
	wire.KindInputIntake, wire.KindCollection, wire.KindWitness, wire.KindAccepted, wire.KindConsent, wire.KindSum,
	wire.KindReveal, wire.KindRebuilt, wire.KindOpened, wire.KindResult, wire.KindAttest}

const (
	people = 6
	small  = 40_000 // coordinates: three parts of 64 KiB
)

func patient(r *session.Rules) {
	r.SetPhases(3 * time.Minute)
	r.PartSize = 64 << 10
}

// watch calls hit at the first record of each moment, as soon as it is in the
// log, until ctx ends, and returns how late it was on average. Its reader
// survives the server.
func (c *crew) watch(ctx context.Context, round uint32, hit func(k wire.Kind)) (hits int, late time.Duration) {
	left := slices.Clone(moments)
	for ctx.Err() == nil {
		for d, err := range c.log.Read(ctx, "crew", round) {
			if err != nil {
				break
			}
			i := slices.Index(left, d.Key.Kind)
			if i < 0 || ctx.Err() != nil {
				continue
			}
			left = slices.Delete(left, i, i+1)
			late += time.Since(d.Time)
			hits++
			hit(d.Key.Kind)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return hits, late / time.Duration(max(hits, 1))
}

// round runs a round in which everybody stays, while hit is called at every
// moment of it, and checks the sum.
func (c *crew) round(name string, hit func(k wire.Kind)) {
	c.t.Helper()
	o := c.open()
	ctx, cancel := context.WithTimeout(c.t.Context(), 4*time.Minute)
	defer cancel()
	var hits int
	var late time.Duration
	var watching sync.WaitGroup
	if hit != nil {
		watching.Go(func() { hits, late = c.watch(ctx, o.Round, hit) })
	}
	r := c.everybody(ctx, o, nil)
	cancel()
	watching.Wait()
	out := c.check(r, people)
	if len(out.Contributed) != people {
		c.t.Errorf("%s: %v in the sum, all %d gave an input", name, out.Contributed, people)
	}
	if hit != nil && hits < len(moments) {
		c.t.Errorf("%s: only at %d moments of %d", name, hits, len(moments))
	}
	c.t.Logf("%-34s %5.1f s, at %d moments, %v late", name, r.took.Seconds(), hits, late.Round(time.Millisecond))
}

// TestStagesKilled: each stage is killed at every phase of a round and started
// again, and then all of them together. Everybody's sum is the same as with none
// killed, because it is that of the same inputs.
func TestStagesKilled(t *testing.T) {
	s := serve(t)
	all := s.stages(1)
	c := enlist(t, s, people, small, patient)
	c.round("nothing killed", nil)
	for _, name := range stages {
		c.round(name+" killed", func(wire.Kind) { all[name][0].again() })
	}
	c.round("every stage killed", func(wire.Kind) {
		for _, name := range stages {
			all[name][0].again()
		}
	})
}

// TestReplicasKilled: one of two replicas of every stage is killed at every
// phase, in turn the one and the other.
func TestReplicasKilled(t *testing.T) {
	s := serve(t)
	all := s.stages(2)
	c := enlist(t, s, people, small, patient)
	c.round("nothing killed", nil)
	turn := 0
	c.round("one of two of every stage killed", func(wire.Kind) {
		turn++
		for _, name := range stages {
			all[name][turn%2].again()
		}
	})
}

// TestServerKilled: the server is killed at every phase and started again on its
// folder. Stages and members come back by themselves.
func TestServerKilled(t *testing.T) {
	s := serve(t)
	s.stages(1)
	c := enlist(t, s, people, small, patient)
	c.round("nothing killed", nil)
	c.round("server killed", func(wire.Kind) { s.again() })
}
