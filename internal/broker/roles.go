package broker

import (
	"github.com/nats-io/jwt/v2"

	"chorus/pkg/stage/jetlog"
	"chorus/pkg/wire"
)

// A Role is what a user may do who is no participant.
type Role string

// The roles. A stage's name is a role too.
const (
	Admin    Role = "admin"    // makes, changes and purges streams; offline in production
	Services Role = "services" // all stages on one connection
	Opener   Role = "opener"   // opens rounds
	Replay   Role = "replay"   // reads, and nothing else: it has an account of its own
)

var stages = []string{wire.Keybroker, wire.Collector, wire.Verifier, wire.Robust, wire.Unmasker}

// Roles lists every role of CORE.
func Roles() []Role {
	all := []Role{Admin, Services, Opener, Replay}
	for _, s := range stages {
		all = append(all, Role(s))
	}
	return all
}

// permissions of a role. Ordered consumers are made by their reader, hence
// CONSUMER.CREATE for every service; streams are made by Admin alone.
func (r Role) permissions() jwt.Permissions {
	var p jwt.Permissions
	if r == Admin {
		p.Pub.Allow.Add(">")
		p.Sub.Allow.Add(">")
		return p
	}
	p.Sub.Allow.Add(inbox("{{name()}}") + ".>")
	if r == Replay {
		p.Pub.Allow.Add(append(views(), everyGet()...)...)
		return p
	}
	p.Pub.Allow.Add("$JS.API.INFO", "$JS.API.STREAM.INFO.*", "$JS.API.STREAM.MSG.GET.*", "$JS.API.DIRECT.GET.>")
	p.Pub.Allow.Add("$JS.API.CONSUMER.CREATE."+jetlog.LogStream+".>", "$JS.API.CONSUMER.INFO."+jetlog.LogStream+".*",
		"$JS.API.CONSUMER.MSG.NEXT."+jetlog.LogStream+".*", "$JS.API.CONSUMER.DELETE."+jetlog.LogStream+".*")
	p.Sub.Allow.Add("chorus.>", "$SRV.>")
	p.Pub.Allow.Add("$SRV.>")
	switch r {
	case Opener:
		p.Pub.Allow.Add(written(wire.ByOpener)...)
	case Services:
		p.Pub.Allow.Add(written(append(stages, wire.ByShell)...)...)
		p.Pub.Allow.Add(tasks("*")...)
	default:
		p.Pub.Allow.Add(written(string(r), wire.ByShell)...)
		p.Pub.Allow.Add(tasks(string(r))...)
	}
	return p
}

// views lists what a replay asks about streams, besides everyGet for records.
// Not for consumers: one that pushes can be aimed at a stream.
func views() (list []string) {
	for _, c := range jetlog.Streams(1, jetlog.Sizes{}) {
		if c.Name != jetlog.TaskStream {
			list = append(list, "$JS.API.STREAM.INFO."+c.Name, "$JS.API.DIRECT.GET."+c.Name)
		}
	}
	return list
}

// tasks lists what offering and taking the tasks of a stage needs. The form of
// an acknowledgement with more tokens is that of a future server default.
func tasks(stage string) []string {
	const s = jetlog.TaskStream
	return []string{
		"chorus.task." + stage + ".>",
		"$JS.API.CONSUMER.CREATE." + s + "." + stage + ".>",
		"$JS.API.CONSUMER.INFO." + s + "." + stage,
		"$JS.API.CONSUMER.MSG.NEXT." + s + "." + stage,
		"$JS.ACK." + s + "." + stage + ".>",
		"$JS.ACK.*.*." + s + "." + stage + ".>",
	}
}

// participant returns the permissions and limits of every user of EDGE.
func participant() jwt.UserPermissionLimits {
	var t jwt.UserPermissionLimits
	t.NatsLimits = jwt.NatsLimits{Subs: maxSubs, Data: jwt.NoLimit, Payload: wire.MaxPart + 16<<10}
	t.Pub.Allow.Add(self.writes()...)
	t.Pub.Allow.Add(self.gets()...)
	t.Sub.Allow.Add(inbox("{{name()}}") + ".>")
	t.Sub.Allow.Add(self.hints()...)
	return t
}

// maxSubs leaves room for the live copies of ten rounds, some twenty kinds each.
const maxSubs = 256

func inbox(name string) string { return "_INBOX_" + name }
