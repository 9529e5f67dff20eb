package stage

import (
	"bytes"
	"encoding/hex"
	"slices"

	"chorus/pkg/wire"
)

// A Verdict is what a replay says of one record.
type Verdict string

const (
	Agreed    Verdict = "agreed"     // the fold derives exactly this, or asked for it
	Missing   Verdict = "missing"    // derived, and the log does not hold it
	Diverged  Verdict = "diverged"   // the log holds something else
	Opaque    Verdict = "opaque"     // cannot be derived again without a stage's key
	NotNeeded Verdict = "not needed" // observed, but nothing in the fold asked for it
)

// A Finding is the verdict on one key.
type Finding struct {
	Stage   string
	Verdict Verdict
	Key     wire.Key
	Seq     uint64
	Want    string `json:",omitempty"` // hex, of a divergence
	Got     string `json:",omitempty"`
}

// Replay folds the records of one round, in log order, up to and including
// sequence upto (0: all), and compares each stage's own records with what its
// fold derives. Nothing is written.
func Replay(records []wire.Record, specs []Spec, upto uint64) []Finding {
	var out []Finding
	for _, spec := range specs {
		out = append(out, replayStage(records, spec, upto)...)
	}
	return out
}

func replayStage(records []wire.Record, spec Spec, upto uint64) (out []Finding) {
	k := NewKernel(spec)
	ended := false
	for _, r := range records {
		if upto != 0 && r.Seq > upto {
			break
		}
		if f := k.judge(r); !k.Ended() && owned(spec, r.Key) && !k.seen[r.Key] && !shared(f) {
			out = append(out, f)
		}
		ended = ended || r.Key.Kind.Terminal()
		if err := k.Apply(r); err != nil {
			return out
		}
	}
	for _, e := range k.Pending() {
		if ended || upto != 0 || e.Task || !e.NotBefore.IsZero() || e.Key.Kind.Row().Stream != wire.Log {
			continue // asked for, not overdue
		}
		out = append(out, Finding{Stage: spec.Name, Verdict: Missing, Key: e.Key})
	}
	return out
}

// judge compares a record of the stage's own with the fold so far.
func (k *Kernel) judge(r wire.Record) Finding {
	f := Finding{Stage: k.spec.Name, Verdict: Agreed, Key: r.Key, Seq: r.Seq}
	if slices.Contains(k.spec.Derives, r.Key.Kind) {
		if want := k.derived[r.Key]; !bytes.Equal(want, r.Body) || want == nil {
			f.Verdict, f.Want, f.Got = Diverged, hex.EncodeToString(want), hex.EncodeToString(r.Body)
		}
		return f
	}
	asked := slices.ContainsFunc(k.pending, func(e wire.Entry) bool { return e.Key == r.Key })
	if !asked {
		f.Verdict = NotNeeded
	}
	return f
}

// shared reports a deadline that another stage asked for.
func shared(f Finding) bool { return f.Key.Kind == wire.KindDeadline && f.Verdict == NotNeeded }

// owned reports whether the stage writes k; an abort is the shell's.
func owned(spec Spec, k wire.Key) bool {
	if k.Kind == wire.KindAbort {
		return false
	}
	return slices.Contains(spec.Derives, k.Kind) || slices.Contains(spec.Observes, k.Kind)
}
