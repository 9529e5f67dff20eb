package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"chorus/internal/source"
	"chorus/pkg/secagg"
	"chorus/pkg/stage"
	"chorus/pkg/wire"
	"chorus/services"
)

// A reader says where rounds are read from: a bundle, a server or a folder.
type reader struct {
	place
	bundle string
	round  uint32
}

func (r *reader) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&r.data, "data", defaultData, "data folder of `chorus up` or `chorus demo`")
	f.StringVar(&r.server, "server", "", "NATS URL of a running server, with --creds")
	f.StringVar(&r.creds, "creds", "", "credentials file for --server; the replay role is enough")
	f.StringVar(&r.bundle, "bundle", "", "bundle of `chorus session export`")
	f.Uint32Var(&r.round, "round", 0, "round; default: all")
	r.sessionFlag(c)
	r.jsonFlag(c)
}

// open opens what the flags name. A data folder whose server runs is read
// through that server.
func (r *reader) open() (source.Source, error) {
	switch {
	case r.bundle != "":
		return source.Bundle(r.bundle)
	case r.server != "":
		return r.source()
	}
	if src, err := r.source(); err == nil {
		return src, nil
	}
	return source.Folder(r.data)
}

// each calls do for every round that the flags name.
func (r *reader) each(ctx context.Context, src source.Source, do func(k wire.Key, records []wire.Record) error) error {
	keys, err := src.Rounds(ctx)
	if err != nil {
		return err
	}
	n := 0
	for _, k := range keys {
		if r.session != "" && k.Session != r.session || r.round != 0 && k.Round != r.round {
			continue
		}
		records, err := src.Records(ctx, k.Session, k.Round)
		if err != nil {
			return err
		}
		n++
		if err := do(k, records); err != nil {
			return err
		}
	}
	if n == 0 {
		return fmt.Errorf("there is no such round here")
	}
	return nil
}

// tally is what `replay --json` prints.
type tally struct {
	Rounds    int             `json:"rounds"`
	Records   int             `json:"records"`
	Agreed    int             `json:"agreed"`
	Missing   int             `json:"missing"`
	Diverged  int             `json:"diverged"`
	Opaque    int             `json:"opaque"`
	NotNeeded int             `json:"not_needed"`
	Findings  []stage.Finding `json:"findings,omitempty"`
}

func (t *tally) add(records []wire.Record, findings []stage.Finding) {
	t.Rounds++
	t.Records += len(records)
	for _, f := range findings {
		switch f.Verdict {
		case stage.Agreed:
			t.Agreed++
		case stage.Missing:
			t.Missing++
		case stage.Diverged:
			t.Diverged++
		case stage.Opaque:
			t.Opaque++
		case stage.NotNeeded:
			t.NotNeeded++
		}
		if f.Verdict == stage.Missing || f.Verdict == stage.Diverged {
			t.Findings = append(t.Findings, f)
		}
	}
}

func replayCmd() *cobra.Command {
	var r reader
	var upto uint64
	c := &cobra.Command{
		Use:   "replay",
		Short: "Fold rounds again and compare every record with what the log holds",
		Long: `Reads rounds from a data folder, a running server or an exported bundle, folds every
stage again and says for each of its records: agreed, missing, diverged, opaque or
not needed. It writes nothing, and nothing that it can see reveals an update.`,
		Example: `  chorus replay --data chorus-demo
  chorus replay --bundle round-3.chorus --upto 120`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			src, err := r.open()
			if err != nil {
				return err
			}
			defer src.Close()
			var t tally
			err = r.each(c.Context(), src, func(_ wire.Key, records []wire.Record) error {
				t.add(records, stage.Replay(records, services.All(), upto))
				return nil
			})
			if err != nil {
				return err
			}
			return t.print(c.OutOrStdout(), r.json)
		},
	}
	r.flags(c)
	c.Flags().Uint64Var(&upto, "upto", 0, "stop after this sequence of the log")
	return c
}

func (t *tally) print(w io.Writer, asJSON bool) error {
	if asJSON {
		if err := printJSON(w, t); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(w, "%d rounds, %d records: %d agreed, %d missing, %d diverged, %d opaque, %d not needed\n",
			t.Rounds, t.Records, t.Agreed, t.Missing, t.Diverged, t.Opaque, t.NotNeeded)
		for _, f := range t.Findings {
			fmt.Fprintf(w, "%s: %s at sequence %d\n", f.Verdict, f.Key, f.Seq)
			if f.Got != "" {
				fmt.Fprintf(w, "  derived %s\n  stored  %s\n", f.Want, f.Got)
			}
		}
	}
	if t.Missing+t.Diverged > 0 {
		return coded{exitRefused, fmt.Errorf("%d records are missing and %d diverge", t.Missing, t.Diverged)}
	}
	return nil
}

func auditCmd() *cobra.Command {
	var r reader
	var authority string
	c := &cobra.Command{
		Use:   "audit",
		Short: "Check offline that a published sum is the sum of the accepted updates",
		Long: `Verifies rounds from nothing but their records and the key of the roster authority:
every signature, key set and root, A and its quorum, the opened sum against the
members' commitments, and the certificate.`,
		Example: `  chorus audit --bundle round-3.chorus --authority 6b1f...`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			pinned, err := r.authority(authority)
			if err != nil {
				return err
			}
			src, err := r.open()
			if err != nil {
				return err
			}
			defer src.Close()
			var rows []map[string]any
			bad := 0
			err = r.each(c.Context(), src, func(k wire.Key, records []wire.Record) error {
				row := auditRow(c.Context(), src, k, pinned)
				rows = append(rows, row)
				if row["verified"] != true {
					bad++
				}
				if !r.json {
					fmt.Fprintf(c.OutOrStdout(), "round %s/%d: %v\n", k.Session, k.Round, row["says"])
				}
				return nil
			})
			if err != nil {
				return err
			}
			return auditEnd(c.OutOrStdout(), r.json, rows, bad)
		},
	}
	r.flags(c)
	c.Flags().StringVar(&authority, "authority", "", "hex key of the roster authority to trust; default: the session's in the data folder")
	return c
}

func auditEnd(w io.Writer, asJSON bool, rows []map[string]any, bad int) error {
	if asJSON {
		if err := printJSON(w, map[string]any{"rounds": rows, "not_verified": bad}); err != nil {
			return err
		}
	}
	if bad > 0 {
		return coded{exitRefused, fmt.Errorf("%d of %d rounds have no verified result", bad, len(rows))}
	}
	return nil
}

func auditRow(ctx context.Context, src source.Source, k wire.Key, authority []byte) map[string]any {
	o, err := secagg.Audit(ctx, src, k, authority, secagg.AnyPolicy())
	if err != nil {
		return map[string]any{"session": k.Session, "round": k.Round, "verified": false, "says": err.Error()}
	}
	row := outcome(o, k, "")
	row["says"] = fmt.Sprintf("the sum of %d members, verified; %d attestations of %d needed; at most %d of %d members assumed corrupt",
		len(o.Contributed), o.Certificate.Signers.Len(), o.Quorum, o.Corrupt, o.Members)
	if o.Forkable {
		row["says"] = row["says"].(string) + "; forkable: another fork of the round may be certified too"
	}
	return row
}
