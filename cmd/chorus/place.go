package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"chorus/internal/broker"
	"chorus/internal/node"
	"chorus/internal/session"
	"chorus/pkg/stage/jetlog"
)

// A place is where a command finds its server, credentials and session: a data
// folder, or a server and a credentials file.
type place struct {
	data, server, creds, session string
	json                         bool
}

const defaultData = "chorus-data"

func (p *place) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&p.data, "data", defaultData, "data folder of `chorus up`")
	f.StringVar(&p.server, "server", os.Getenv("NATS_URL"), "NATS URL; default: the one that `chorus up` wrote into the data folder [NATS_URL]")
	f.StringVar(&p.creds, "creds", os.Getenv("NATS_CREDS"), "credentials file; default: the role's in the data folder [NATS_CREDS]")
}

func (p *place) jsonFlag(c *cobra.Command) {
	c.Flags().BoolVar(&p.json, "json", false, "print exactly one JSON object on standard output")
}

func (p *place) sessionFlag(c *cobra.Command) {
	c.Flags().StringVar(&p.session, "session", "", "session name; default: the only one in the data folder")
}

// connect connects as a role.
func (p *place) connect(role broker.Role) (*nats.Conn, error) {
	creds := p.creds
	if creds == "" {
		creds = node.CredsFile(p.data, role)
	}
	b, err := os.ReadFile(creds)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no credentials at %s; start `chorus up --data %s`, or pass --server and --creds", creds, p.data)
	}
	if err != nil {
		return nil, err
	}
	url := p.server
	if url == "" {
		u, err := os.ReadFile(node.URLFile(p.data))
		if err != nil {
			return nil, fmt.Errorf("no server is known in %s; start `chorus up --data %s`, or pass --server", p.data, p.data)
		}
		url = strings.TrimSpace(string(u))
	}
	return connectTo(url, b)
}

// connectTo fails at once where nobody listens, and names the remedy.
func connectTo(url string, creds []byte) (*nats.Conn, error) {
	c, err := broker.Connect(url, creds, nats.RetryOnFailedConnect(false))
	switch {
	case errors.Is(err, nats.ErrNoServers):
		return nil, fmt.Errorf("nobody listens at %s; is `chorus up` running?", url)
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired):
		return nil, fmt.Errorf("%s does not accept these credentials (%w); use those of its own data folder, or a fresh invite", url, err)
	case err != nil:
		return nil, fmt.Errorf("cannot connect to %s: %w", url, err)
	}
	return c, nil
}

// log connects as a role and returns its log.
func (p *place) log(role broker.Role) (*jetlog.Log, func(), error) {
	c, err := p.connect(role)
	if err != nil {
		return nil, nil, err
	}
	l, err := jetlog.New(c)
	if err != nil {
		c.Close()
		return nil, nil, err
	}
	return l, c.Close, nil
}

func (p *place) sessions() string { return filepath.Join(p.data, "sessions") }

// load reads the session that --session names, or the only one there is.
func (p *place) load() (*session.Session, error) {
	if p.session == "" {
		dirs, _ := os.ReadDir(p.sessions())
		switch len(dirs) {
		case 0:
			return nil, fmt.Errorf("%s: %w", p.sessions(), session.ErrNone)
		case 1:
			p.session = dirs[0].Name()
		default:
			return nil, usage("there are %d sessions in %s; choose one with --session", len(dirs), p.data)
		}
	}
	return session.Load(filepath.Join(p.sessions(), p.session))
}

// printJSON prints the one object of a --json run.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// stopped turns the end of ctx, which is Ctrl-C, into success.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
