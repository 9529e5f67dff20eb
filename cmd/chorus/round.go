package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"chorus/internal/broker"
	"chorus/internal/session"
	"chorus/internal/source"
	"chorus/internal/view"
	"chorus/pkg/client/npy"
	"chorus/pkg/secagg"
	"chorus/pkg/stage/jetlog"
	"chorus/pkg/wire"
)

func roundCmd() *cobra.Command {
	c := &cobra.Command{Use: "round", Short: "Open rounds and look at them", Args: cobra.ArbitraryArgs, RunE: command}
	c.AddCommand(roundOpenCmd(), roundWatchCmd(), roundShowCmd(), roundResultCmd())
	return c
}

func roundOpenCmd() *cobra.Command {
	var p place
	var model string
	var force bool
	c := &cobra.Command{
		Use: "open", Short: "Open the next round of a session", Args: noArgs,
		Long: `Opens the next round: its Open, signed by the session's opener, holds everything
that the round depends on. It refuses while the log is more than 80 % full.`,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := p.load()
			if err != nil {
				return err
			}
			warning, err := s.Check()
			if err != nil {
				return err
			}
			conn, err := p.connect(broker.Opener)
			if err != nil {
				return err
			}
			defer conn.Close()
			js, err := jetstream.New(conn)
			if err != nil {
				return err
			}
			if err := roomFor(c.Context(), js); err != nil {
				return err
			}
			l, err := jetlog.New(conn)
			if err != nil {
				return err
			}
			told, err := digestFlag(model)
			if err != nil {
				return err
			}
			o, err := s.OpenRound(c.Context(), l, told, force)
			if err != nil {
				return err
			}
			if warning != "" {
				fmt.Fprintln(c.ErrOrStderr(), "note:", warning)
			}
			return printOpened(c, &p, o)
		},
	}
	p.flags(c)
	p.sessionFlag(c)
	p.jsonFlag(c)
	c.Flags().BoolVar(&force, "force", false, "open it although the round before is still running")
	c.Flags().StringVar(&model, "model", "", "hex digest of the model of this round, in sessions with --update told")
	return c
}

func digestFlag(s string) (*wire.Digest, error) {
	if s == "" {
		return nil, nil
	}
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != wire.DigestSize {
		return nil, usage("--model takes 64 hexadecimal digits")
	}
	d := wire.Digest(b)
	return &d, nil
}

// roomFor refuses where a round might fill the log half-way.
func roomFor(ctx context.Context, js jetstream.JetStream) error {
	streams := []string{jetlog.LogStream, jetlog.PubStream}
	for shard := range uint32(wire.Shards) {
		streams = append(streams, jetlog.BulkStream(shard))
	}
	for _, name := range streams {
		st, err := js.Stream(ctx, name)
		if err != nil {
			return fmt.Errorf("stream %s: %w; run `chorus streams ensure`", name, err)
		}
		i := st.CachedInfo()
		if max := i.Config.MaxBytes; max > 0 && float64(i.State.Bytes) > 0.8*float64(max) {
			return fmt.Errorf("stream %s holds %d of %d bytes: more than 80 %%; raise its limit with `chorus streams ensure` or purge old rounds", name, i.State.Bytes, max)
		}
	}
	return nil
}

func printOpened(c *cobra.Command, p *place, o *wire.Open) error {
	if p.json {
		return printJSON(c.OutOrStdout(), map[string]any{"session": o.Session, "round": o.Round, "model": o.Model.String(), "forkable": o.Forkable,
			"deadline": o.Deadline(wire.Attestation).Format(time.RFC3339)})
	}
	fmt.Fprintf(c.OutOrStdout(), "round %s/%d is open; keys until %s, the last phase until %s\n", o.Session, o.Round,
		o.Deadline(wire.AdvertiseKeys).Local().Format(time.TimeOnly), o.Deadline(wire.Attestation).Local().Format(time.TimeOnly))
	return nil
}

// roundReader is what show, watch and result have in common.
func roundReader(use, short string, run func(c *cobra.Command, p *place, src source.Source, k wire.Key) error) *cobra.Command {
	var p place
	var round uint32
	c := &cobra.Command{
		Use: use, Short: short, Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			src, err := p.source()
			if err != nil {
				return err
			}
			defer src.Close()
			k, err := find(c.Context(), src, p.session, round)
			if err != nil {
				return err
			}
			return run(c, &p, src, k)
		},
	}
	p.flags(c)
	p.sessionFlag(c)
	p.jsonFlag(c)
	c.Flags().Uint32Var(&round, "round", 0, "round; default: the last one")
	return c
}

func roundShowCmd() *cobra.Command {
	return roundReader("show", "Show one round: phases, members, exclusions with reasons, certificate",
		func(c *cobra.Command, p *place, src source.Source, k wire.Key) error {
			st, err := status(c.Context(), src, k)
			if err != nil {
				return err
			}
			if p.json {
				return printJSON(c.OutOrStdout(), st)
			}
			return printStatus(c.OutOrStdout(), st)
		})
}

