package demo

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"sync/atomic"

	"chorus/internal/broker"
	"chorus/internal/demo/learn"
	"chorus/internal/session"
	"chorus/pkg/client"
	"chorus/pkg/secagg"
	"chorus/pkg/secagg/kdf"
	"chorus/pkg/stage/keylog"
	"chorus/pkg/wire"
)

// A person is one participant: its data, its training, and the same client that
// anybody runs.
type person struct {
	name   string
	data   *learn.Dataset
	weight uint32
	client *client.Client
	demo   *demo
	sent   atomic.Int64 // bytes

	round  int
	update []float64 // of the session's model, clipped
	clear  []float64 // of the model trained in the clear, clipped
}

// enlist enrolls everybody and opens their clients.
func (d *demo) enlist(shards []*learn.Dataset) error {
	for i, data := range shards {
		p := &person{name: fmt.Sprintf("voice-%02d", i+1), data: data, weight: uint32(data.Len()), demo: d}
		id, err := session.NewKey()
		if err != nil {
			return err
		}
		m := wire.Member{Name: p.name, Identity: session.Public(id)}
		if err := d.session.Enroll(m); err != nil {
			return err
		}
		conn, err := d.connect(p.name)
		if err != nil {
			return err
		}
		authority := session.Public(d.session.Authority)
		p.client, err = client.Open(client.Config{Dir: filepath.Join(d.Folder, "participants", p.name), Session: sessionName, Name: p.name,
			Identity: id, Authority: authority[:], Log: &metered{conn, &p.sent},
			Progress: func(e client.Event) { d.tell(p.name, e) }})
		if err != nil {
			return err
		}
		d.closers = append(d.closers, func() { _ = p.client.Close() })
		d.people = append(d.people, p)
	}
	_, err := d.session.Check()
	return err
}

// connect connects as a participant, with nothing but a participant's rights.
func (d *demo) connect(name string) (*keylog.Log, error) {
	creds, err := d.node.Creds(name, sessionName)
	if err != nil {
		return nil, err
	}
	conn, err := broker.Connect(d.node.URL(), creds, d.node.InProcess())
	if err != nil {
		return nil, err
	}
	d.closers = append(d.closers, conn.Close)
	return keylog.New(conn), nil
}

// metered counts the bytes that a participant sends.
type metered struct {
	*keylog.Log
	sent *atomic.Int64
}

// Append implements stage.Log.
func (m *metered) Append(ctx context.Context, e wire.Entry) error {
	m.sent.Add(int64(len(e.Body)))
	return m.Log.Append(ctx, e)
}

// PutAll stores many parts.
func (m *metered) PutAll(ctx context.Context, es []wire.Entry, window int) error {
	for _, e := range es {
		m.sent.Add(int64(len(e.Body)))
	}
	return m.Log.PutAll(ctx, es, window)
}

// train makes this round's update twice: from the session's model, and from the
// one that is trained in the clear.
func (p *person) train(model, clear *learn.Model, round int) {
	cfg := learn.DefaultSGD()
	cfg.Seed = uint64(round)
	p.round = round
	p.update, p.clear = clip(model.Update(p.data, cfg)), clip(clear.Update(p.data, cfg))
}

// rounding is the randomness of stochastic rounding: from --seed, so that the
// demo can check the opened sum to the last integer.
func (p *person) rounding() io.Reader {
	seed := binary.BigEndian.AppendUint64(nil, p.demo.Seed)
	return kdf.Stream(seed, kdf.Context{Sender: p.name, Purpose: fmt.Sprintf("demo rounding %d", p.round)})
}

// encoded is what the client puts into the sum.
func (p *person) encoded() ([]int32, error) {
	return p.demo.encoding().Encode(p.update, p.weight, p.rounding())
}

// leave says after which duty somebody leaves who drops out in a phase.
var leave = map[wire.Phase]string{wire.ShareKeys: "advertise keys", wire.MaskedInput: "share keys", wire.CollectionPhase: "contribute",
	wire.ConsistencyCheck: "witness the collection", wire.Unmasking: "consent to A", wire.Attestation: "reveal shares"}

// participate takes part in a round, up to the phase in which it drops out.
func (p *person) participate(ctx context.Context, open *wire.Open, drop wire.Phase) (*secagg.Outcome, error) {
	if drop == wire.AdvertiseKeys {
		return nil, nil
	}
	task := client.Task{Round: open.Round, LeaveAfter: leave[drop],
		Contribution: &secagg.Contribution{Update: p.update, Weight: p.weight, Rounding: p.rounding()}}
	if open.Previous.IsZero() {
		task.Model = open.Model // in a demo everybody has seen the model to begin with
	}
	o, err := p.client.Participate(ctx, task)
	if errors.Is(err, client.ErrLeft) {
		return nil, nil
	}
	return o, err
}

// clip is what encoding does first; the mean in the clear needs it too.
func clip(u []float64) []float64 {
	var squares float64
	for _, x := range u {
		squares += x * x
	}
	if norm := math.Sqrt(squares); norm > learn.DefaultClip {
		for i := range u {
			u[i] *= learn.DefaultClip / norm
		}
	}
	return u
}
