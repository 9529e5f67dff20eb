// Package demo trains a model on one machine the way it would be trained across
// many: an embedded server, the five stages, and participants that run the same
// client as anybody, some of them dropping out in each phase in turn.
package demo

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"chorus/internal/broker"
	"chorus/internal/demo/learn"
	"chorus/internal/node"
	"chorus/internal/session"
	"chorus/internal/view"
	"chorus/pkg/client"
	"chorus/pkg/stage/jetlog"
	"chorus/pkg/wire"
)

// Options of a demo. The zero value of Data and Folder is useful.
type Options struct {
	Participants int
	Rounds       int
	Dropout      float64       // fraction of the participants that drops out in each round
	Data         string        // CSV whose last column is the label; "": the digits
	Folder       string        // data folder; "": a temporary one
	Seed         uint64        // of data, dropouts and stochastic rounding, nothing else
	Phase        time.Duration // shortest wait for keys, shares and inputs
	Log          *slog.Logger
	Progress     func(round, rounds int, what string) // may be nil
	Row          func(*Round)                         // called after each round; may be nil
}

// A Round is one row of the report.
type Round struct {
	Round          uint32           `json:"round"`
	Contributors   []string         `json:"contributors"`
	Accepted       []string         `json:"accepted"`
	Dropped        []view.Dropped   `json:"dropped"`
	Rejected       []view.Rejected  `json:"rejected"`
	Verified       bool             `json:"verified"`
	Certificate    view.Certificate `json:"certificate"`
	SumError       int64            `json:"sum_error"`
	MeanErrorSteps float64          `json:"mean_error_steps"`
	MeanErrorBound float64          `json:"mean_error_bound"`
	Accuracy       float64          `json:"accuracy"`
	ClearAccuracy  float64          `json:"clear_accuracy"`
	Bytes          int64            `json:"bytes"`
	Millis         int64            `json:"ms"`
	Stages         map[string]int64 `json:"stages"`
}

// A Report is what `demo --json` prints.
type Report struct {
	Data          string   `json:"data"`
	Session       string   `json:"session"`
	Authority     string   `json:"authority"`
	Participants  int      `json:"participants"`
	Rounds        []*Round `json:"rounds"`
	FinalAccuracy float64  `json:"final_accuracy"`
	ClearAccuracy float64  `json:"clear_accuracy"`
}

const sessionName = "demo"

// Run runs a demo from the first key to the last certificate.
func Run(ctx context.Context, o Options) (*Report, error) {
	d := &demo{Options: o}
	defer d.close()
	if err := d.setUp(ctx); err != nil {
		return nil, err
	}
	report := &Report{Data: d.Folder, Session: sessionName, Participants: o.Participants}
	a := session.Public(d.session.Authority)
	report.Authority = hex.EncodeToString(a[:])
	for r := 1; r <= o.Rounds; r++ {
		row, err := d.round(ctx, r)
		if err != nil {
			return report, fmt.Errorf("round %d: %w", r, err)
		}
		report.Rounds = append(report.Rounds, row)
		report.FinalAccuracy, report.ClearAccuracy = row.Accuracy, row.ClearAccuracy
		if d.Row != nil {
			d.Row(row)
		}
	}
	return report, nil
}

type demo struct {
	Options
	node    *node.Node
	session *session.Session
	log     *jetlog.Log // the opener's
	people  []*person
	test    *learn.Dataset
	model   *learn.Model  // of the session
	clear   *learn.Model  // trained in the clear, over the same accepted sets
	pace    time.Duration // slowest phase of the round before that nobody dropped out of
	closers []func()

	mu   sync.Mutex
	duty map[string]map[string]bool // who has come to which duty of this round
}

// tell shows what the people of the round are at.
func (d *demo) tell(name string, e client.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.duty[e.Duty] == nil {
		d.duty[e.Duty] = map[string]bool{}
	}
	if !d.duty[e.Duty][name] {
		d.duty[e.Duty][name] = true
		d.say(int(e.Round), fmt.Sprintf("%s (%d of %d)", e.Duty, len(d.duty[e.Duty]), len(d.people)))
	}
}

