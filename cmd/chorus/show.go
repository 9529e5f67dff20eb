package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"chorus/internal/broker"
	"chorus/internal/session"
	"chorus/internal/source"
	"chorus/internal/view"
	"chorus/pkg/stage/archive"
	"chorus/pkg/wire"
)

// sessionInfo is what `session show` and `session new` print.
type sessionInfo struct {
	session.Rules
	Folder        string          `json:"folder"`
	Authority     string          `json:"authority"`
	RosterVersion uint32          `json:"roster_version"`
	Members       []memberInfo    `json:"members"`
	Warning       string          `json:"warning,omitempty"`
	Rounds        []*view.Status  `json:"rounds,omitempty"`
	Tip           *map[string]any `json:"next,omitempty"`
}

type memberInfo struct {
	Name         string `json:"name"`
	Identity     string `json:"identity"`
	Organisation string `json:"organisation,omitempty"`
	MaxWeight    uint32 `json:"max_weight"`
}

func describe(s *session.Session) *sessionInfo {
	a := session.Public(s.Authority)
	info := &sessionInfo{Rules: s.Rules, Folder: s.Dir, Authority: hex.EncodeToString(a[:]), RosterVersion: s.Roster.Version, Members: []memberInfo{}}
	for _, m := range s.Roster.Members {
		info.Members = append(info.Members, memberInfo{m.Name, hex.EncodeToString(m.Identity[:]), m.Organisation, m.MaxWeight})
	}
	if w, err := s.Check(); err != nil {
		info.Warning = err.Error()
	} else {
		info.Warning = w
	}
	return info
}

func printSession(c *cobra.Command, p *place, s *session.Session) error {
	info := describe(s)
	if p.json {
		return printJSON(c.OutOrStdout(), info)
	}
	w := c.OutOrStdout()
	fmt.Fprintf(w, "session    %s\nfolder     %s\nauthority  %s\nupdate     %d coordinates of %d bits, clipped at %g, weights %s up to %d\nmembers    %d (roster version %d)\n",
		info.Session, info.Folder, info.Authority, info.Dim, info.Bits, info.Clip, info.Weights, info.MaxWeight, len(info.Members), info.RosterVersion)
	for _, m := range info.Members {
		fmt.Fprintf(w, "           %s %s\n", m.Name, m.Organisation)
	}
	if info.Warning != "" {
		fmt.Fprintf(w, "note       %s\n", info.Warning)
	}
	return nil
}

func sessionShowCmd() *cobra.Command {
	var p place
	c := &cobra.Command{
		Use: "show", Short: "Show a session: rules, members and rounds", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := p.load()
			if err != nil {
				return err
			}
			rounds, err := p.rounds(c.Context(), s.Rules.Session)
			if err != nil {
				fmt.Fprintln(c.ErrOrStderr(), "rounds are not shown:", err)
			}
			if p.json {
				info := describe(s)
				info.Rounds = rounds
				return printJSON(c.OutOrStdout(), info)
			}
			if err := printSession(c, &p, s); err != nil {
				return err
			}
			return printRounds(c.OutOrStdout(), rounds)
		},
	}
	p.flags(c)
	p.sessionFlag(c)
	p.jsonFlag(c)
	return c
}

func (p *place) source() (source.Source, error) {
	conn, err := p.connect(broker.Replay)
	if err != nil {
		return nil, err
	}
	return source.Server(conn), nil
}

func (p *place) rounds(ctx context.Context, name string) (out []*view.Status, err error) {
	src, err := p.source()
	if err != nil {
		return nil, err
	}
	defer src.Close()
	keys, err := src.Rounds(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if k.Session != name {
			continue
		}
		st, err := status(ctx, src, k)
		if err != nil {
			return nil, err
		}
		out = append(out, st)
	}
	return out, nil
}

