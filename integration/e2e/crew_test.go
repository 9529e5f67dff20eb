//go:build heavy

package e2e

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"chorus/internal/broker"
	"chorus/internal/node"
	"chorus/internal/session"
	"chorus/internal/source"
	"chorus/pkg/client"
	"chorus/pkg/secagg"
	"chorus/pkg/secagg/encode"
	"chorus/pkg/secagg/kdf"
	"chorus/pkg/stage/jetlog"
	"chorus/pkg/stage/keylog"
	"chorus/pkg/wire"
)

// A crew is a session and its members, who run in this process over TCP.
type crew struct {
	t       *testing.T
	server  *server
	session *session.Session
	members []*member
	log     *jetlog.Log   // the opener's
	source  source.Source // for watching
}

type member struct {
	name   string
	id     ed25519.PrivateKey
	weight uint32
	i      int
	client *client.Client // nil: not of this process
}

const maxWeight = 8

// enlist makes a session of n members on a server that runs.
func enlist(t *testing.T, s *server, n int, dim uint32, change func(*session.Rules)) *crew {
	t.Helper()
	rules := session.Defaults("crew", dim)
	rules.MaxWeight = maxWeight
	if change != nil {
		change(&rules)
	}
	c := &crew{t: t, server: s}
	var err error
	if c.session, err = session.Create(filepath.Join(s.dir, "sessions", "crew"), rules); err != nil {
		t.Fatal(err)
	}
	a, err := broker.OpenAuthority(filepath.Join(s.dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		c.join(a, i)
	}
	if c.log, err = jetlog.New(c.core(broker.Opener)); err != nil {
		t.Fatal(err)
	}
	c.source = source.Server(c.core(broker.Replay))
	return c
}

// core connects as one of the server's roles.
func (c *crew) core(role broker.Role) *nats.Conn {
	c.t.Helper()
	creds, err := os.ReadFile(node.CredsFile(c.server.dir, role))
	if err != nil {
		c.t.Fatal(err)
	}
	return c.dial(creds)
}

func (c *crew) dial(creds []byte) *nats.Conn {
	c.t.Helper()
	nc, err := broker.Connect(c.server.url, creds)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(nc.Close)
	return nc
}

func (c *crew) join(a *broker.Authority, i int) {
	c.t.Helper()
	m := &member{name: fmt.Sprintf("m%03d", i), weight: uint32(i%maxWeight) + 1, i: i}
	creds, err := a.Creds(m.name, "crew")
	if err != nil {
		c.t.Fatal(err)
	}
	if m.id, err = session.NewKey(); err != nil {
		c.t.Fatal(err)
	}
	if err := c.session.Enroll(wire.Member{Name: m.name, Identity: session.Public(m.id)}); err != nil {
		c.t.Fatal(err)
	}
	cl, err := client.Open(client.Config{Dir: filepath.Join(c.server.dir, "members", m.name), Session: "crew", Name: m.name,
		Identity: m.id, Authority: c.session.Authority.Public().(ed25519.PublicKey), Log: keylog.New(c.dial(creds))})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = cl.Close() })
	m.client = cl
	c.members = append(c.members, m)
}

// update is the same on every call, of a norm below the clip.
func (m *member) update(round uint32, dim int) []float64 {
	r := rand.New(rand.NewPCG(uint64(m.i), uint64(round)))
	u := make([]float64, dim)
	for j := range u {
		u[j] = (2*r.Float64() - 1) / math.Sqrt(float64(dim))
	}
	return u
}

// rounding is the randomness of stochastic rounding, fixed so that the sum can
// be predicted to the last integer.
func (m *member) rounding(round uint32) io.Reader {
	return kdf.Stream(binary.BigEndian.AppendUint32(nil, round), kdf.Context{Sender: m.name, Purpose: "e2e rounding"})
}

// sum is what the round has to open for a set of members.
func (c *crew) sum(round uint32, names []string) []int64 {
	c.t.Helper()
	r := c.session.Rules
	p := encode.Params{Bits: int(r.Bits), Clip: r.Clip, MaxWeight: r.MaxWeight, Roster: len(c.members), Dim: int(r.Dim)}
	total := make([]int64, r.Dim)
	for _, m := range c.members {
		if !slices.Contains(names, m.name) {
			continue
		}
		x, err := p.Encode(m.update(round, p.Dim), m.weight, m.rounding(round))
		if err != nil {
			c.t.Fatal(err)
		}
		for i, v := range x {
			total[i] += int64(v)
		}
	}
	return total
}

func (c *crew) open() *wire.Open {
	c.t.Helper()
	o, err := c.session.OpenRound(c.t.Context(), c.log, nil, false)
	if err != nil {
		c.t.Fatal(err)
	}
	return o
}

// A report is what members got out of a round.
type report struct {
	round    uint32
	took     time.Duration
	outcomes []*secagg.Outcome // nil: left, or failed
	errs     []error
}

// everybody takes part in a round; leave says who leaves after which duty.
func (c *crew) everybody(ctx context.Context, o *wire.Open, leave map[int]string) *report {
	r := &report{round: o.Round, outcomes: make([]*secagg.Outcome, len(c.members)), errs: make([]error, len(c.members))}
	began := time.Now()
	var all sync.WaitGroup
	for i, m := range c.members {
		if m.client == nil {
			continue
		}
		all.Go(func() { r.outcomes[i], r.errs[i] = m.participate(ctx, o, leave[i]) })
	}
	all.Wait()
	r.took = time.Since(began)
	return r
}

func (m *member) participate(ctx context.Context, o *wire.Open, leave string) (*secagg.Outcome, error) {
	task := client.Task{Round: o.Round, LeaveAfter: leave,
		Contribution: &secagg.Contribution{Update: m.update(o.Round, int(o.Dim)), Weight: m.weight, Rounding: m.rounding(o.Round)}}
	if o.Previous.IsZero() {
		task.Model = o.Model
	}
	out, err := m.client.Participate(ctx, task)
	if errors.Is(err, client.ErrLeft) {
		return nil, nil
	}
	return out, err
}

// check holds what members got against what they gave: everybody who stayed has
// the exact sum of the same set.
func (c *crew) check(r *report, stayed int) *secagg.Outcome {
	c.t.Helper()
	var first *secagg.Outcome
	n := 0
	for i, o := range r.outcomes {
		if r.errs[i] != nil {
			c.t.Errorf("%s: %v", c.members[i].name, r.errs[i])
		}
		if o == nil {
			continue
		}
		if n++; first == nil {
			first = o
		}
		if o.Result != first.Result {
			c.t.Errorf("%s has another result", c.members[i].name)
		}
	}
	if n != stayed || first == nil {
		c.t.Fatalf("%d members have a result, of %d that stayed", n, stayed)
	}
	if want := c.sum(r.round, first.Contributed); !slices.Equal(first.Sum, want) {
		c.t.Errorf("round %d opened another sum than %v gave", r.round, first.Contributed)
	}
	return first
}
