package demo

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"chorus/internal/session"
	"chorus/internal/view"
	"chorus/pkg/secagg"
	"chorus/pkg/secagg/encode"
	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// dropPhases are the phases in which people drop out, in turn. Nobody complains
// in a demo, so nobody can drop out of Complaints.
var dropPhases = []wire.Phase{wire.AdvertiseKeys, wire.ShareKeys, wire.MaskedInput, wire.CollectionPhase,
	wire.ConsistencyCheck, wire.Unmasking, wire.Attestation}

// dropouts picks who drops out in round r: other people every round, and nobody
// in the first, which finds the pace of the machine.
func (d *demo) dropouts(r int) map[int]wire.Phase {
	n := int(d.Dropout * float64(d.Participants))
	out := map[int]wire.Phase{}
	for i := range n {
		if r > 1 {
			out[(r*n+i*7+int(d.Seed%uint64(d.Participants)))%d.Participants] = dropPhases[(r-2)%len(dropPhases)]
		}
	}
	return out
}

// patience is how long a phase may take where nobody is known to be missing.
const patience = 2 * time.Minute

// wait sets the deadline of the phase that people drop out of, and of those
// before it: a few times what a phase took in the round before, so that on a busy
// machine nobody is late who is there.
func (d *demo) wait(drops map[int]wire.Phase) {
	d.session.Rules.SetPhases(patience)
	for _, p := range drops {
		for _, q := range []wire.Phase{wire.AdvertiseKeys, wire.ShareKeys, wire.MaskedInput} {
			if q == p {
				d.session.Rules.Phases[q] = session.Millis(max(d.Phase, 3*d.pace).Milliseconds())
				break
			}
			d.session.Rules.Phases[q] = session.Millis(max(d.Phase/2, 2*d.pace).Milliseconds())
		}
	}
}

// learnPace takes the time of every phase of keys, shares and inputs that was
// not spent waiting for somebody who had gone.
func (d *demo) learnPace(records []wire.Record, drops map[int]wire.Phase) {
	gone := map[wire.Phase]bool{}
	for _, p := range drops {
		gone[p] = true
	}
	last := time.Time{}
	d.pace = 0
	for _, r := range records {
		switch r.Key.Kind {
		case wire.KindOpen:
			last = r.Time
		case wire.KindSetup, wire.KindShareSet, wire.KindCollection:
			phase := map[wire.Kind]wire.Phase{wire.KindSetup: wire.AdvertiseKeys, wire.KindShareSet: wire.ShareKeys, wire.KindCollection: wire.MaskedInput}[r.Key.Kind]
			if !gone[phase] {
				d.pace = max(d.pace, r.Time.Sub(last))
			}
			last = r.Time
		}
	}
}

// round trains, opens a round, lets everybody take part, and checks what comes
// out against what went in.
func (d *demo) round(ctx context.Context, r int) (*Round, error) {
	d.say(r, "training")
	d.duty = map[string]map[string]bool{}
	for _, p := range d.people {
		p.train(d.model, d.clear, r)
	}
	d.node.Meter.Take()
	drops := d.dropouts(r)
	d.wait(drops)
	open, err := d.session.OpenRound(ctx, d.log, nil, false)
	if err != nil {
		return nil, err
	}
	outcomes, bytes, err := d.everybody(ctx, open, drops)
	if err != nil {
		return nil, err
	}
	records, err := stage.Snapshot(ctx, d.log, open.Session, open.Round)
	if err != nil {
		return nil, err
	}
	d.learnPace(records, drops)
	st, err := view.Of(records)
	if err != nil {
		return nil, err
	}
	row := &Round{Round: open.Round, Contributors: st.Contributed, Accepted: st.Accepted, Dropped: st.Dropped, Rejected: st.Rejected,
		Bytes: bytes, Millis: st.Millis, Stages: d.node.Meter.Take()}
	return row, d.judge(row, outcomes)
}

func (d *demo) say(r int, what string) {
	if d.Progress != nil {
		d.Progress(r, d.Rounds, what)
	}
}

