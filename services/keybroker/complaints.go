package keybroker

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"chorus/pkg/secagg"
	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// complaint folds in one member's complaint. It is taken until the collection
// is closed: a box is opened long before that.
func (m *machine) complaint(r wire.Record) {
	if m.shareSet == nil || m.disputes != nil {
		return
	}
	c := new(wire.Complaint)
	i, why := m.Admit(r, c)
	switch {
	case why != "":
	case !m.shareSet.U2.Has(i):
		why = wire.Late
	case c.SetupRoot != m.setup.Root || c.ShareRoot != m.shareSet.Root:
		why = wire.WrongRoot
	case len(c.Boxes) > m.Corrupt:
		why = wire.FalseComplaint // no more than A_corr dealers can be to blame
	}
	if why != "" {
		m.badComplaints.Exclude(i, why)
		return
	}
	m.complaints[i] = c
}

// closeComplaints fixes who has to answer whom. A dealer that would have to
// publish more than A_corr shares leaves instead.
func (m *machine) closeComplaints() []wire.Entry {
	if m.shareSet == nil || m.disputes != nil {
		return nil
	}
	m.disputes = &wire.Complaints{Excess: wire.NewBitmap(m.N()), Excluded: m.excludedComplaints()}
	against := map[uint16]int{}
	for _, c := range m.complaints {
		for _, b := range c.Boxes {
			if against[b.Dealer]++; against[b.Dealer] > m.MaxAnswers() && m.shareSet.U2.Has(int(b.Dealer)) {
				m.disputes.Excess.Add(int(b.Dealer))
			}
		}
	}
	m.disputes.Disputes = m.listed()
	es := []wire.Entry{{Key: m.Key(wire.KindComplaints, wire.Nobody, 0), Body: wire.Encode(m.disputes)}}
	if len(m.disputes.Disputes) > 0 {
		es = append(es, m.Arm(wire.ComplaintsPhase)...)
	}
	return es
}

// maxDisputes keeps the list, and the order to settle it, inside a log record. A
// complaint that goes unheard costs its member one share of one dealer.
const maxDisputes = 600

// listed are the disputes to settle, by dealer. Who complains about few dealers
// is heard first, so that nobody is shouted down.
func (m *machine) listed() (ds []wire.Dispute) {
	var complainers []int
	for i := range m.shareSet.U2.All() {
		if _, ok := m.complaints[i]; ok {
			complainers = append(complainers, i)
		}
	}
	slices.SortStableFunc(complainers, func(a, b int) int { return len(m.complaints[a].Boxes) - len(m.complaints[b].Boxes) })
	for _, i := range complainers {
		for _, b := range m.complaints[i].Boxes {
			if d := int(b.Dealer); m.shareSet.U2.Has(d) && !m.disputes.Excess.Has(d) && len(ds) < maxDisputes {
				ds = append(ds, wire.Dispute{Dealer: b.Dealer, Complainer: uint16(i)})
			}
		}
	}
	slices.SortFunc(ds, func(a, b wire.Dispute) int {
		return cmp.Or(cmp.Compare(a.Dealer, b.Dealer), cmp.Compare(a.Complainer, b.Complainer))
	})
	return ds
}

func (m *machine) excludedComplaints() []wire.Exclusion {
	who := wire.NewBitmap(m.N())
	for i := range m.shareSet.U2.All() {
		if m.badComplaints.Out(i) {
			who.Add(i)
		}
	}
	return m.badComplaints.Excluded(who)
}

func (m *machine) answer(r wire.Record) []wire.Entry {
	var a wire.Answer
	i, why := m.Admit(r, &a)
	if m.disputes == nil || m.settled || why != "" || a.SetupRoot != m.setup.Root || a.ShareRoot != m.shareSet.Root {
		return nil // the dealer counts as not having answered
	}
	m.answered.Add(i)
	return m.closeAnswers()
}

// closeAnswers asks for the settlement when all have answered or the time is up.
func (m *machine) closeAnswers() []wire.Entry {
	due := len(m.disputes.Disputes) > 0 && !m.settled
	for _, d := range m.disputes.Disputes {
		due = due && (m.answered.Has(int(d.Dealer)) || m.Up(wire.ComplaintsPhase))
	}
	if !due {
		return nil
	}
	m.settled = true
	order := &wire.SettleOrder{U1: m.setup.U1, SetupRoot: m.setup.Root, Headers: m.shareSet.Bundle, U2: m.shareSet.U2,
		Disputes: m.disputes.Disputes, Answered: m.answered}
	return append([]wire.Entry{secagg.Order(m.Key(wire.KindSettlement, wire.Nobody, 0), order)}, m.Disarm(wire.ComplaintsPhase)...)
}

// settle decides the disputes: a complaint that names other bytes than the
// dealer's header is false, a dealer whose published share does not match its
// own commitments leaves.
func settle(ctx context.Context, order wire.Record, bulk stage.Getter) ([]wire.Entry, error) {
	o, r, err := secagg.LoadOrder[wire.SettleOrder](ctx, bulk, order)
	if err != nil {
		return nil, err
	}
	c, err := secagg.LoadCase(ctx, bulk, r, o)
	if err != nil {
		return nil, fmt.Errorf("settling: %w", err)
	}
	s := c.Settle(o)
	return []wire.Entry{{Key: order.Key, Body: wire.Encode(s)}}, nil
}
