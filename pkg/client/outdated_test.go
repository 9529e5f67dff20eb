package client

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chorus/pkg/wire"
)

func secretsOf(s *session, who string) (names []string) {
	return slices.DeleteFunc(s.files(who), func(n string) bool { return !strings.HasSuffix(n, secretEnd) && !strings.HasSuffix(n, answerEnd) })
}

// TestAbandonedRoundIsWiped: what a member keeps of a round that it left, and
// that ended without it, opens its input to whoever has the log. It goes when the
// next round is looked for, and at the latest when that one is answered.
func TestAbandonedRoundIsWiped(t *testing.T) {
	for _, asks := range []bool{true, false} {
		bubble(t, 5, func(s *session) {
			s.open()
			wait := s.others(name(0))
			s.leaves(name(0), "contribute")
			s.settle(wait)
			if len(secretsOf(s, name(0))) == 0 {
				t.Fatal("nothing was left to wipe")
			}
			s.open()
			if asks {
				c := s.start(name(0))
				if round, err := c.NextRound(s.t.Context()); err != nil || round != 2 {
					t.Fatal(round, err)
				}
				if left := secretsOf(s, name(0)); len(left) > 0 {
					t.Fatalf("asked for the next round, and there still is %v", left)
				}
				c.Close()
			}
			s.settle(s.others())
			if left := secretsOf(s, name(0)); slices.ContainsFunc(left, func(n string) bool { return strings.Contains(n, ".00000001.") }) {
				t.Fatalf("answered the next round, and there still is %v", left)
			}
		})
	}
}

// TestSpentInAnySession: a model that a member signed a set on is spent in every
// session of its folder.
func TestSpentInAnySession(t *testing.T) {
	f, err := openFolder(filepath.Join(t.TempDir(), "m"), wire.Digest{1})
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	first, err := f.loadLedger("first")
	if err != nil {
		t.Fatal(err)
	}
	first.Spend(wire.Digest{7}, []string{"a", "b", "c", "d"})
	if err := f.saveLedger("first", first); err != nil {
		t.Fatal(err)
	}
	second, err := f.loadLedger("second")
	if err != nil {
		t.Fatal(err)
	}
	if second.MaySign(wire.Digest{7}, []string{"a", "b", "c"}, 3) {
		t.Fatal("another session signs one name less on the same model")
	}
	if !second.MaySign(wire.Digest{8}, []string{"a", "b", "c"}, 3) {
		t.Fatal("another model is spent too")
	}
	if second.LastRound != 0 {
		t.Fatal("sessions share more than what is spent")
	}
}

func TestSlotNames(t *testing.T) {
	f := &folder{}
	s := f.slot("s-1", 12, wire.Digest{3})
	for _, n := range []string{s.prefix() + secretEnd, s.answerName(4)} {
		if round, ctx, ok := slotOf("s-1", n); !ok || round != 12 || ctx != s.ctx.String() {
			t.Errorf("%s: %d %s %v", n, round, ctx, ok)
		}
	}
	for _, n := range []string{"s-1.memory", "lock", "s.00000012.x.secret", "s-1.12.x.secret", "s-1.00000012.x"} {
		if _, _, ok := slotOf("s-1", n); ok {
			t.Errorf("%s passes for a slot", n)
		}
	}
}
