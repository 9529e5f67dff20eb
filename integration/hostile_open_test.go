package integration

import (
	"slices"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

// openWith is an Open with one thing changed, shown to everyone.
func openWith(change func(*wire.Open)) func(*server) []int {
	return func(s *server) []int {
		s.show(everyone(), s.next(change))
		return honest()
	}
}

// rosterWith is an Open whose roster has one thing changed.
func rosterWith(change func(*wire.Roster), victims ...int) func(*server) []int {
	return func(s *server) []int {
		change(s.roster)
		s.show(everyone(), s.next(nil))
		return victims
	}
}

var openAttacks = []attack{
	{"open: gamma below policy", 5, secagg.ErrWeak, openWith(func(o *wire.Open) { o.Gamma = wire.Ratio{Num: 1, Den: 20} })},
	{"open: floor below policy", 3, secagg.ErrWeak, openWith(func(o *wire.Open) { o.Floor = 1 })},
	{"open: minimum U1 below policy", 3, secagg.ErrWeak, openWith(func(o *wire.Open) { o.MinU1 = 2 })},
	{"open: bits below policy", 0, secagg.ErrWeak, func(s *server) []int {
		for _, m := range s.members {
			m.cfg.Policy.MinBits = 12
		}
		return openWith(func(o *wire.Open) { o.Bits = 8 })(s)
	}},
	{"open: forkable against policy", 2, secagg.ErrForkable, openWith(func(o *wire.Open) { o.Forkable = true })},
	{"open: organisations not counted against policy", 4, secagg.ErrWeak,
		rosterWith(func(r *wire.Roster) { r.NotCounted = true }, honest()...)},
	{"open: foreign model", 7, secagg.ErrModelUnknown, openWith(func(o *wire.Open) { o.Model = wire.Sum([]byte("another")) })},
	{"open: another masking than this version has", 0, secagg.ErrOpen, openWith(func(o *wire.Open) { o.Masking = "none" })},
	{"open: another finder", 5, secagg.ErrOpen, openWith(func(o *wire.Open) { o.Finder = 2 })},
	{"open: names another roster", 5, secagg.ErrRoster, openWith(func(o *wire.Open) { o.RosterRoot[0] ^= 1 })},
	{"open: a model behind the last certificate", 7, secagg.ErrModelBehind, func(s *server) []int {
		s.begin().until(wire.KindCertificate)
		s.follow()
		return openWith(func(o *wire.Open) { o.Previous = wire.Digest{} })(s)
	}},
	{"open: opener not of the roster", 26, secagg.ErrOpen, func(s *server) []int {
		s.next(nil)
		s.show(everyone(), s.opening(s.terms(), identity("stranger", 0)))
		return honest()
	}},
	{"open: roster of another authority", 4, secagg.ErrAuthority, func(s *server) []int {
		s.next(nil)
		s.show(everyone(), s.openingOf(s.terms(), s.opener, secagg.SignRoster(identity("stranger", 0), s.roster)))
		return honest()
	}},
	{"open: older roster", 4, secagg.ErrOlderRoster, func(s *server) []int {
		s.begin()
		return rosterWith(func(r *wire.Roster) { r.Version-- }, honest()...)(s)
	}},
	{"open: own name missing", 4, secagg.ErrNotMember,
		rosterWith(func(r *wire.Roster) { r.Members = slices.Delete(slices.Clone(r.Members), 3, 4) }, 3)},
	{"open: own name with another identity", 4, secagg.ErrNotMember,
		rosterWith(func(r *wire.Roster) { r.Members[3].Identity = public(identity("stranger", 0)) }, 3)},
	{"open: for another round than its key", 10, secagg.ErrOpen, func(s *server) []int {
		es := s.next(nil)
		es[len(es)-1].Key.Round++
		s.show(everyone(), es)
		return honest()
	}},
	{"open: a second one with other deadlines, after a crash", 12, secagg.ErrSecondOpen, func(s *server) []int {
		s.begin()
		return s.secondOpen(func(o *wire.Open) { o.Deadlines[0]-- })
	}},
	{"open: a second one with another model, after a crash", 7, secagg.ErrSecondOpen, func(s *server) []int {
		s.begin()
		return s.secondOpen(func(o *wire.Open) { o.Model[0] ^= 1 })
	}},
	{"open: a second one while the round runs", 12, nil, func(s *server) []int {
		s.begin()
		o := s.terms()
		o.Deadlines[0]--
		s.show(everyone(), s.opening(o, s.opener))
		return nil
	}},
	{"open: the same round again for members without its state", 12, secagg.ErrNoState, func(s *server) []int {
		es := s.next(nil)
		s.show(everyone(), es)
		for _, m := range s.members {
			m.restart(nil)
			sent := len(m.sent)
			if m.see(es); len(m.sent) != sent {
				s.t.Errorf("%s answers a round twice", m.cfg.Name)
			}
		}
		return honest()
	}},
	{"open: a lower round number", 12, secagg.ErrRoundNotAbove, func(s *server) []int {
		s.number = 4
		s.begin()
		s.number = 2
		return openWith(nil)(s)
	}},
}

// secondOpen crashes everyone and shows another Open for the same round.
func (s *server) secondOpen(change func(*wire.Open)) []int {
	o := s.terms()
	change(o)
	es := s.opening(o, s.opener)
	for _, m := range s.members {
		m.restart(m.disk)
		m.see(es)
	}
	return honest()
}
