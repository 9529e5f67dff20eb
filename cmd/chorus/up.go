package main

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"chorus/internal/broker"
	"chorus/internal/node"
	"chorus/pkg/stage"
	"chorus/services"
)

func logger(c *cobra.Command, verbose bool) *slog.Logger {
	level := slog.LevelInfo
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewJSONHandler(c.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
}

func upCmd() *cobra.Command {
	var o node.Options
	var verbose bool
	c := &cobra.Command{
		Use:   "up",
		Short: "Run a NATS server and the five stages on this machine",
		Long: `Runs an embedded NATS JetStream server and the five stages over it, listening on
loopback. Everything is kept in the data folder, credentials included: whoever
reads it is the operator. Stop it with Ctrl-C or kill it: nothing is lost.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o.Log = logger(c, verbose)
			n, err := node.Start(c.Context(), o)
			if err != nil {
				return err
			}
			what := "and the five stages run"
			if o.ServerOnly {
				what = "runs, without stages,"
			}
			fmt.Fprintf(c.ErrOrStderr(), "The server %s at %s; data folder %s. Ctrl-C stops it.\n", what, n.URL(), o.Dir)
			<-c.Context().Done()
			return n.Close()
		},
	}
	f := c.Flags()
	f.StringVar(&o.Dir, "data", defaultData, "data folder, made if it is not there")
	f.IntVar(&o.Port, "port", 4222, "port on loopback; -1 takes a free one")
	f.BoolVar(&o.ServerOnly, "server-only", false, "run no stages: they run as `chorus keybroker`, `chorus collector` ...")
	f.BoolVar(&o.SyncAlways, "fsync", true, "write to disk before acknowledging; false survives kill -9, not a power cut")
	f.BoolVar(&verbose, "verbose", false, "log every task")
	return c
}

// stageCmds are the five stages as processes of their own.
func stageCmds() (out []*cobra.Command) {
	for _, spec := range services.All() {
		out = append(out, stageCmd(spec))
	}
	return out
}

func stageCmd(spec stage.Spec) *cobra.Command {
	var p place
	var verbose bool
	c := &cobra.Command{
		Use:   spec.Name,
		Short: fmt.Sprintf("Run one replica of the %s stage", spec.Name),
		Long: fmt.Sprintf(`Runs one replica of the %s stage against a NATS server. Start as many as you
like, anywhere, in any order; kill and upgrade them at will: a stage keeps no
state but the log, and replicas need no leader.`, spec.Name),
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			l, done, err := p.log(broker.Role(spec.Name))
			if err != nil {
				return err
			}
			defer done()
			log := logger(c, verbose).With("stage", spec.Name, "pid", os.Getpid())
			log.Info("following rounds")
			shell := &stage.Shell{Log: l, Tasks: l, Specs: []stage.Spec{spec}, Now: time.Now, Meter: node.NewMeter(log)}
			return stopped(c.Context(), shell.Serve(c.Context(), l))
		},
	}
	p.flags(c)
	c.Flags().BoolVar(&verbose, "verbose", false, "log every task")
	return c
}
