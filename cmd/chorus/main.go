// Command chorus is the one binary of Chorus: a subcommand per role.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes, as documented in the help of the root command.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitAborted = 3 // the round ended without a result
	exitRefused = 4 // this member refused, or a check failed
)

// A coded error carries its exit code.
type coded struct {
	code int
	err  error
}

func (c coded) Error() string { return c.err.Error() }
func (c coded) Unwrap() error { return c.err }

func usage(format string, a ...any) error { return coded{exitUsage, fmt.Errorf(format, a...)} }

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot()
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(os.Stderr, "chorus:", err)
	var c coded
	if errors.As(err, &c) {
		return c.code
	}
	return exitFailed
}

// command refuses what is no subcommand; a bare group prints its help.
func command(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	return usage("there is no command %q; see `%s --help`", args[0], c.CommandPath())
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "chorus",
		Short: "Secure aggregation as a message-queue pipeline: many voices, one sound",
		Long: `Many organisations train one model together. Each publishes its masked update;
five services turn those into one verified sum; nobody ever sees a single update.

Start with:  chorus demo        a whole training run on this machine
then:        chorus up          a server and the five stages, in a data folder
             chorus session new NAME --dim D      chorus session enroll NAME
             chorus round open                    chorus participate --invite FILE --input update.npy

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the round was aborted,
            4 refused: a check of this member or auditor failed.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE:          command,
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage("%v; see `%s --help`", err, c.CommandPath())
	})
	root.AddCommand(demoCmd(), upCmd(), streamsCmd(), sessionCmd(), roundCmd(), participateCmd(), replayCmd(), auditCmd())
	root.AddCommand(stageCmds()...)
	return root
}

// noArgs and oneArg are cobra's checks with an exit code and a remedy.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%q is one argument too many; see `%s --help`", args[0], c.CommandPath())
	}
	return nil
}

func oneArg(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage("give one %s; see `%s --help`", what, c.CommandPath())
		}
		return nil
	}
}