func (d *demo) close() {
	for i := len(d.closers) - 1; i >= 0; i-- {
		d.closers[i]()
	}
}

// ErrOptions: a demo that cannot run.
var ErrOptions = errors.New("demo")

func (d *demo) setUp(ctx context.Context) error {
	if d.Participants < 3 || d.Rounds < 1 || d.Dropout < 0 || d.Dropout >= 0.5 {
		return fmt.Errorf("%w: it takes at least 3 participants, 1 round and a dropout from 0 to below 0.5", ErrOptions)
	}
	data, err := d.load()
	if err != nil {
		return err
	}
	train, test := data.Split(d.Seed, 0.2)
	shards, err := learn.Shards(train, d.Participants, d.Seed)
	if err != nil {
		return err
	}
	d.test = test
	d.model, d.clear = learn.NewModel(data.Features(), data.Classes), learn.NewModel(data.Features(), data.Classes)
	if err := d.folder(); err != nil {
		return err
	}
	if d.node, err = node.Start(ctx, node.Options{Dir: d.Folder, Port: -1, Log: d.Log}); err != nil {
		return err
	}
	d.closers = append(d.closers, func() { _ = d.node.Close() })
	if err := d.openSession(); err != nil {
		return err
	}
	return d.enlist(shards)
}

func (d *demo) load() (*learn.Dataset, error) {
	if d.Data == "" {
		return learn.Digits()
	}
	f, err := os.Open(d.Data)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := learn.ReadCSV(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Data, err)
	}
	return data, nil
}

func (d *demo) folder() (err error) {
	if d.Folder == "" {
		d.Folder, err = os.MkdirTemp("", "chorus-demo-")
		return err
	}
	if _, err := os.Stat(filepath.Join(d.Folder, "sessions", sessionName)); err == nil {
		return fmt.Errorf("%w: %s holds a demo already; choose another folder", ErrOptions, d.Folder)
	}
	return os.MkdirAll(d.Folder, 0o700)
}

// openSession makes the session. Its deadlines follow the pace of the machine,
// see wait.
func (d *demo) openSession() error {
	digest := d.model.Digest()
	rules := session.Defaults(sessionName, uint32(d.model.Dim()))
	rules.Clip, rules.MaxWeight, rules.Model = learn.DefaultClip, 1<<12, hex.EncodeToString(digest[:])
	rules.SetPhases(patience)
	if float64(rules.Delta.Num)/float64(rules.Delta.Den) < d.Dropout {
		rules.Delta = wire.Ratio{Num: uint32(d.Dropout * 1000), Den: 1000}
	}
	s, err := session.Create(filepath.Join(d.Folder, "sessions", sessionName), rules)
	if err != nil {
		return err
	}
	d.session = s
	conn, err := d.node.Connect(broker.Opener)
	if err != nil {
		return err
	}
	d.closers = append(d.closers, conn.Close)
	d.log, err = jetlog.New(conn)
	return err
}

// Print writes the table that a terminal shows.
func Print(w io.Writer, r *Round) {
	if r.Round == 1 {
		fmt.Fprintln(w, header)
	}
	fmt.Fprintf(w, "%5d  %8d  %6d  %8.3f  %8.3f  %5d/%-3d  %7d  %6d  ", r.Round, len(r.Accepted), r.SumError, r.Accuracy, r.ClearAccuracy,
		r.Certificate.Signatures, r.Certificate.Quorum, r.Bytes/1024, r.Millis)
	for _, s := range []string{wire.Keybroker, wire.Collector, wire.Verifier, wire.Robust, wire.Unmasker} {
		fmt.Fprintf(w, "%4d ", r.Stages[s])
	}
	for _, x := range r.Dropped {
		fmt.Fprintf(w, " %s (%s: %s)", x.Name, x.Phase, x.Reason)
	}
	fmt.Fprintln(w)
}

// header names the columns; the five before the last are milliseconds of work
// of keybroker, collector, verifier, robust and unmasker.
const header = "ROUND  ACCEPTED  SUMERR  ACCURACY  IN-CLEAR  CERTIFIED   KBYTES      MS  KEYB COLL VERI ROBU UNMA  DROPPED"
