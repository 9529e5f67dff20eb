package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"chorus/internal/session"
	"chorus/pkg/client"
	"chorus/pkg/client/npy"
	"chorus/pkg/secagg"
	"chorus/pkg/secagg/encode"
	"chorus/pkg/stage"
	"chorus/pkg/stage/keylog"
	"chorus/pkg/wire"
)

// part is one run of `chorus participate`.
type part struct {
	invite, identity, state, input, out, model string
	weight                                     uint32
	round                                      uint32
	forkable, notCounted, json                 bool

	told   sync.Mutex
	duties []client.Duty // as of the last event: the client forgets them when the round ends
}

func participateCmd() *cobra.Command {
	var p part
	c := &cobra.Command{
		Use:   "participate --invite FILE --input UPDATE.npy",
		Short: "Take part in a round: publish a masked update, verify the result",
		Long: `Takes part in one round with the update in a .npy file (float32 or float64, one
value per model parameter) and writes the verified mean as a .npy file. Without
--input it holds shares, signs and attests, and contributes nothing.

Stay until the last duty is done: what the round loses when you leave is printed on
Ctrl-C. Run the same command again to resume; nothing is masked twice. The state
folder holds keys: never restore it from a backup.`,
		Example: `  chorus participate --invite ada.invite --input update.npy --weight 120 --out mean.npy`,
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return p.run(c) },
	}
	f := c.Flags()
	f.StringVar(&p.invite, "invite", "", "invite from `chorus session enroll` (required)")
	f.StringVar(&p.identity, "identity", "", "identity file of `chorus session identity`; default: the one in the invite")
	f.StringVar(&p.state, "state", "", "state folder; default: NAME.state beside the invite")
	f.StringVar(&p.input, "input", "", "update, .npy float32 or float64")
	f.StringVar(&p.out, "out", "", "file for the verified mean, .npy float64")
	f.StringVar(&p.model, "model", "", "hex digest of the model this update is relative to; default: what the invite and the certificates say")
	f.Uint32Var(&p.weight, "weight", 1, "weight of the update, such as its number of samples")
	f.Uint32Var(&p.round, "round", 0, "round; default: the next one that this member has not answered")
	f.BoolVar(&p.forkable, "allow-forkable", false, "take part in rounds that are marked forkable")
	f.BoolVar(&p.notCounted, "allow-organisations-not-counted", false, "take part under a roster that does not count organisations")
	f.BoolVar(&p.json, "json", false, "print exactly one JSON object on standard output")
	return c
}

func (p *part) run(c *cobra.Command) error {
	if p.invite == "" {
		return usage("pass the invite that `chorus session enroll` wrote with --invite")
	}
	invite, err := session.ReadInvite(p.invite)
	if err != nil {
		return err
	}
	contribution, err := p.contribution()
	if err != nil {
		return err
	}
	cl, done, err := p.open(invite, c.ErrOrStderr())
	if err != nil {
		return err
	}
	defer done()
	wait := time.AfterFunc(time.Second, func() { p.waiting(c.ErrOrStderr(), invite) })
	o, k, err := p.participate(c.Context(), cl, invite, contribution)
	wait.Stop()
	if err != nil {
		return p.explain(c, err)
	}
	if p.out != "" {
		if err := npy.WriteFile(p.out, &npy.Array{Shape: []int{len(o.Mean)}, Data: o.Mean, DType: npy.Float64}); err != nil {
			return err
		}
	}
	if p.json {
		return printJSON(c.OutOrStdout(), outcome(o, k, p.out))
	}
	fmt.Fprintf(c.OutOrStdout(), "round %s/%d: the mean of %d members, sum of weights %d, verified; %d attestations of %d needed\n",
		k.Session, k.Round, len(o.Contributed), o.Weight, o.Certificate.Signers.Len(), o.Quorum)
	coarse(c.ErrOrStderr(), o)
	return nil
}

// contribution reads and checks the update before anything else happens.
func (p *part) contribution() (*secagg.Contribution, error) {
	if p.input == "" {
		return nil, nil
	}
	a, err := npy.ReadFile(p.input, wire.MaxDim)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no file %s; pass the update that you have trained with --input", p.input)
	}
	if err != nil {
		return nil, err
	}
	for i, x := range a.Data {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("%s: %w (value %d is %v)", p.input, encode.ErrNotFinite, i, x)
		}
	}
	return &secagg.Contribution{Update: a.Data, Weight: p.weight}, nil
}

