package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"chorus/internal/broker"
	"chorus/internal/node"
	"chorus/internal/session"
	"chorus/pkg/wire"
)

func sessionCmd() *cobra.Command {
	c := &cobra.Command{Use: "session", Short: "Make sessions, enroll members, show and export rounds", Args: cobra.ArbitraryArgs, RunE: command}
	c.AddCommand(sessionNewCmd(), sessionEnrollCmd(), sessionShowCmd(), sessionExportCmd(), identityCmd())
	return c
}

func sessionNewCmd() *cobra.Command {
	var p place
	rules := session.Defaults("", 0)
	var gamma, delta string
	var phase time.Duration
	c := &cobra.Command{
		Use:   "new NAME --dim D",
		Short: "Make a session: its rules, its authority and its opener",
		Example: `  chorus session new mortality --dim 650 --clip 6
  chorus session new phones --dim 100000 --bits 12 --gamma 1/5 --phase 2m`,
		Args: oneArg("session name"),
		RunE: func(c *cobra.Command, args []string) error {
			rules.Session = args[0]
			if rules.Dim == 0 {
				return usage("say how many coordinates an update has with --dim")
			}
			var err error
			if rules.Gamma, err = ratio(gamma); err != nil {
				return err
			}
			if rules.Delta, err = ratio(delta); err != nil {
				return err
			}
			rules.SetPhases(phase)
			s, err := session.Create(filepath.Join(p.sessions(), rules.Session), rules)
			if err != nil {
				return err
			}
			return printSession(c, &p, s)
		},
	}
	f := c.Flags()
	f.StringVar(&p.data, "data", defaultData, "data folder of `chorus up`")
	p.jsonFlag(c)
	f.Uint32Var(&rules.Dim, "dim", 0, "coordinates of an update (required)")
	f.Uint8Var(&rules.Bits, "bits", rules.Bits, "bits of an encoded coordinate, 3 to 24")
	f.Float64Var(&rules.Clip, "clip", rules.Clip, "largest L2 norm of an update; longer ones are scaled down")
	f.Uint32Var(&rules.MaxWeight, "max-weight", rules.MaxWeight, "largest weight, such as a number of samples")
	f.StringVar(&rules.Weights, "weights", rules.Weights, "public: each member states its own; equal: all are 1")
	f.StringVar(&rules.Update, "update", rules.Update, "mean: the next model is this one plus the mean; told: the training code says which model")
	f.StringVar(&rules.Model, "model", rules.Model, "hex SHA-256 of the model to begin with")
	f.StringVar(&rules.Filter, "filter", rules.Filter, "Byzantine filter; this version has only none")
	f.StringVar(&gamma, "gamma", "1/10", "fraction of the members assumed to be corrupt")
	f.StringVar(&delta, "delta", "1/5", "fraction of the members that may vanish during a round")
	f.Uint16Var(&rules.Floor, "floor", rules.Floor, "honest inputs under every sum, at least 2")
	f.Uint16Var(&rules.MinU1, "min-members", rules.MinU1, "members below which a round does not start")
	f.Uint32Var(&rules.PartSize, "part-size", rules.PartSize, "bytes of a part of a vector")
	f.BoolVar(&rules.Forkable, "forkable", false, "allow rounds whose members cannot exclude a second, disjoint one")
	f.BoolVar(&rules.NotCounted, "organisations-not-counted", false, "do not count the members of one organisation as corrupt together")
	f.DurationVar(&phase, "phase", 10*time.Minute, "time for each phase of a round")
	return c
}

// ratio reads "1/10" or "0.1".
func ratio(s string) (wire.Ratio, error) {
	num, den, isFraction := strings.Cut(s, "/")
	if !isFraction {
		whole, decimals, _ := strings.Cut(s, ".")
		num, den = whole+decimals, "1"+strings.Repeat("0", len(decimals))
	}
	a, err1 := strconv.ParseUint(num, 10, 32)
	b, err2 := strconv.ParseUint(den, 10, 32)
	if err1 != nil || err2 != nil || b == 0 || a >= b {
		return wire.Ratio{}, usage("%q is no fraction below 1; write 1/10 or 0.1", s)
	}
	return wire.Ratio{Num: uint32(a), Den: uint32(b)}, nil
}