func status(ctx context.Context, src source.Source, k wire.Key) (*view.Status, error) {
	records, err := src.Records(ctx, k.Session, k.Round)
	if err != nil {
		return nil, err
	}
	st, err := view.Of(records)
	if err != nil {
		return nil, fmt.Errorf("round %s/%d: %w", k.Session, k.Round, err)
	}
	return st, nil
}

func printRounds(w io.Writer, rounds []*view.Status) error {
	if len(rounds) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "ROUND\tSTATE\tU1\tU2\tINPUTS\tACCEPTED\tSIGNATURES\tMS\tREMEDY")
	for _, s := range rounds {
		sig := "-"
		if s.Certificate != nil {
			sig = fmt.Sprintf("%d of %d", s.Certificate.Signatures, s.Certificate.Quorum)
		}
		fmt.Fprintf(t, "%d\t%s\t%d\t%d\t%d\t%d\t%s\t%d\t%s\n", s.Round, s.State, s.U1, s.U2, len(s.Contributed), len(s.Accepted), sig, s.Millis, s.Remedy)
	}
	return t.Flush()
}

func sessionExportCmd() *cobra.Command {
	var p place
	var round uint32
	var out string
	var bulk bool
	c := &cobra.Command{
		Use: "export --round R --out FILE", Short: "Write a round into one file for `chorus replay --bundle` and for auditors", Args: noArgs,
		Long: `Writes the log of a round, its public bundles, commitments and result into one
file. It reveals nothing beyond the sum: all of it is what the server sees.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if round == 0 || out == "" {
				return usage("name the round with --round and the file with --out")
			}
			src, err := p.source()
			if err != nil {
				return err
			}
			defer src.Close()
			k, err := find(c.Context(), src, p.session, round)
			if err != nil {
				return err
			}
			n, size, err := export(c.Context(), src, k, out, bulk)
			if err != nil {
				return err
			}
			if p.json {
				return printJSON(c.OutOrStdout(), map[string]any{"file": out, "session": k.Session, "round": k.Round, "records": n, "bytes": size})
			}
			fmt.Fprintf(c.OutOrStdout(), "%s: round %s/%d, %d records, %d bytes\n", out, k.Session, k.Round, n, size)
			return nil
		},
	}
	p.flags(c)
	p.sessionFlag(c)
	p.jsonFlag(c)
	f := c.Flags()
	f.Uint32Var(&round, "round", 0, "round to export")
	f.StringVar(&out, "out", "", "file to write")
	f.BoolVar(&bulk, "with-bulk", false, "with the masked vectors and boxes, for a deep replay")
	return c
}

// find returns the Open of a round: of the named session, or of the only one.
func find(ctx context.Context, src source.Source, name string, round uint32) (found wire.Key, err error) {
	keys, err := src.Rounds(ctx)
	if err != nil {
		return found, err
	}
	for _, k := range keys {
		if (name == "" || k.Session == name) && (round == 0 || k.Round == round) {
			if found.Session != "" && found.Session != k.Session {
				return found, usage("there is more than one session; choose one with --session")
			}
			found = k // the last round, where none is named
		}
	}
	if found.Session == "" {
		return found, fmt.Errorf("no such round; `chorus session show` lists them")
	}
	return found, nil
}

// export writes to a temporary file first: nothing half-written appears at out.
func export(ctx context.Context, src source.Source, k wire.Key, out string, bulk bool) (n int, size int64, err error) {
	records, err := src.Records(ctx, k.Session, k.Round)
	if err != nil {
		return 0, 0, err
	}
	content, err := source.Content(ctx, src, records, bulk)
	if err != nil {
		return 0, 0, err
	}
	f, err := os.CreateTemp(dirOf(out), ".export-*")
	if err != nil {
		return 0, 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	all := append(records, content...)
	if err := archive.Write(f, all); err != nil {
		return 0, 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, 0, err
	}
	if st, err := f.Stat(); err == nil {
		size = st.Size()
	}
	return len(all), size, os.Rename(f.Name(), out)
}

func dirOf(path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i+1]
	}
	return "."
}
