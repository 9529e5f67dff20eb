package broker

import (
	"fmt"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nkeys"
)

// An Authority is the operator of the accounts and the issuer of users. Its
// claims are made anew from the seeds whenever it is opened, so that they
// follow the kind table of the binary.
type Authority struct {
	operator        *jwt.OperatorClaims
	sys, core, edge account
	view            account                // of the role Replay
	roles           map[Role]nkeys.KeyPair // scoped signing keys of CORE and VIEW
	participants    nkeys.KeyPair          // scoped signing key of EDGE
}

// An account is a key pair and the claims about it, signed by the operator.
type account struct {
	id  string
	jwt string
}

// OpenAuthority reads the seeds in dir and makes those that are missing.
func OpenAuthority(dir string) (*Authority, error) {
	ring, err := openKeyring(dir)
	if err != nil {
		return nil, err
	}
	a := &Authority{roles: map[Role]nkeys.KeyPair{}}
	for _, r := range Roles() {
		if a.roles[r], err = ring.pair("core-"+string(r), nkeys.CreateAccount); err != nil {
			return nil, err
		}
	}
	if a.participants, err = ring.pair("edge-participant", nkeys.CreateAccount); err != nil {
		return nil, err
	}
	op, err := ring.pair("operator", nkeys.CreateOperator)
	if err != nil {
		return nil, err
	}
	for name, acc := range map[string]*account{"SYS": &a.sys, "CORE": &a.core, "EDGE": &a.edge, "VIEW": &a.view} {
		kp, err := ring.pair("account-"+name, nkeys.CreateAccount)
		if err != nil {
			return nil, err
		}
		if acc.id, err = kp.PublicKey(); err != nil {
			return nil, err
		}
	}
	return a, a.sign(op)
}

// sign makes the claims of the operator and of the accounts.
func (a *Authority) sign(op nkeys.KeyPair) error {
	id, err := op.PublicKey()
	if err != nil {
		return err
	}
	claims := jwt.NewOperatorClaims(id)
	claims.Name = "chorus"
	claims.SystemAccount = a.sys.id
	token, err := claims.Encode(op)
	if err != nil {
		return err
	}
	if a.operator, err = jwt.DecodeOperatorClaims(token); err != nil {
		return err
	}
	sys := jwt.NewAccountClaims(a.sys.id)
	sys.Name = "SYS"
	core, err := a.coreClaims()
	if err != nil {
		return err
	}
	edge, err := a.edgeClaims()
	if err != nil {
		return err
	}
	view, err := a.viewClaims()
	if err != nil {
		return err
	}
	for acc, c := range map[*account]*jwt.AccountClaims{&a.sys: sys, &a.core: core, &a.edge: edge, &a.view: view} {
		if err := valid(c); err != nil {
			return err
		}
		if acc.jwt, err = c.Encode(op); err != nil {
			return err
		}
	}
	return nil
}

// coreClaims: JetStream without limits but a size for every stream, one scoped
// key per role, and exports of what participants and replays may do. Which of
// them an account gets is said by its imports, which the operator signs too.
func (a *Authority) coreClaims() (*jwt.AccountClaims, error) {
	c := jwt.NewAccountClaims(a.core.id)
	c.Name = "CORE"
	c.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: jwt.NoLimit, DiskStorage: jwt.NoLimit,
		Streams: jwt.NoLimit, Consumer: jwt.NoLimit, MaxAckPending: jwt.NoLimit, MaxBytesRequired: true}
	for _, s := range append(anyone.writes(), everyGet()...) {
		c.Exports.Add(&jwt.Export{Name: s, Subject: jwt.Subject(s), Type: jwt.Service})
	}
	for _, s := range anyone.hints() {
		c.Exports.Add(&jwt.Export{Name: s, Subject: jwt.Subject(s), Type: jwt.Stream})
	}
	for _, s := range views() { // a batch has many answers
		c.Exports.Add(&jwt.Export{Name: s, Subject: jwt.Subject(s), Type: jwt.Service, ResponseType: jwt.ResponseTypeStream})
	}
	for r, kp := range a.roles {
		if r == Replay {
			continue
		}
		var t jwt.UserPermissionLimits
		t.NatsLimits = jwt.NatsLimits{Subs: jwt.NoLimit, Data: jwt.NoLimit, Payload: jwt.NoLimit}
		t.Permissions = r.permissions()
		if err := addScope(c, string(r), kp, t); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// edgeClaims: no JetStream, and the imports that match the exports of CORE.
func (a *Authority) edgeClaims() (*jwt.AccountClaims, error) {
	c := jwt.NewAccountClaims(a.edge.id)
	c.Name = "EDGE"
	for _, s := range append(anyone.writes(), anyone.gets()...) {
		c.Imports.Add(&jwt.Import{Name: s, Subject: jwt.Subject(s), Account: a.core.id, Type: jwt.Service})
	}
	for _, s := range anyone.hints() {
		c.Imports.Add(&jwt.Import{Name: s, Subject: jwt.Subject(s), Account: a.core.id, Type: jwt.Stream})
	}
	return c, addScope(c, "participant", a.participants, participant())
}

// viewClaims: a replay is kept out of CORE for the reason participants are.
func (a *Authority) viewClaims() (*jwt.AccountClaims, error) {
	c := jwt.NewAccountClaims(a.view.id)
	c.Name = "VIEW"
	for _, s := range append(views(), everyGet()...) {
		c.Imports.Add(&jwt.Import{Name: s, Subject: jwt.Subject(s), Account: a.core.id, Type: jwt.Service})
	}
	var t jwt.UserPermissionLimits
	t.NatsLimits = jwt.NatsLimits{Subs: maxSubs, Data: jwt.NoLimit, Payload: 64 << 10}
	t.Permissions = Replay.permissions()
	return c, addScope(c, string(Replay), a.roles[Replay], t)
}

// addScope lets kp sign users of the account, within the template and no more.
func addScope(c *jwt.AccountClaims, role string, kp nkeys.KeyPair, t jwt.UserPermissionLimits) error {
	id, err := kp.PublicKey()
	if err != nil {
		return err
	}
	s := jwt.NewUserScope()
	s.Key, s.Role = id, role
	s.Template = t
	s.Template.AllowedConnectionTypes.Add(jwt.ConnectionTypeStandard, jwt.ConnectionTypeWebsocket, jwt.ConnectionTypeInProcess)
	c.SigningKeys.AddScopedSigner(s)
	return nil
}

func valid(c *jwt.AccountClaims) error {
	var vr jwt.ValidationResults
	c.Validate(&vr)
	if errs := vr.Errors(); len(errs) > 0 {
		return fmt.Errorf("broker: claims of account %s: %w", c.Name, errs[0])
	}
	return nil
}