func sessionEnrollCmd() *cobra.Command {
	var p place
	var m wire.Member
	var identity, out string
	c := &cobra.Command{
		Use:   "enroll NAME",
		Short: "Put a member into the roster and write its invite",
		Long: `Puts a member into the session's roster and writes an invite: the file with which
that member runs ` + "`chorus participate`" + `. A member makes its identity itself with
` + "`chorus session identity FILE`" + ` and sends you the public key for --identity; without
it one is made here and put into the invite, which suits a trial on one machine.`,
		Args: oneArg("member name"),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := p.load()
			if err != nil {
				return err
			}
			m.Name = args[0]
			invite, err := enroll(&p, s, m, identity)
			if err != nil {
				return err
			}
			if out == "" {
				out = m.Name + ".invite"
			}
			if err := session.WriteInvite(out, invite); err != nil {
				return err
			}
			if p.json {
				return printJSON(c.OutOrStdout(), map[string]any{"name": m.Name, "invite": out, "roster_version": s.Roster.Version, "members": len(s.Roster.Members)})
			}
			fmt.Fprintf(c.OutOrStdout(), "%s is member %d of session %s; its invite is %s (keep it secret)\n", m.Name, len(s.Roster.Members), s.Rules.Session, out)
			return nil
		},
	}
	p.flags(c)
	p.sessionFlag(c)
	p.jsonFlag(c)
	f := c.Flags()
	f.StringVar(&identity, "identity", "", "hex public key that the member made with `chorus session identity`")
	f.StringVar(&m.Organisation, "organisation", "", "members of one organisation count as corrupt together")
	f.Uint32Var(&m.MaxWeight, "max-weight", 0, "largest weight of this member; default: the session's")
	f.StringVar(&out, "out", "", "invite file; default NAME.invite")
	return c
}

func enroll(p *place, s *session.Session, m wire.Member, public string) (*session.Invite, error) {
	authority, err := broker.OpenAuthority(filepath.Join(p.data, "keys"))
	if err != nil {
		return nil, err
	}
	creds, err := authority.Creds(m.Name, s.Rules.Session)
	if err != nil {
		return nil, err
	}
	server := p.server
	if server == "" {
		if u, err := os.ReadFile(node.URLFile(p.data)); err == nil {
			server = strings.TrimSpace(string(u))
		} else {
			return nil, fmt.Errorf("no server is known in %s; start `chorus up --data %s`, or pass --server", p.data, p.data)
		}
	}
	a := session.Public(s.Authority)
	v := &session.Invite{Session: s.Rules.Session, Name: m.Name, Server: server, Authority: hex.EncodeToString(a[:]),
		Model: s.Rules.Model, Creds: string(creds)}
	if m.Identity, v.Identity, err = identityOf(public); err != nil {
		return nil, err
	}
	return v, s.Enroll(m)
}

// identityOf takes a member's public key, or makes an identity for it.
func identityOf(public string) (key [wire.IdentitySize]byte, seed string, err error) {
	if public == "" {
		k, err := session.NewKey()
		if err != nil {
			return key, "", err
		}
		return session.Public(k), hex.EncodeToString(k.Seed()), nil
	}
	b, err := hex.DecodeString(public)
	if err != nil || len(b) != len(key) {
		return key, "", usage("--identity takes the 64 hexadecimal digits that `chorus session identity` printed")
	}
	return [wire.IdentitySize]byte(b), "", nil
}

func identityCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "identity FILE",
		Short: "Make a member's identity; prints the public key to send to the operator",
		Args:  oneArg("file"),
		RunE: func(c *cobra.Command, args []string) error {
			k, err := session.NewIdentity(args[0])
			if err != nil {
				return err
			}
			pub := session.Public(k)
			fmt.Fprintln(c.OutOrStdout(), hex.EncodeToString(pub[:]))
			return nil
		},
	}
}
