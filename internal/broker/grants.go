package broker

import (
	"fmt"
	"slices"

	"chorus/pkg/stage/jetlog"
	"chorus/pkg/wire"
)

// Everything here is derived from the kind table. A scope is what stands in
// the session and name tokens of a subject: wildcards for what an account may
// do, templates for what one user may do.
type scope struct{ session, name string }

var (
	anyone = scope{"*", "*"}
	self   = scope{"{{tag(session)}}", "{{name()}}"} // expanded by the server at login
)

// subjects lists where records of a kind lie: one subject, or one per shard.
func subjects(r wire.Row, session, member, part string) []place {
	tail := fmt.Sprintf("%s.*.%s.%s.%s", session, r.Kind, member, part)
	switch r.Stream {
	case wire.Log:
		return []place{{jetlog.LogStream, "chorus.log." + tail}}
	case wire.Pub:
		return []place{{jetlog.PubStream, "chorus.pub." + tail}}
	}
	var all []place
	for s := range uint32(wire.Shards) {
		all = append(all, place{jetlog.BulkStream(s), fmt.Sprintf("chorus.bulk.%d.%s", s, tail)})
	}
	return all
}

// A place is a subject and the stream that stores it.
type place struct{ stream, subject string }

// writes lists the subjects that the participants in the scope may publish to.
func (s scope) writes() (list []string) {
	for _, r := range wire.Kinds() {
		if r.Writer != wire.ByParticipant {
			continue
		}
		part := "*"
		if s != anyone && !r.Parts {
			part = "0"
		}
		for _, p := range subjects(r, s.session, s.name, part) {
			list = append(list, p.subject)
		}
	}
	return list
}

// gets lists the direct gets of the scope: public kinds, and of the kinds that
// a participant writes its own, so that it can compare after a lost answer.
func (s scope) gets() (list []string) {
	for _, r := range wire.Kinds() {
		member := "*"
		switch {
		case r.Public:
		case r.Writer == wire.ByParticipant:
			member = s.name
		default:
			continue
		}
		for _, p := range subjects(r, s.session, member, "*") {
			list = append(list, jetlog.GetSubject(p.stream, p.subject))
		}
	}
	return list
}

// everyGet lists the direct gets of all kinds.
func everyGet() (list []string) {
	for _, r := range wire.Kinds() {
		for _, p := range subjects(r, "*", "*", "*") {
			list = append(list, jetlog.GetSubject(p.stream, p.subject))
		}
	}
	return list
}

// hints lists the public kinds of the log: a live copy says that it is worth
// looking, and nothing more.
func (s scope) hints() (list []string) {
	for _, r := range wire.Kinds() {
		if r.Public && r.Stream == wire.Log {
			list = append(list, subjects(r, s.session, "*", "*")[0].subject)
		}
	}
	return list
}

// written lists the subjects of the kinds of some writers, for services.
func written(writers ...string) (list []string) {
	for _, r := range wire.Kinds() {
		if slices.Contains(writers, r.Writer) {
			for _, p := range subjects(r, "*", "*", "*") {
				list = append(list, p.subject)
			}
		}
	}
	return list
}