func printStatus(w io.Writer, s *view.Status) error {
	fmt.Fprintf(w, "round       %s/%d: %s\n", s.Session, s.Round, s.State)
	fmt.Fprintf(w, "members     %d on the roster, at most %d assumed corrupt; U1 %d, U2 %d, t %d\n", s.Members, s.Corrupt, s.U1, s.U2, s.Threshold)
	fmt.Fprintf(w, "inputs      %d collected: %s\n", len(s.Contributed), strings.Join(s.Contributed, " "))
	fmt.Fprintf(w, "accepted    %d: %s\n", len(s.Accepted), strings.Join(s.Accepted, " "))
	for _, d := range s.Dropped {
		fmt.Fprintf(w, "dropped     %s in %s: %s\n", d.Name, d.Phase, d.Reason)
	}
	for _, r := range s.Rejected {
		fmt.Fprintf(w, "rejected    %s: %s\n", r.Name, r.Reason)
	}
	if s.Certificate != nil {
		fmt.Fprintf(w, "certificate %d attestations, %d needed; sum of weights %d\n", s.Certificate.Signatures, s.Certificate.Quorum, s.Weight)
	}
	if s.Abort != nil {
		fmt.Fprintf(w, "aborted     %s: %s\n", s.Abort.Reason, s.Abort.Detail)
	}
	if s.Remedy != "" {
		fmt.Fprintf(w, "remedy      %s\n", s.Remedy)
	}
	_, err := fmt.Fprintf(w, "log         %d records, %d bytes, %d ms\n", s.Records, s.LogBytes, s.Millis)
	return err
}

func roundWatchCmd() *cobra.Command {
	return roundReader("watch", "Follow a round until it ends", func(c *cobra.Command, p *place, src source.Source, k wire.Key) error {
		last := ""
		for {
			st, err := status(c.Context(), src, k)
			if err != nil {
				return stopped(c.Context(), err)
			}
			line := fmt.Sprintf("%-20s U1 %d  U2 %d  inputs %d  accepted %d  dropped %d", st.State, st.U1, st.U2, len(st.Contributed), len(st.Accepted), len(st.Dropped))
			if line != last && !p.json {
				fmt.Fprintf(c.OutOrStdout(), "%s  %s\n", time.Now().Format(time.TimeOnly), line)
			}
			last = line
			if st.Certificate != nil || st.Abort != nil {
				return watched(c, p, st)
			}
			select {
			case <-c.Context().Done():
				return nil
			case <-time.After(300 * time.Millisecond):
			}
		}
	})
}

func watched(c *cobra.Command, p *place, st *view.Status) error {
	if p.json {
		if err := printJSON(c.OutOrStdout(), st); err != nil {
			return err
		}
	}
	if st.Abort != nil {
		return coded{exitAborted, fmt.Errorf("the round was aborted: %s: %s", st.Abort.Reason, st.Abort.Detail)}
	}
	return nil
}

func roundResultCmd() *cobra.Command {
	var authority, out string
	c := roundReader("result", "Verify a round's result and write the mean", func(c *cobra.Command, p *place, src source.Source, k wire.Key) error {
		pinned, err := p.authority(authority)
		if err != nil {
			return err
		}
		o, err := secagg.Audit(c.Context(), src, k, pinned, secagg.AnyPolicy())
		if err != nil {
			return coded{exitRefused, err}
		}
		if out != "" {
			if err := npy.WriteFile(out, &npy.Array{Shape: []int{len(o.Mean)}, Data: o.Mean, DType: npy.Float64}); err != nil {
				return err
			}
		}
		if p.json {
			return printJSON(c.OutOrStdout(), outcome(o, k, out))
		}
		fmt.Fprintf(c.OutOrStdout(), "round %s/%d: the mean of %d members, sum of weights %d, verified against their commitments and %d attestations\n",
			k.Session, k.Round, len(o.Contributed), o.Weight, o.Certificate.Signers.Len())
		return nil
	})
	c.Long = `Verifies everything from the members' signatures up - roster, keys, headers, A, the
sum against the commitments, the certificate - and only then writes the mean.`
	c.Flags().StringVar(&authority, "authority", "", "hex key of the roster authority to trust; default: the session's in the data folder")
	c.Flags().StringVar(&out, "out", "", "file for the mean, .npy float64")
	return c
}

// outcome is a verified result for machines.
func outcome(o *secagg.Outcome, k wire.Key, out string) map[string]any {
	return map[string]any{"session": k.Session, "round": k.Round, "verified": true, "accepted": o.Contributed, "weight": o.Weight,
		"dim": len(o.Mean), "step": o.Step, "a_corr": o.Corrupt, "honest_inputs": o.Floor, "forkable": o.Forkable, "certificate": view.Certificate{Signatures: o.Certificate.Signers.Len(), Quorum: o.Quorum},
		"mean_digest": o.Result.Mean.String(), "next_model": o.Result.Next.String(), "out": out}
}

// authority is the pinned key: a flag's, or the session's in the data folder.
func (p *place) authority(hexKey string) ([]byte, error) {
	if hexKey != "" {
		b, err := hex.DecodeString(hexKey)
		if err != nil || len(b) != wire.IdentitySize {
			return nil, usage("--authority takes 64 hexadecimal digits")
		}
		return b, nil
	}
	s, err := p.load()
	if err != nil {
		return nil, fmt.Errorf("%w; or pass --authority", err)
	}
	a := session.Public(s.Authority)
	return a[:], nil
}
