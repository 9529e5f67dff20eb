package broker

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"

	"chorus/pkg/wire"
)

// ErrName: nobody may be called that, because names become subject tokens.
var ErrName = errors.New("broker: a name is 1 to 32 of a-z, 0-9 and '-', and does not start with '-'")

// Creds issues a participant's credentials for one session, for ever. The
// content is that of a .creds file.
func (a *Authority) Creds(name, session string) ([]byte, error) {
	return a.CredsUntil(name, session, time.Time{})
}

// CredsUntil is Creds with an end; the zero time is none.
func (a *Authority) CredsUntil(name, session string, end time.Time) ([]byte, error) {
	if !wire.Name(name) || !wire.Name(session) {
		return nil, fmt.Errorf("%w: participant %q, session %q", ErrName, name, session)
	}
	return issue(name, a.edge.id, a.participants, end, "session:"+session)
}

// CoreCreds issues the credentials of a service.
func (a *Authority) CoreCreds(r Role) ([]byte, error) {
	kp, ok := a.roles[r]
	if !ok {
		return nil, fmt.Errorf("broker: no role %q; choose one of %q", r, Roles())
	}
	account := a.core.id
	if r == Replay {
		account = a.view.id
	}
	return issue(string(r), account, kp, time.Time{})
}

// issue makes a user whose permissions are those of the signing key's scope.
func issue(name, account string, signer nkeys.KeyPair, end time.Time, tags ...string) ([]byte, error) {
	kp, err := nkeys.CreateUser()
	if err != nil {
		return nil, err
	}
	defer kp.Wipe()
	id, err := kp.PublicKey()
	if err != nil {
		return nil, err
	}
	c := jwt.NewUserClaims(id)
	c.Name = name
	c.IssuerAccount = account
	c.SetScoped(true)
	c.Tags.Add(tags...)
	if !end.IsZero() {
		c.Expires = end.Unix()
	}
	token, err := c.Encode(signer)
	if err != nil {
		return nil, err
	}
	seed, err := kp.Seed()
	if err != nil {
		return nil, err
	}
	b, err := jwt.FormatUserConfig(token, seed)
	return slices.Clip(b), err
}

// userName reads the name out of credentials.
func userName(creds []byte) (string, error) {
	token, err := jwt.ParseDecoratedJWT(creds)
	if err != nil {
		return "", fmt.Errorf("broker: these are no credentials; give the content of a .creds file: %w", err)
	}
	c, err := jwt.DecodeUserClaims(token)
	if err != nil {
		return "", fmt.Errorf("broker: these are no credentials of a user: %w", err)
	}
	return c.Name, nil
}
