// Package node runs Chorus on one machine: an embedded NATS server with its
// streams, and the stages over it.
package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"chorus/internal/broker"
	"chorus/pkg/stage"
	"chorus/pkg/stage/jetlog"
	"chorus/services"
)

// Options of a node. Dir is needed, the rest has useful zero values.
type Options struct {
	Dir        string
	Port       int  // 0: 4222; -1: a free one
	ServerOnly bool // no stages: they run as processes of their own
	SyncAlways bool
	Sizes      jetlog.Sizes
	Log        *slog.Logger
}

// A Node is a running server with, unless ServerOnly, the five stages.
type Node struct {
	*broker.Server
	Meter *Meter
	conn  *nats.Conn
	stop  context.CancelFunc
	done  sync.WaitGroup
}

// CredsFile is where the credentials of a role of the node at dir are kept.
func CredsFile(dir string, role broker.Role) string {
	return filepath.Join(dir, "creds", string(role)+".creds")
}

// URLFile tells other commands on the machine where the node listens.
func URLFile(dir string) string { return filepath.Join(dir, "url") }

// Start starts a node.
func Start(ctx context.Context, o Options) (_ *Node, err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s, err := broker.Start(broker.Options{Dir: o.Dir, Port: o.Port, SyncAlways: o.SyncAlways, Log: o.Log})
	if err != nil {
		return nil, err
	}
	n := &Node{Server: s, Meter: NewMeter(o.Log)}
	if err := n.setUp(ctx, o); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (n *Node) setUp(ctx context.Context, o Options) error {
	if err := n.writeCreds(o.Dir); err != nil {
		return err
	}
	if err := n.ensure(ctx, o.Sizes); err != nil {
		return err
	}
	// Last: whoever waits for this file finds the streams.
	if err := replace(URLFile(o.Dir), []byte(n.URL()+"\n")); err != nil {
		return err
	}
	if o.ServerOnly {
		return nil
	}
	conn, err := n.Connect(broker.Services)
	if err != nil {
		return err
	}
	n.conn = conn
	return n.serve(conn)
}

// writeCreds leaves the credentials of every role in the data folder: whoever
// reads the folder is the operator.
func (n *Node) writeCreds(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, "creds"), 0o700); err != nil {
		return err
	}
	for _, role := range broker.Roles() {
		b, err := n.CoreCreds(role)
		if err != nil {
			return err
		}
		if err := replace(CredsFile(dir, role), b); err != nil {
			return err
		}
	}
	return nil
}

// replace never shows half a file: stages that start while the server does read
// these.
func replace(path string, b []byte) error {
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// Connect connects to the node as a role, without a socket.
func (n *Node) Connect(role broker.Role) (*nats.Conn, error) {
	creds, err := n.CoreCreds(role)
	if err != nil {
		return nil, err
	}
	return broker.Connect(n.URL(), creds, n.InProcess())
}

func (n *Node) ensure(ctx context.Context, sizes jetlog.Sizes) error {
	conn, err := n.Connect(broker.Admin)
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	sizes = Sizes(ctx, js, sizes)
	return jetlog.Ensure(ctx, js, jetlog.Streams(1, fit(sizes, n.NATS().JetStreamConfig().MaxStore)))
}

func (n *Node) serve(conn *nats.Conn) error {
	l, err := jetlog.New(conn)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	n.stop = cancel
	shell := &stage.Shell{Log: l, Tasks: l, Specs: services.All(), Now: time.Now, Meter: n.Meter}
	n.done.Go(func() { _ = shell.Serve(ctx, l) }) // ends with ctx
	return nil
}

// Close stops the stages, then the server.
func (n *Node) Close() error {
	if n.stop != nil {
		n.stop()
	}
	n.done.Wait()
	if n.conn != nil {
		n.conn.Close()
	}
	if err := n.Server.Close(); err != nil {
		return fmt.Errorf("closing the server: %w", err)
	}
	return nil
}
