package integration

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chorus/internal/source"
	"chorus/pkg/secagg"
	"chorus/pkg/stage"
	"chorus/pkg/wire"
	"chorus/services"
)

// bundles are rounds recorded by earlier builds of each wire version. They are
// never replaced: a change after which one of them diverges needs a new version.
func bundles(t *testing.T) (paths []string, authority ed25519.PublicKey) {
	t.Helper()
	paths, err := filepath.Glob("testdata/logs/*.chorus")
	text, rerr := os.ReadFile("testdata/logs/authority.hex")
	if err := errors.Join(err, rerr); err != nil || len(paths) == 0 {
		t.Fatal(err, paths)
	}
	if authority, err = hex.DecodeString(strings.TrimSpace(string(text))); err != nil {
		t.Fatal(err)
	}
	return paths, authority
}

func TestRecordedRoundsReplayAndAudit(t *testing.T) {
	paths, authority := bundles(t)
	for _, path := range paths {
		src, err := source.Bundle(path)
		if err != nil {
			t.Fatal(err)
		}
		keys, err := src.Rounds(t.Context())
		if err != nil || len(keys) != 1 {
			t.Fatal(path, keys, err)
		}
		records, err := src.Records(t.Context(), keys[0].Session, keys[0].Round)
		if err != nil {
			t.Fatal(err)
		}
		agreed := 0
		for _, f := range stage.Replay(records, services.All(), 0) {
			if f.Verdict != stage.Agreed {
				t.Errorf("%s: %+v", path, f)
			}
			agreed++
		}
		if agreed < 20 {
			t.Errorf("%s: only %d records were judged", path, agreed)
		}
		if _, err := secagg.Audit(t.Context(), src, keys[0], authority, secagg.DefaultPolicy()); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// altered answers with one record changed.
type altered struct {
	source.Source
	key wire.Key
	bit int
}

func (a altered) Get(ctx context.Context, k wire.Key) (wire.Record, error) {
	r, err := a.Source.Get(ctx, k)
	if err == nil && k == a.key && len(r.Body) > 0 {
		r.Body = append([]byte(nil), r.Body...)
		r.Body[a.bit/8%len(r.Body)] ^= 1 << (a.bit % 8)
	}
	return r, err
}

// TestAuditNoticesEveryAlteredRecord changes a bit of each record that the result
// rests on: no altered round is verified.
func TestAuditNoticesEveryAlteredRecord(t *testing.T) {
	paths, authority := bundles(t)
	src, err := source.Bundle(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	keys, err := src.Rounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key := func(k wire.Kind, part uint32) wire.Key {
		return wire.Key{Session: keys[0].Session, Round: keys[0].Round, Kind: k, Member: wire.Nobody, Part: part}
	}
	rests := []wire.Key{key(wire.KindOpen, 0), key(wire.KindRoster, 0), key(wire.KindSetup, 0), key(wire.KindSetupBundle, 0), key(wire.KindShareSet, 0),
		key(wire.KindShareSetBundle, 0), key(wire.KindCollection, 0), key(wire.KindCollectionBundle, 0), key(wire.KindWitnessBundle, 0),
		key(wire.KindAccepted, 0), key(wire.KindConsentBundle, 0), key(wire.KindResult, 0), key(wire.KindResultList, 0),
		key(wire.KindResultPart, 1), key(wire.KindCertificateBundle, 0)}
	for _, k := range rests {
		for bit := 131; bit < 8*400; bit += 397 {
			if _, err := secagg.Audit(t.Context(), altered{src, k, bit}, keys[0], authority, secagg.DefaultPolicy()); err == nil {
				t.Errorf("bit %d of %s is altered, and the round is verified", bit, k)
			}
		}
	}
}
