// Package keybroker closes AdvertiseKeys and ShareKeys (Bonawitz et al., CCS
// 2017, Figure 4, Rounds 0 and 1): it derives U1 with the setup root, U2 with
// the share root, and settles complaints about boxes before A.
package keybroker

import (
	"fmt"

	"chorus/pkg/secagg"
	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// Spec declares the stage.
func Spec() stage.Spec {
	return stage.Spec{
		Name: wire.Keybroker,
		Reads: []wire.Kind{wire.KindRoster, wire.KindAdvert, wire.KindShares, wire.KindSharesIntake, wire.KindComplaint,
			wire.KindCollection, wire.KindAnswer, wire.KindDeadline},
		Derives:  []wire.Kind{wire.KindSetup, wire.KindShareSet, wire.KindComplaints},
		Observes: []wire.Kind{wire.KindSharesIntake, wire.KindSettlement, wire.KindDeadline},
		New: func(open wire.Record) (stage.Machine, error) {
			return secagg.NewMachine(wire.Keybroker, open, func(f *secagg.Fold) secagg.Body { return &machine{Fold: f} })
		},
		Work: map[wire.Kind]stage.Worker{wire.KindSharesIntake: stage.Intake, wire.KindSettlement: settle},
	}
}

type machine struct {
	*secagg.Fold
	adverts, shares *secagg.Tally
	maskKeys        map[[wire.MaskKeySize]byte]bool
	boxKeys         map[string]bool
	setup           *wire.Setup
	shareSet        *wire.ShareSet
	complaints      map[int]*wire.Complaint
	badComplaints   *secagg.Tally
	disputes        *wire.Complaints
	answered        wire.Bitmap
	settled         bool
}

// Take implements secagg.Body.
func (m *machine) Take(r wire.Record) []wire.Entry {
	switch r.Key.Kind {
	case wire.KindDeadline:
		return append(m.TakeDeadline(r), m.advance()...)
	case wire.KindAdvert:
		return m.advert(r)
	case wire.KindShares:
		return m.share(r)
	case wire.KindSharesIntake:
		return m.intake(r)
	case wire.KindComplaint:
		m.complaint(r)
	case wire.KindCollection:
		return m.closeComplaints()
	case wire.KindAnswer:
		return m.answer(r)
	}
	return nil
}

// advance closes the phase that is open once its time is up.
func (m *machine) advance() []wire.Entry {
	switch {
	case m.setup == nil:
		return m.closeAdvertiseKeys()
	case m.shareSet == nil:
		return m.closeShareKeys()
	case m.disputes != nil:
		return m.closeAnswers()
	}
	return nil
}

// Start implements secagg.Body.
func (m *machine) Start() []wire.Entry {
	m.adverts, m.shares, m.badComplaints = secagg.NewTally(m.N()), secagg.NewTally(m.N()), secagg.NewTally(m.N())
	m.maskKeys, m.boxKeys = map[[wire.MaskKeySize]byte]bool{}, map[string]bool{}
	m.complaints, m.answered = map[int]*wire.Complaint{}, wire.NewBitmap(m.N())
	return m.Arm(wire.AdvertiseKeys)
}

func (m *machine) advert(r wire.Record) []wire.Entry {
	if m.setup != nil {
		return nil // late
	}
	var a wire.Advert
	i, why := m.Admit(r, &a)
	if why == "" && secagg.CheckAdvert(&a) != nil {
		why = wire.Malformed
	}
	if why == "" && (m.maskKeys[a.MaskKey] || m.boxKeys[string(a.BoxKey)]) {
		why = wire.DuplicateKey
	}
	if why != "" {
		m.adverts.Exclude(i, why)
		return m.closeAdvertiseKeys()
	}
	m.maskKeys[a.MaskKey], m.boxKeys[string(a.BoxKey)] = true, true
	m.adverts.Admit(i, r.Body)
	return m.closeAdvertiseKeys()
}

// closeAdvertiseKeys fixes U1 when everyone has advertised or the time is up.
func (m *machine) closeAdvertiseKeys() []wire.Entry {
	if len(m.adverts.In) < m.N() && !m.Up(wire.AdvertiseKeys) {
		return nil
	}
	root, err := m.SetupRoot(m.adverts.In)
	if err != nil {
		return m.Abort(wire.NotEnough, fmt.Sprintf("%d of %d members advertised keys: %v", len(m.adverts.In), m.N(), err))
	}
	blob, es := m.adverts.Bundle().Pack(m.Key(wire.KindSetupBundle, wire.Nobody, 0))
	m.setup = &wire.Setup{U1: m.adverts.In.Bitmap(m.N()), Root: root, Bundle: blob, Excluded: m.adverts.Excluded(secagg.Full(m.N()))}
	m.adverts.Body = nil
	es = append(es, wire.Entry{Key: m.Key(wire.KindSetup, wire.Nobody, 0), Body: wire.Encode(m.setup)})
	return append(append(es, m.Disarm(wire.AdvertiseKeys)...), m.Arm(wire.ShareKeys)...)
}

func (m *machine) share(r wire.Record) []wire.Entry {
	if m.setup == nil || m.shareSet != nil {
		return nil // early or late
	}
	var s wire.Shares
	i, why := m.Admit(r, &s)
	count, bytes := secagg.SharesParts(m.setup.U1.Len())
	switch {
	case why != "":
	case !m.setup.U1.Has(i) || m.Up(wire.ShareKeys):
		why = wire.Late
	case s.SetupRoot != m.setup.Root:
		why = wire.WrongRoot
	case s.Boxes.Count != count || s.Boxes.Bytes != bytes:
		why = wire.Malformed
	}
	if why != "" {
		m.shares.Exclude(i, why)
		return nil
	}
	m.shares.Hold(i, r.Body)
	return []wire.Entry{secagg.Order(m.Key(wire.KindSharesIntake, r.Key.Member, 0), &wire.IntakeOrder{
		Header: wire.Sum(r.Body), Batches: []wire.Batch{{Kind: string(wire.KindSharesPart), Parts: s.Boxes, Size: secagg.BoxSize}}})}
}

func (m *machine) intake(r wire.Record) []wire.Entry {
	var in wire.Intake
	if m.setup == nil || m.shareSet != nil || wire.DecodeBody(r.Body, &in) != nil {
		return nil
	}
	m.shares.Settle(m.Roster.Position(r.Key.Member), &in)
	return m.closeShareKeys()
}

// closeShareKeys fixes U2 when all of U1 have dealt, or the time is up and no
// intake is outstanding.
func (m *machine) closeShareKeys() []wire.Entry {
	if len(m.shares.In) < m.setup.U1.Len() && (!m.Up(wire.ShareKeys) || len(m.shares.Wait) > 0) {
		return nil
	}
	if err := m.EnoughShares(m.setup.U1.Len(), len(m.shares.In)); err != nil {
		return m.Abort(wire.NotEnough, err.Error())
	}
	blob, es := m.shares.Bundle().Pack(m.Key(wire.KindShareSetBundle, wire.Nobody, 0))
	m.shareSet = &wire.ShareSet{U2: m.shares.In.Bitmap(m.N()), Root: m.ShareRoot(m.setup.Root, m.shares.In), Bundle: blob,
		Excluded: m.shares.Excluded(m.setup.U1)}
	m.shares.Body = nil
	es = append(es, wire.Entry{Key: m.Key(wire.KindShareSet, wire.Nobody, 0), Body: wire.Encode(m.shareSet)})
	return append(es, m.Disarm(wire.ShareKeys)...)
}
