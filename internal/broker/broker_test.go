package broker_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"chorus/internal/broker"
	"chorus/internal/broker/brokertest"
)

func start(t *testing.T, o broker.Options) *broker.Server {
	t.Helper()
	s, err := broker.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestKeysArePrivateAndStay(t *testing.T) {
	dir := t.TempDir()
	s := start(t, broker.Options{Dir: dir, Port: broker.NoPort})
	creds, err := s.CoreCreds(broker.Services)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	seeds, _ := filepath.Glob(filepath.Join(dir, "keys", "*"))
	if len(seeds) != 6+len(broker.Roles()) {
		t.Errorf("%d files of keys: %q", len(seeds), seeds)
	}
	for _, p := range seeds {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", p, info.Mode(), err)
		}
	}
	s = start(t, broker.Options{Dir: dir, Port: broker.NoPort})
	nc, err := broker.Connect("", creds, s.InProcess())
	if err != nil {
		t.Fatalf("credentials of the first run: %v", err)
	}
	nc.Close()
}

func TestReadableSeedIsRefused(t *testing.T) {
	dir := t.TempDir()
	if _, err := broker.OpenAuthority(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "operator.nk"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := broker.OpenAuthority(dir); !errors.Is(err, broker.ErrKeys) {
		t.Errorf("got %v", err)
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	o := broker.Options{Dir: t.TempDir(), Port: l.Addr().(*net.TCPAddr).Port}
	began := time.Now()
	if _, err := broker.Start(o); !errors.Is(err, broker.ErrPort) {
		t.Errorf("got %v", err)
	}
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("took %v", d)
	}
	o.Port = broker.NoPort
	start(t, o) // the failed start left the folder free
}

func TestFolderOfARunningServer(t *testing.T) {
	o := broker.Options{Dir: t.TempDir(), Port: broker.NoPort}
	start(t, o)
	if _, err := broker.Start(o); !errors.Is(err, broker.ErrFolder) {
		t.Errorf("got %v", err)
	}
}

func TestFolderThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"", file, filepath.Join(file, "sub")} {
		if _, err := broker.Start(broker.Options{Dir: dir}); !errors.Is(err, broker.ErrFolder) {
			t.Errorf("%q: got %v", dir, err)
		}
	}
}

func TestListensOnLoopbackOnly(t *testing.T) {
	s := start(t, broker.Options{Dir: t.TempDir(), Port: -1})
	if a := s.NATS().Addr().(*net.TCPAddr); !a.IP.IsLoopback() {
		t.Errorf("listens on %v", a)
	}
}

func TestNamesThatWouldBeWildcards(t *testing.T) {
	a, err := broker.OpenAuthority(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "*", ">", "a.b", "A", "-", "-a", "a b", "{{name()}}", string(make([]byte, 33))} {
		if _, err := a.Creds(bad, "s"); !errors.Is(err, broker.ErrName) {
			t.Errorf("name %q: got %v", bad, err)
		}
		if _, err := a.Creds("p", bad); !errors.Is(err, broker.ErrName) {
			t.Errorf("session %q: got %v", bad, err)
		}
	}
	if _, err := a.CoreCreds("root"); err == nil {
		t.Error("a role that does not exist")
	}
}

func TestExpiredAndForeignCredentials(t *testing.T) {
	s := start(t, broker.Options{Dir: t.TempDir(), Port: -1})
	old, err := s.CredsUntil("p", "s", time.Now().Add(-time.Second))
	if err != nil {
		t.Fatal(err)
	}
	other, err := broker.OpenAuthority(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.CoreCreds(broker.Admin)
	if err != nil {
		t.Fatal(err)
	}
	for _, creds := range [][]byte{old, foreign} {
		if _, err := broker.Connect(s.URL(), creds); !errors.Is(err, nats.ErrAuthorization) && !errors.Is(err, nats.ErrAuthExpired) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := nats.Connect(s.URL()); err == nil {
		t.Error("connected without credentials")
	}
}

func TestOnlyAdminMakesStreams(t *testing.T) {
	b := brokertest.Single(t, t.TempDir())
	cfg := jetstream.StreamConfig{Name: "X", Subjects: []string{"x"}, MaxBytes: 1 << 20}
	for _, r := range broker.Roles() {
		refused := make(chan error, 8)
		js, err := jetstream.New(b.Core(r, broker.OnRefused(func(err error) { refused <- err })))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		_, err = js.CreateStream(ctx, cfg)
		cancel()
		if r == broker.Admin {
			if err != nil {
				t.Errorf("admin: %v", err)
			}
			continue
		}
		select {
		case <-refused:
		case <-time.After(5 * time.Second):
			t.Errorf("%s: no violation, %v", r, err)
		}
	}
}

func TestClusterForms(t *testing.T) {
	b := brokertest.Cluster3(t, t.TempDir())
	js, err := jetstream.New(b.Core(broker.Admin))
	if err != nil {
		t.Fatal(err)
	}
	cfg := jetstream.StreamConfig{Name: "X", Subjects: []string{"x"}, MaxBytes: 1 << 20, Replicas: 3}
	if _, err := js.CreateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "x", nil); err != nil {
		t.Fatal(err)
	}
}
