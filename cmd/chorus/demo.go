package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"chorus/internal/demo"
	"chorus/pkg/client"
)

func demoCmd() *cobra.Command {
	o := demo.Options{}
	var asJSON, verbose bool
	c := &cobra.Command{
		Use:   "demo",
		Short: "Train a model among simulated participants, for real, on this machine",
		Long: `Trains multinomial logistic regression on the digits data (E. Alpaydin, C. Kaynak,
UCI, 1998) among participants with uneven shards, over an embedded NATS server and
all five stages. Participants run the same client as anybody; some drop out in each
phase in turn. Every sum is checked against what went in, and the accuracy stands
beside that of the same training in the clear.`,
		Example: `  chorus demo
  chorus demo --participants 8 --rounds 5 --dropout 0.25
  chorus demo --data patients.csv        (the last column is the label)`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if verbose {
				o.Log = logger(c, true)
			}
			bar := progress(c.ErrOrStderr(), o.Rounds)
			o.Progress = func(round, _ int, what string) { bar.show(fmt.Sprintf("round %d: %s", round, what)) }
			o.Row = func(r *demo.Round) {
				bar.clear()
				if !asJSON {
					demo.Print(c.OutOrStdout(), r)
				}
				bar.step()
			}
			report, err := demo.Run(c.Context(), o)
			bar.clear()
			var aborted *client.AbortedError
			if errors.As(err, &aborted) {
				return coded{exitAborted, fmt.Errorf("%w; on a busy machine give it longer with --phase", err)}
			}
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), report)
			}
			printReport(c.OutOrStdout(), report)
			return nil
		},
	}
	f := c.Flags()
	f.IntVar(&o.Participants, "participants", 20, "participants, at least 3")
	f.IntVar(&o.Rounds, "rounds", 10, "rounds")
	f.Float64Var(&o.Dropout, "dropout", 0.1, "fraction of the participants that drops out in each round")
	f.StringVar(&o.Data, "data", "", "CSV whose last column is the label; default: the digits")
	f.StringVar(&o.Folder, "folder", "", "data folder; default: a temporary one, which is kept")
	f.Uint64Var(&o.Seed, "seed", 1, "of data, dropouts and rounding; never of keys")
	f.DurationVar(&o.Phase, "phase", 1500*time.Millisecond, "shortest wait for those that dropped out; the demo waits longer on a slow machine")
	f.BoolVar(&asJSON, "json", false, "print exactly one JSON object on standard output")
	f.BoolVar(&verbose, "verbose", false, "log what the stages do")
	return c
}

func printReport(w io.Writer, r *demo.Report) {
	fmt.Fprintf(w, "\naccuracy %.3f; the same training in the clear %.3f\n", r.FinalAccuracy, r.ClearAccuracy)
	fmt.Fprintf(w, "every sum was exact, opened the members' commitments, and was certified by a quorum of them\n")
	fmt.Fprintf(w, "see for yourself:  chorus replay --data %s\n", r.Data)
	fmt.Fprintf(w, "                   chorus audit --data %s --authority %s\n", r.Data, r.Authority)
}

// A bar shows progress on a terminal, and nothing anywhere else.
type bar struct{ *progressbar.ProgressBar }

func progress(w io.Writer, steps int) bar {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return bar{}
	}
	return bar{progressbar.NewOptions(steps, progressbar.OptionSetWriter(f), progressbar.OptionSetWidth(30),
		progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false))}
}

func (b bar) show(what string) {
	if b.ProgressBar != nil {
		b.Describe(what)
	}
}

func (b bar) step() {
	if b.ProgressBar != nil {
		_ = b.Add(1)
	}
}

func (b bar) clear() {
	if b.ProgressBar != nil {
		_ = b.Clear()
	}
}