func (p *part) open(v *session.Invite, w io.Writer) (*client.Client, func(), error) {
	identity, err := p.identityKey(v)
	if err != nil {
		return nil, nil, err
	}
	authority, err := v.AuthorityKey()
	if err != nil {
		return nil, nil, err
	}
	conn, err := connectTo(v.Server, []byte(v.Creds))
	if err != nil {
		return nil, nil, err
	}
	if p.state == "" {
		p.state = filepath.Join(filepath.Dir(p.invite), v.Name+".state")
	}
	policy := secagg.DefaultPolicy()
	policy.AllowForkable, policy.AllowNotCounted = p.forkable, p.notCounted
	var cl *client.Client
	show := p.progress(w)
	cl, err = client.Open(client.Config{Dir: p.state, Session: v.Session, Name: v.Name, Identity: identity, Authority: authority,
		Policy: policy, Log: keylog.New(conn), Progress: func(e client.Event) { p.note(cl); show(e) }})
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return cl, func() { _ = cl.Close(); closeConn(conn) }, nil
}

// note remembers what is left to do.
func (p *part) note(cl *client.Client) {
	p.told.Lock()
	defer p.told.Unlock()
	p.duties = cl.Duties()
}

// waiting says why nothing happens.
func (p *part) waiting(w io.Writer, v *session.Invite) {
	p.told.Lock()
	defer p.told.Unlock()
	if p.duties == nil {
		fmt.Fprintf(w, "waiting for a round of %s to open; Ctrl-C leaves\n", v.Session)
	}
}

func closeConn(c *nats.Conn) { c.Close() }

func (p *part) identityKey(v *session.Invite) (ed25519.PrivateKey, error) {
	if p.identity != "" {
		return session.ReadSeed(p.identity)
	}
	return v.IdentityKey()
}

// progress shows a line per duty on a terminal, and a bar while parts go out.
func (p *part) progress(w io.Writer) func(client.Event) {
	b := progress(w, 1)
	last := ""
	return func(e client.Event) {
		if e.Duty != last {
			b.clear()
			fmt.Fprintf(w, "round %d: %s\n", e.Round, e.Duty)
			last = e.Duty
		}
		if e.Total > 1 && b.ProgressBar != nil {
			b.ChangeMax(e.Total)
			_ = b.Set(e.Done)
		}
		if e.Text != "" {
			b.clear()
			fmt.Fprintf(w, "  %s\n", e.Text)
		}
	}
}

func (p *part) participate(ctx context.Context, cl *client.Client, v *session.Invite, contribution *secagg.Contribution) (*secagg.Outcome, wire.Key, error) {
	k := wire.Key{Session: v.Session, Round: p.round, Kind: wire.KindOpen, Member: wire.Nobody}
	if k.Round == 0 {
		var err error
		if k.Round, err = cl.NextRound(ctx); err != nil {
			return nil, k, err
		}
	}
	task := client.Task{Round: k.Round, Contribution: contribution}
	model, err := digestFlag(p.model)
	if err != nil {
		return nil, k, err
	}
	if model != nil {
		task.Model = *model
	} else if task.Model, err = v.ModelDigest(); err != nil {
		return nil, k, err
	}
	o, err := cl.Participate(ctx, task)
	if errors.Is(err, secagg.ErrModelUnknown) && model == nil { // not the first round: the certificates say which model
		task.Model = wire.Digest{}
		o, err = cl.Participate(ctx, task)
	}
	return o, k, err
}

// explain turns the end of a round without a result into what to do about it.
func (p *part) explain(c *cobra.Command, err error) error {
	var aborted *client.AbortedError
	switch {
	case c.Context().Err() != nil:
		return p.interrupted(c.ErrOrStderr())
	case errors.As(err, &aborted):
		return coded{exitAborted, err}
	case errors.Is(err, stage.ErrRefused):
		return fmt.Errorf("%w; ask the operator for a fresh invite", err)
	case refused(err):
		return coded{exitRefused, err}
	}
	return err
}

func (p *part) interrupted(w io.Writer) error {
	p.told.Lock()
	defer p.told.Unlock()
	if p.duties == nil {
		return fmt.Errorf("interrupted before a round was open; nothing is lost")
	}
	fmt.Fprintln(w, "left before the last duty was done; what the round loses:")
	for _, d := range p.duties {
		if !d.Done && d.Loss != "" {
			fmt.Fprintf(w, "  %s: %s\n", d.Name, d.Loss)
		}
	}
	return fmt.Errorf("interrupted; run the same command again to resume, nothing is masked twice")
}

// refused reports one of the participant's own refusals.
func refused(err error) bool {
	for _, r := range secagg.Refusals {
		if errors.Is(err, r) {
			return true
		}
	}
	return false
}

// coarse warns where rounding drowns the mean: weights far below the largest
// that the session allows leave an update only a few steps.
func coarse(w io.Writer, o *secagg.Outcome) {
	var largest float64
	for _, x := range o.Mean {
		largest = max(largest, math.Abs(x))
	}
	if o.Step > largest/16 {
		fmt.Fprintf(w, "note: the mean has a resolution of %.2g, and its largest value is %.2g; let the operator set --max-weight near the weights that members give\n", o.Step, largest)
	}
}
