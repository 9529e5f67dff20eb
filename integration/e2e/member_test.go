//go:build heavy

package e2e

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"chorus/internal/broker"
	"chorus/internal/session"
	"chorus/pkg/client"
	"chorus/pkg/secagg"
	"chorus/pkg/stage/keylog"
	"chorus/pkg/wire"
)

// asMember is what this binary does when it is called `member`: what `chorus
// participate` does, with an update and a rounding that the test can predict.
// Its arguments are an invite, the member's number, its weight and the round.
func asMember(args []string) error {
	v, err := session.ReadInvite(args[0])
	if err != nil {
		return err
	}
	id, err := v.IdentityKey()
	if err != nil {
		return err
	}
	authority, err := v.AuthorityKey()
	if err != nil {
		return err
	}
	nc, err := broker.Connect(v.Server, []byte(v.Creds))
	if err != nil {
		return err
	}
	cl, err := client.Open(client.Config{Dir: args[0] + ".state", Session: v.Session, Name: v.Name, Identity: id, Authority: authority,
		Log: keylog.New(nc), Progress: func(e client.Event) { fmt.Fprintln(os.Stderr, "at:", e.Duty, e.Text) }})
	if err != nil {
		return err
	}
	i, err1 := strconv.Atoi(args[1])
	weight, err2 := strconv.Atoi(args[2])
	round, err3 := strconv.Atoi(args[3])
	model, err4 := v.ModelDigest()
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	m := &member{name: v.Name, id: id, weight: uint32(weight), i: i, client: cl}
	o, err := m.participate(context.Background(), &wire.Open{Round: uint32(round), Dim: small, Model: model}, "")
	if err == nil {
		fmt.Fprintln(os.Stderr, "result:", secagg.ResultDigest(&o.Result))
	}
	return err
}

// invite writes the invite of a member.
func (c *crew) invite(m *member) string {
	c.t.Helper()
	a, err := broker.OpenAuthority(filepath.Join(c.server.dir, "keys"))
	if err != nil {
		c.t.Fatal(err)
	}
	creds, err := a.Creds(m.name, "crew")
	if err != nil {
		c.t.Fatal(err)
	}
	path := filepath.Join(c.server.dir, m.name+".invite")
	err = session.WriteInvite(path, &session.Invite{Session: "crew", Name: m.name, Server: c.server.url, Creds: string(creds),
		Authority: fmt.Sprintf("%x", c.session.Authority.Public().(ed25519.PublicKey)), Model: c.session.Rules.Model,
		Identity: fmt.Sprintf("%x", m.id.Seed())})
	if err != nil {
		c.t.Fatal(err)
	}
	return path
}

// TestMemberKilled: a member's process is killed after each of its duties has
// begun, and after each of its records is in the log, and started again.
func TestMemberKilled(t *testing.T) {
	s := serve(t)
	s.stages(1)
	c := enlist(t, s, people, small, patient)
	victim := c.members[people-1]
	path := c.invite(victim)
	c.members[people-1].client = nil // its process takes part in its stead
	o := c.open()
	p := &process{t: t, name: victim.name, binary: memberBinary, args: []string{path, strconv.Itoa(victim.i), fmt.Sprint(victim.weight), "1"}}
	p.run()
	t.Cleanup(p.kill)
	done := make(chan *report, 1)
	go func() { done <- c.everybody(t.Context(), o, nil) }()
	for _, kind := range []wire.Kind{wire.KindAdvert, wire.KindShares, wire.KindInput, wire.KindWitness, wire.KindConsent, wire.KindReveal, wire.KindAttest} {
		// A kill at the duty hits a life that has perhaps saved and not sent, the
		// other one a life that has sent. A life may also be over before the kill
		// comes; those after it only observe.
		p.until("at: "+begins[kind], "result: ")
		p.again()
		p.until(fmt.Sprintf("chorus.log.crew.00000001.%s.%s", kind, victim.name), "result: ")
		p.again()
	}
	p.until("result: ")
	r := <-done
	out := c.check(r, people-1)
	if len(out.Contributed) != people {
		t.Errorf("%v in the sum, all %d gave an input", out.Contributed, people)
	}
	if want := secagg.ResultDigest(&out.Result).String(); !strings.Contains(p.said.String(), "result: "+want) {
		t.Error("the member that was killed has another result")
	}
	t.Logf("killed %d times in %v", 14, r.took.Round(time.Millisecond))
}

// begins names the duty in which a member writes a kind.
var begins = map[wire.Kind]string{wire.KindAdvert: "advertise keys", wire.KindShares: "share keys", wire.KindInput: "contribute",
	wire.KindWitness: "witness", wire.KindConsent: "consent", wire.KindReveal: "reveal", wire.KindAttest: "attest"}
