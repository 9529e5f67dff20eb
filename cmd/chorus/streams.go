package main

import (
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"chorus/internal/broker"
	"chorus/internal/node"
	"chorus/pkg/stage/jetlog"
)

func streamsCmd() *cobra.Command {
	c := &cobra.Command{Use: "streams", Short: "Make the streams of a server, or check them", Args: cobra.ArbitraryArgs, RunE: command}
	c.AddCommand(streamsVerb("ensure", "Create the streams that are missing and correct the ones that differ", true),
		streamsVerb("verify", "Compare the streams with what they should be; changes nothing", false))
	return c
}

func streamsVerb(verb, short string, change bool) *cobra.Command {
	var p place
	var replicas int
	var sizes jetlog.Sizes
	c := &cobra.Command{
		Use: verb, Short: short, Args: noArgs,
		Long: short + `.

It needs the admin credentials, which belong offline: in production no service
and no participant can change or purge a stream.`,
		RunE: func(c *cobra.Command, _ []string) error {
			role := broker.Opener
			if change {
				role = broker.Admin
			}
			conn, err := p.connect(role)
			if err != nil {
				return err
			}
			defer conn.Close()
			js, err := jetstream.New(conn)
			if err != nil {
				return err
			}
			want := jetlog.Streams(replicas, node.Sizes(c.Context(), js, sizes))
			if change {
				err = jetlog.Ensure(c.Context(), js, want)
			} else {
				err = jetlog.Verify(c.Context(), js, want)
			}
			if err != nil {
				return err
			}
			if p.json {
				return printJSON(c.OutOrStdout(), map[string]any{"streams": names(want), "ok": true})
			}
			fmt.Fprintf(c.OutOrStdout(), "%d streams are as they should be\n", len(want))
			return nil
		},
	}
	p.flags(c)
	p.jsonFlag(c)
	f := c.Flags()
	f.IntVar(&replicas, "replicas", 1, "copies of every stream: 1, or 3 on a cluster")
	f.Int64Var(&sizes.Log, "max-log", 0, "bytes the log may hold; 0 leaves it as it is")
	f.Int64Var(&sizes.Bulk, "max-bulk", 0, "bytes each bulk shard may hold; 0 leaves it as it is")
	f.Int64Var(&sizes.Pub, "max-pub", 0, "bytes the results may hold; 0 leaves it as it is")
	return c
}

func names(cfgs []jetstream.StreamConfig) (out []string) {
	for _, c := range cfgs {
		out = append(out, c.Name)
	}
	return out
}