// everybody runs all participants of a round at once.
func (d *demo) everybody(ctx context.Context, open *wire.Open, drops map[int]wire.Phase) ([]*secagg.Outcome, int64, error) {
	outcomes := make([]*secagg.Outcome, len(d.people))
	errs := make([]error, len(d.people))
	var all sync.WaitGroup
	for i, p := range d.people {
		phase, drop := drops[i]
		all.Go(func() {
			outcomes[i], errs[i] = p.participate(ctx, open, phase)
			if drop {
				errs[i] = nil // it is gone, as planned
			}
		})
	}
	all.Wait()
	var bytes int64
	for i, p := range d.people {
		bytes += p.sent.Swap(0)
		if errs[i] != nil {
			return nil, 0, fmt.Errorf("%s: %w", p.name, errs[i])
		}
	}
	return outcomes, bytes, ctx.Err()
}

// judge compares the verified result with the inputs that the people of the
// demo, unlike any service, know.
func (d *demo) judge(row *Round, outcomes []*secagg.Outcome) error {
	i := slices.IndexFunc(outcomes, func(o *secagg.Outcome) bool { return o != nil })
	if i < 0 {
		return fmt.Errorf("nobody has a verified result")
	}
	o := outcomes[i]
	for _, other := range outcomes {
		if other != nil && other.Result.Mean != o.Result.Mean {
			return fmt.Errorf("two participants hold different results")
		}
	}
	row.Verified, row.Certificate = true, view.Certificate{Signatures: o.Certificate.Signers.Len(), Quorum: o.Quorum}
	accepted := d.named(o.Contributed)
	var err error
	if row.SumError, err = sumError(accepted, o.Sum); err != nil {
		return err
	}
	params := d.encoding()
	row.MeanErrorSteps = meanError(params, accepted, o)
	row.MeanErrorBound = params.MeanErrorBound(len(accepted), o.Weight)
	if err := d.model.Apply(o.Mean); err != nil {
		return err
	}
	if err := d.clear.Apply(clearMean(accepted, func(p *person) []float64 { return p.clear })); err != nil {
		return err
	}
	row.Accuracy, row.ClearAccuracy = d.model.Accuracy(d.test), d.clear.Accuracy(d.test)
	return nil
}

func (d *demo) named(names []string) (out []*person) {
	for _, p := range d.people {
		if slices.Contains(names, p.name) {
			out = append(out, p)
		}
	}
	return out
}

func (d *demo) encoding() encode.Params {
	r := d.session.Rules
	return encode.Params{Bits: int(r.Bits), Clip: r.Clip, MaxWeight: r.MaxWeight, Roster: d.Participants, Dim: int(r.Dim)}
}

// sumError is the largest difference between the opened integers and the sum of
// the accepted people's encoded updates: any but 0 is a failure of Chorus.
func sumError(accepted []*person, sum []int64) (worst int64, err error) {
	want := make([]int64, len(sum))
	for _, p := range accepted {
		x, err := p.encoded()
		if err != nil {
			return 0, err
		}
		for i, v := range x {
			want[i] += int64(v)
		}
	}
	for i := range sum {
		worst = max(worst, sum[i]-want[i], want[i]-sum[i])
	}
	return worst, nil
}

// meanError is the largest difference between the certified mean and the mean of
// the same clipped updates in the clear, in steps of the encoding.
func meanError(p encode.Params, accepted []*person, o *secagg.Outcome) (worst float64) {
	clear := clearMean(accepted, func(p *person) []float64 { return p.update })
	for i := range clear {
		worst = max(worst, math.Abs(clear[i]-o.Mean[i])*p.Scale())
	}
	return worst
}

// clearMean is the weighted mean without any of the machinery.
func clearMean(people []*person, update func(*person) []float64) []float64 {
	mean := make([]float64, len(update(people[0])))
	var weights float64
	for _, p := range people {
		weights += float64(p.weight)
	}
	for _, p := range people {
		for i, v := range update(p) {
			mean[i] += float64(p.weight) * v / weights
		}
	}
	return mean
}
