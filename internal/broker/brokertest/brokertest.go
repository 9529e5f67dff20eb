// Package brokertest runs brokers for tests.
package brokertest

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"chorus/internal/broker"
)

// A Broker is one server or a cluster, with one authority.
type Broker struct {
	*broker.Authority
	t       testing.TB
	options []broker.Options
	Servers []*broker.Server
}

// Single starts one server on a free loopback port, in dir.
func Single(t testing.TB, dir string) *Broker {
	t.Helper()
	a, err := broker.OpenAuthority(dir + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	b := &Broker{Authority: a, t: t, options: []broker.Options{{Dir: dir, Port: -1, StoreMax: storeMax, Authority: a}}}
	b.start(0)
	return b
}

const storeMax = 4 << 30

// Cluster3 starts three servers in one cluster, in folders under dir, and
// waits until it has a leader. That takes 0.2 to 5 s.
func Cluster3(t testing.TB, dir string) *Broker {
	t.Helper()
	a, err := broker.OpenAuthority(dir + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	b := &Broker{Authority: a, t: t}
	listen, routes := routes(t, 3)
	for i := range 3 {
		name := fmt.Sprintf("n%d", i)
		b.options = append(b.options, broker.Options{Dir: dir + "/" + name, Port: -1, StoreMax: storeMax, Authority: a,
			Cluster: broker.Cluster{Server: name, Listen: listen[i], Routes: routes}})
	}
	for i := range b.options {
		b.start(i)
	}
	Eventually(t, 30*time.Second, "the cluster has no leader", b.formed)
	return b
}

// routes picks free ports. Somebody could take one before the server does;
// JetStream will not cluster over routes that are not known in advance.
func routes(t testing.TB, n int) (listen, urls []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		listen = append(listen, l.Addr().String())
		urls = append(urls, "nats://"+l.Addr().String())
	}
	return listen, urls
}

func (b *Broker) start(i int) {
	b.t.Helper()
	s, err := broker.Start(b.options[i])
	if err != nil {
		b.t.Fatal(err)
	}
	b.Servers = append(b.Servers, s)
	b.t.Cleanup(func() { s.Close() })
}

func (b *Broker) formed() bool {
	leaders := 0
	for _, s := range b.Servers {
		if !s.NATS().JetStreamIsCurrent() {
			return false
		}
		if s.NATS().JetStreamIsLeader() {
			leaders++
		}
	}
	return leaders == 1
}

// Restart stops every server and starts it again where it listened before.
func (b *Broker) Restart() {
	b.t.Helper()
	old := b.Servers
	b.Servers = nil
	for i, s := range old {
		b.options[i].Port = port(b.t, s)
		if err := s.Close(); err != nil {
			b.t.Fatal(err)
		}
	}
	for i := range b.options {
		b.start(i)
	}
	if len(b.Servers) > 1 {
		Eventually(b.t, 60*time.Second, "the cluster has no leader", b.formed)
	}
}

func port(t testing.TB, s *broker.Server) int {
	a, ok := s.NATS().Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal("the server does not listen")
	}
	return a.Port
}

// URL lists all servers.
func (b *Broker) URL() (u string) {
	for i, s := range b.Servers {
		if i > 0 {
			u += ","
		}
		u += s.URL()
	}
	return u
}

// Core connects a service.
func (b *Broker) Core(r broker.Role, opts ...nats.Option) *nats.Conn {
	b.t.Helper()
	creds, err := b.CoreCreds(r)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.Connect(creds, opts...)
}

// Participant connects a participant of a session.
func (b *Broker) Participant(name, session string, opts ...nats.Option) *nats.Conn {
	b.t.Helper()
	creds, err := b.Creds(name, session)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.Connect(creds, opts...)
}

// Connect connects over TCP and closes with the test.
func (b *Broker) Connect(creds []byte, opts ...nats.Option) *nats.Conn {
	b.t.Helper()
	nc, err := broker.Connect(b.URL(), creds, opts...)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(nc.Close)
	return nc
}

// Eventually polls until ok, and fails the test after the wait.
func Eventually(t testing.TB, wait time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(wait); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after %v: %s", wait, what)
		}
	}
}
