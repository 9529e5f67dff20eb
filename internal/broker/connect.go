package broker

import (
	"errors"
	"time"

	"github.com/nats-io/nats.go"
)

// Connect connects with the content of a .creds file. Later options win. url
// is ignored if one of them is Server.InProcess.
func Connect(url string, creds []byte, opts ...nats.Option) (*nats.Conn, error) {
	name, err := userName(creds)
	if err != nil {
		return nil, err
	}
	all := []nats.Option{
		nats.Name(name),
		nats.UserCredentialBytes(creds),
		nats.CustomInboxPrefix(inbox(name)),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.ReconnectBufSize(-1), // a publish while disconnected fails, it does not lie
		nats.PingInterval(5 * time.Second),
		nats.MaxPingsOutstanding(2), // a frozen server is left after 15 s
		nats.PermissionErrOnSubscribe(true),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // the library's prints
	}
	return nats.Connect(url, append(all, opts...)...)
}

// OnRefused calls f for every permission violation. The server answers a
// refused publish with nothing else: without this it is just a timeout.
func OnRefused(f func(error)) nats.Option {
	return nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		if errors.Is(err, nats.ErrPermissionViolation) {
			f(err)
		}
	})
}
