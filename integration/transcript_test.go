package integration

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"chorus/internal/world"
	"chorus/pkg/wire"
)

var updating = flag.Bool("update", false, "rewrite the golden transcripts")

const transcripts = "../internal/world/testdata/transcripts"

func dropping(p wire.Phase, who ...string) world.Setting {
	drop := map[string]wire.Phase{}
	for _, w := range who {
		drop[w] = p
	}
	return world.Setting{Drop: drop}
}

func lying(m world.Mutation) world.Setting {
	return world.Setting{Hostile: map[string]world.Mutation{liarName: m}}
}

// usurped puts another body at the first record of a kind.
func usurped(kind wire.Kind, body []byte) world.Setting {
	return world.Setting{Tamper: func(_ *world.World, e wire.Entry) []wire.Entry {
		if e.Key.Kind == kind {
			e.Body = body
		}
		return []wire.Entry{e}
	}}
}

// scenes are the rounds with a transcript: five members, A_corr 1, t = q = 4.
var scenes = map[string]world.Setting{
	"clean":                  {},
	"drop-advertise-keys":    dropping(wire.AdvertiseKeys, "m001"),
	"drop-share-keys":        dropping(wire.ShareKeys, "m001"),
	"drop-masked-input":      dropping(wire.MaskedInput, "m001"),
	"drop-collection":        dropping(wire.CollectionPhase, "m001"),
	"drop-consistency-check": dropping(wire.ConsistencyCheck, "m001"),
	"drop-unmasking":         dropping(wire.Unmasking, "m001"),
	"drop-attestation":       dropping(wire.Attestation, "m001"),

	"complaint-answered":     lying(falseBoxes(0)),
	"complaint-unanswered":   lying(then(falseBoxes(0), lacking(wire.KindAnswer))),
	"complaint-false-answer": lying(then(falseBoxes(0), edited(wire.KindAnswer, func(_ *world.Member, a *wire.Answer) { flip(a.Shares[0].Share) }))),
	"complaint-false": lying(complaining(func(_ *world.Member, c *wire.Complaint) {
		c.Boxes = []wire.BoxRef{{Dealer: 0, Box: wire.Sum([]byte("garbled"))}}
	})),
	"reveal-wrong-share": lying(wrongShare(3, 5)),
	"input-wrong-weight": lying(edited(wire.KindInput, func(_ *world.Member, in *wire.Input) { in.Weight = 9 })),

	"abort-advertise-keys":    dropping(wire.AdvertiseKeys, "m001", "m002", "m003"),
	"abort-share-keys":        dropping(wire.ShareKeys, "m001", "m002"),
	"abort-masked-input":      dropping(wire.MaskedInput, "m001", "m002", "m003"),
	"abort-collection":        dropping(wire.CollectionPhase, "m001", "m002"),
	"abort-consistency-check": dropping(wire.ConsistencyCheck, "m001", "m002"),
	"abort-unmasking":         dropping(wire.Unmasking, "m001", "m002"),
	"abort-lost-dealer":       lying(falseBoxes(0, 1, 3, 4)),
	"abort-check-failed": lying(repacked(wire.KindInputPart, wire.KindInput, func(_ *world.Member, chunks [][]byte) {
		chunks[0][0] ^= 1
	}, namesWords)),
	"abort-unsupported": {Change: func(o *wire.Open) { o.Filter = "krum" }},
	"abort-malformed":   {Change: func(o *wire.Open) { o.RosterRoot[0] ^= 1 }},
	"abort-diverged":    usurped(wire.KindShareSet, wire.Encode(&wire.ShareSet{U2: wire.Bitmap{0x1f}})),
}

// TestTranscripts holds rounds against their golden transcripts. Under the fair
// scheduler a round has one transcript: run with -update after a change of the
// protocol, and read the difference.
func TestTranscripts(t *testing.T) {
	for name, s := range scenes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.Seed, s.N, s.Dim, s.Fair = 5, 5, 3, true
			w := world.New(s)
			if err := w.Round(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(transcripts, name+".txt")
			got := w.Transcript()
			if *updating {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the transcript is now\n%s\nand was\n%s", got, want)
			}
		})
	}
}

// TestTranscriptsAreAllPlayed: no file is left of a scene that is gone.
func TestTranscriptsAreAllPlayed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(transcripts, "*.txt"))
	if err != nil || len(files) != len(scenes) {
		t.Fatalf("%d transcripts for %d scenes, %v", len(files), len(scenes), err)
	}
}
