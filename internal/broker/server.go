package broker

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Options of an embedded server. The zero value but for Dir is usable.
type Options struct {
	Dir        string     // holds keys/, jetstream/ and lock
	Host       string     // "" is loopback
	Port       int        // 0 is 4222, -1 a free one, NoPort only in-process
	StoreMax   int64      // bytes on disk; 0 is three quarters of what is free
	SyncAlways bool       // fsync before acknowledging
	Authority  *Authority // nil: OpenAuthority(Dir/keys)
	Log        *slog.Logger
	Cluster    Cluster // zero: none
}

// NoPort as Options.Port: no listener, connect with Server.InProcess.
const NoPort = -2

// Cluster makes the server one of several. All of them share one Authority.
type Cluster struct {
	Server string   // this server's name
	Listen string   // host:port for the routes
	Routes []string // nats://host:port of all servers
}

// Start fails with one of these, or with ErrKeys.
var (
	ErrFolder = errors.New("broker: folder")
	ErrPort   = errors.New("broker: port")
	ErrStart  = errors.New("broker: server did not start")
)

// A Server is a NATS server inside this process.
type Server struct {
	*Authority
	ns    *server.Server
	lock  *os.File
	close sync.Once
}

// startWait bounds the start; recovering a store of a million records takes
// some seconds.
const startWait = time.Minute

// Start starts a server and waits until it is ready.
func Start(o Options) (*Server, error) {
	lock, err := lockFolder(o.Dir)
	if err != nil {
		return nil, err
	}
	s, err := start(o)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s.lock = lock
	return s, nil
}

func start(o Options) (*Server, error) {
	a := o.Authority
	if a == nil {
		var err error
		if a, err = OpenAuthority(filepath.Join(o.Dir, "keys")); err != nil {
			return nil, err
		}
	}
	opts, err := a.serverOptions(o)
	if err != nil {
		return nil, err
	}
	ns, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStart, err)
	}
	log := &logger{log: o.Log}
	ns.SetLoggerV2(log, false, false, false)
	ns.Start()
	for end := time.Now().Add(startWait); !ns.ReadyForConnections(100 * time.Millisecond); {
		if err := log.fatal(); err != nil || time.Now().After(end) {
			ns.Shutdown()
			ns.WaitForShutdown()
			return nil, explain(o, err)
		}
	}
	return &Server{Authority: a, ns: ns}, nil
}

// explain turns what the server said last into what to do.
func explain(o Options, err error) error {
	if err == nil {
		return fmt.Errorf("%w within %v; look at its log", ErrStart, startWait)
	}
	if _, lerr := net.Listen("tcp", net.JoinHostPort(o.host(), strconv.Itoa(max(o.port(), 0)))); errors.Is(lerr, syscall.EADDRINUSE) {
		return fmt.Errorf("%w: %s:%d is in use; stop the other server or choose another port: %w", ErrPort, o.host(), o.port(), err)
	}
	return fmt.Errorf("%w: %w", ErrStart, err)
}

func (o Options) host() string {
	if o.Host == "" {
		return "127.0.0.1"
	}
	return o.Host
}

func (o Options) port() int {
	if o.Port == 0 {
		return server.DEFAULT_PORT
	}
	return o.Port
}

// serverOptions says in the server's words what o says.
func (a *Authority) serverOptions(o Options) (*server.Options, error) {
	accounts := &server.MemAccResolver{}
	for _, acc := range []account{a.sys, a.core, a.edge, a.view} {
		if err := accounts.Store(acc.id, acc.jwt); err != nil {
			return nil, err
		}
	}
	opts := &server.Options{
		ServerName:             "chorus",
		Host:                   o.host(),
		Port:                   o.port(),
		DontListen:             o.Port == NoPort,
		NoSigs:                 true,
		JetStream:              true,
		StoreDir:               o.Dir, // the server appends jetstream/
		JetStreamMaxStore:      o.StoreMax,
		SyncAlways:             o.SyncAlways,
		TrustedOperators:       []*jwt.OperatorClaims{a.operator},
		SystemAccount:          a.sys.id,
		AccountResolver:        accounts,
		DisableJetStreamBanner: true,
	}
	return opts, o.Cluster.apply(opts)
}

func (c Cluster) apply(opts *server.Options) error {
	if c.Server == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("%w: routes: %w", ErrPort, err)
	}
	opts.ServerName = c.Server
	opts.Cluster.Name, opts.Cluster.Host = "chorus", host
	if opts.Cluster.Port, err = strconv.Atoi(port); err != nil {
		return fmt.Errorf("%w: routes: %w", ErrPort, err)
	}
	for _, r := range c.Routes {
		u, err := url.Parse(r)
		if err != nil {
			return fmt.Errorf("%w: routes: %w", ErrPort, err)
		}
		opts.Routes = append(opts.Routes, u)
	}
	return nil
}

// URL is where the server listens; "" with NoPort.
func (s *Server) URL() string {
	if s.ns.Addr() == nil {
		return ""
	}
	return s.ns.ClientURL()
}

// InProcess connects without a socket.
func (s *Server) InProcess() nats.Option { return nats.InProcessServer(s.ns) }

// NATS is the server itself, for monitoring and for tests that break it.
func (s *Server) NATS() *server.Server { return s.ns }

// CoreAccount is the id of the account that holds the streams.
func (s *Server) CoreAccount() string { return s.core.id }

// Close stops the server after its last write and unlocks the folder. Clients
// should have drained before: it does not wait for them.
func (s *Server) Close() (err error) {
	s.close.Do(func() {
		s.ns.Shutdown()
		s.ns.WaitForShutdown()
		err = s.lock.Close()
	})
	return err
}
