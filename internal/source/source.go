// Package source reads finished and running rounds from wherever they are: a
// server, the data folder of one that is not running, or an exported bundle.
package source

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nats-io/nats.go"

	"chorus/internal/broker"
	"chorus/pkg/stage"
	"chorus/pkg/stage/archive"
	"chorus/pkg/stage/jetlog"
	"chorus/pkg/wire"
)

// A Source holds rounds.
type Source interface {
	stage.Getter
	// Rounds lists the keys of all Opens, by session and round.
	Rounds(ctx context.Context) ([]wire.Key, error)
	// Records returns the log records of a round, in order.
	Records(ctx context.Context, session string, round uint32) ([]wire.Record, error)
	Close() error
}

// Server reads from a running server, with no right but to read.
func Server(c *nats.Conn) Source {
	return &server{jetlog.NewStore(c), func() error { c.Close(); return nil }}
}

type server struct {
	*jetlog.Store
	close func() error
}

func (s *server) Close() error { return s.close() }

func (s *server) Records(ctx context.Context, session string, round uint32) ([]wire.Record, error) {
	return collect(s.History(ctx, session, round))
}

func (s *server) Rounds(ctx context.Context) ([]wire.Key, error) {
	records, err := collect(s.Store.Rounds(ctx))
	var keys []wire.Key
	for _, r := range records {
		keys = append(keys, r.Key)
	}
	return sorted(keys), err
}

func collect(seq iter.Seq2[wire.Record, error]) (out []wire.Record, err error) {
	for r, err := range seq {
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func sorted(keys []wire.Key) []wire.Key {
	slices.SortFunc(keys, func(a, b wire.Key) int { return strings.Compare(a.Subject(), b.Subject()) })
	return keys
}

// Folder reads the data folder of a server that is not running, by running one
// without a listener or stages for as long as the source is open.
func Folder(dir string) (Source, error) {
	// Without this look a server would be started in any folder, and make it one.
	if _, err := os.Stat(filepath.Join(dir, "jetstream")); err != nil {
		return nil, fmt.Errorf("%s is no data folder; name the one of `chorus up` or `chorus demo` with --data", dir)
	}
	b, err := broker.Start(broker.Options{Dir: dir, Port: broker.NoPort})
	if err != nil {
		return nil, err
	}
	creds, err := b.CoreCreds(broker.Replay)
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	c, err := broker.Connect(b.URL(), creds, b.InProcess())
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return &server{jetlog.NewStore(c), func() error { c.Close(); return b.Close() }}, nil
}

// Bundle reads an exported round.
func Bundle(path string) (Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	records, err := archive.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &bundle{archive.NewIndex(records), records}, nil
}

type bundle struct {
	archive.Index
	records []wire.Record
}

func (b *bundle) Close() error { return nil }

func (b *bundle) Rounds(context.Context) (keys []wire.Key, err error) {
	for _, r := range b.records {
		if r.Key.Kind == wire.KindOpen {
			keys = append(keys, r.Key)
		}
	}
	return sorted(keys), nil
}

func (b *bundle) Records(_ context.Context, session string, round uint32) (out []wire.Record, err error) {
	for _, r := range b.records {
		if r.Key.Session == session && r.Key.Round == round && r.Key.Kind.Row().Stream == wire.Log {
			out = append(out, r)
		}
	}
	return out, nil
}

// Content fetches everything that the records of a round name in the pub
// stream, and with bulk the members' parts too: what an export needs beyond the
// log. Parts that are gone, because bulk lives for two days, are left out.
func Content(ctx context.Context, g stage.Getter, records []wire.Record, bulk bool) (out []wire.Record, err error) {
	for _, k := range named(records, bulk) {
		r, err := g.Get(ctx, k)
		if errors.Is(err, stage.ErrMissing) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// named lists the keys of all content that records name.
func named(records []wire.Record, bulk bool) (keys []wire.Key) {
	blob := func(r wire.Record, kind wire.Kind, b wire.Blob) {
		keys = append(keys, b.Chunks(wire.Key{Session: r.Key.Session, Round: r.Key.Round, Kind: kind, Member: wire.Nobody})...)
	}
	parts := func(r wire.Record, kind wire.Kind, member string, p wire.Parts) {
		k := wire.Key{Session: r.Key.Session, Round: r.Key.Round, Kind: kind, Member: member}
		keys = append(keys, k.List())
		for i := uint32(1); i < p.Count; i++ {
			k.Part = i
			keys = append(keys, k)
		}
	}
	for _, r := range records {
		nameOf(r, bulk, blob, parts)
	}
	return keys
}

func nameOf(r wire.Record, bulk bool, blob func(wire.Record, wire.Kind, wire.Blob), parts func(wire.Record, wire.Kind, string, wire.Parts)) {
	var setup wire.Setup
	var shareSet wire.ShareSet
	var collection wire.Collection
	var quorum wire.Quorum
	var rebuilt wire.Rebuilt
	var result wire.Result
	var cert wire.Certificate
	var input wire.Input
	var shares wire.Shares
	var reveal wire.Reveal
	ok := func(m wire.Message) bool { return wire.DecodeBody(r.Body, m) == nil }
	signed := func(m wire.Message) bool { _, err := wire.DecodeSigned(r.Body, m); return err == nil }
	switch k := r.Key.Kind; {
	case k == wire.KindSetup && ok(&setup):
		blob(r, wire.KindSetupBundle, setup.Bundle)
	case k == wire.KindShareSet && ok(&shareSet):
		blob(r, wire.KindShareSetBundle, shareSet.Bundle)
	case k == wire.KindCollection && ok(&collection):
		blob(r, wire.KindCollectionBundle, collection.Bundle)
	case k == wire.KindWitnessed && ok(&quorum):
		blob(r, wire.KindWitnessBundle, quorum.Bundle)
	case k == wire.KindConsented && ok(&quorum):
		blob(r, wire.KindConsentBundle, quorum.Bundle)
	case k == wire.KindRebuilt && ok(&rebuilt):
		blob(r, wire.KindRebuiltBundle, rebuilt.Bundle)
	case k == wire.KindResult && ok(&result):
		parts(r, wire.KindResultPart, wire.Nobody, result.Sum)
	case k == wire.KindCertificate && ok(&cert):
		blob(r, wire.KindCertificateBundle, cert.Bundle)
	case k == wire.KindInput && signed(&input):
		parts(r, wire.KindCommitPart, r.Key.Member, input.Commitments) // what an auditor needs
		if bulk {
			parts(r, wire.KindInputPart, r.Key.Member, input.Words)
		}
	case k == wire.KindShares && bulk && signed(&shares):
		parts(r, wire.KindSharesPart, r.Key.Member, shares.Boxes)
	case k == wire.KindReveal && bulk && signed(&reveal):
		parts(r, wire.KindRevealPart, r.Key.Member, reveal.Shares)
	}
}
