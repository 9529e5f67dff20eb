package client

import (
	"crypto/ed25519"
	"fmt"
	"io"
	"sync"

	"chorus/pkg/secagg"
	"chorus/pkg/stage"
	"chorus/pkg/stage/put"
	"chorus/pkg/wire"
)

// A Config says who takes part, in what, from where.
type Config struct {
	Dir       string // one folder per identity; keep it out of every backup
	Session   string
	Name      string
	Identity  ed25519.PrivateKey
	Authority ed25519.PublicKey // pinned: who says who is a member
	Policy    secagg.Policy     // zero: secagg.DefaultPolicy
	Log       stage.Log
	Window    int         // bulk parts in flight; 0: put.DefaultWindow
	Progress  func(Event) // called from one goroutine at a time; must not block
}

// Format redacts: Identity is a private key.
func (c Config) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "client.Config(%s in %s, keys redacted)", c.Name, c.Session)
}

func (c *Config) check() error {
	switch {
	case c.Dir == "":
		return fmt.Errorf("%w: no folder; set Dir", ErrConfig)
	case !wire.Name(c.Session):
		return fmt.Errorf("%w: session %q; use 1 to %d of a-z, 0-9 and -", ErrConfig, c.Session, wire.MaxToken)
	case !wire.Name(c.Name):
		return fmt.Errorf("%w: name %q; use 1 to %d of a-z, 0-9 and -", ErrConfig, c.Name, wire.MaxToken)
	case len(c.Identity) != ed25519.PrivateKeySize:
		return fmt.Errorf("%w: no identity key; set Identity", ErrConfig)
	case len(c.Authority) != ed25519.PublicKeySize:
		return fmt.Errorf("%w: no authority; set Authority to the key that signs the roster", ErrConfig)
	case c.Log == nil:
		return fmt.Errorf("%w: no log; set Log", ErrConfig)
	case c.Window < 0:
		return fmt.Errorf("%w: window %d; use 0 for the default", ErrConfig, c.Window)
	}
	return nil
}

// A Client is one member of one session with its folder locked.
type Client struct {
	cfg    Config
	folder *folder
	turn   sync.Mutex // one round at a time: Memory is shared by all of them

	telling sync.Mutex // Progress
	looking sync.Mutex // now
	now     *standing  // of the round that runs; nil: none
}

// Format redacts: a Client holds its Config.
func (c *Client) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "client.Client(%s)", c.cfg.Name) }

// Open locks the folder and checks what is in it.
func Open(cfg Config) (*Client, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Policy == (secagg.Policy{}) {
		cfg.Policy = secagg.DefaultPolicy()
	}
	if cfg.Window == 0 {
		cfg.Window = put.DefaultWindow
	}
	f, err := openFolder(cfg.Dir, ownerOf(cfg.Name, cfg.Identity))
	if err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, folder: f}
	l, err := c.folder.loadLedger(cfg.Session)
	if err == nil {
		err = c.folder.outdated(cfg.Session, l)
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return c, nil
}

// Close gives the folder back. A round that still runs has to be ended first,
// by its context.
func (c *Client) Close() error {
	if !c.turn.TryLock() {
		return ErrBusy
	}
	defer c.turn.Unlock()
	return c.folder.close()
}

// key is the key of a record of this session.
func (c *Client) key(round uint32, k wire.Kind, member string) wire.Key {
	return wire.Key{Session: c.cfg.Session, Round: round, Kind: k, Member: member}
}

// A Task is what to do in one round.
type Task struct {
	Round        uint32
	Model        wire.Digest          // that this member was told to expect; zero: what the certificates say
	Contribution *secagg.Contribution // nil: hold shares, sign and attest only
	LeaveAfter   string               // one of secagg.Duties: leave once it is done and stored; "": stay to the end
}

// Format redacts: the update is what all of this protects.
func (t Task) Format(f fmt.State, _ rune) {
	io.WriteString(f, fmt.Sprintf("client.Task(round %d, contribution redacted)", t.Round))
}

func (t *Task) check() error {
	if t.Round == 0 || t.Round > wire.MaxRound {
		return fmt.Errorf("%w: round %d; rounds count from 1, see NextRound", ErrConfig, t.Round)
	}
	if t.LeaveAfter != "" && dutyIndex(t.LeaveAfter) < 0 {
		return fmt.Errorf("%w: no duty %q; use one of %q", ErrConfig, t.LeaveAfter, secagg.Duties)
	}
	return nil
}
