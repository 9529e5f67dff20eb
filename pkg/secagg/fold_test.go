package secagg

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"chorus/pkg/wire"
)

func testFold() *Fold {
	r := &Round{Open: wire.Open{Session: "s", Round: 1}}
	for i := range wire.Phases {
		r.Open.Deadlines = append(r.Open.Deadlines, int64(i+1)*1000)
	}
	return &Fold{Round: r, Stage: "keybroker", armed: map[wire.Phase]uint32{}, up: map[wire.Phase]bool{}}
}

// TestDeadlines: a deadline counts when it was stored at or after its time and
// says that time; any other is void and the next part is asked for.
func TestDeadlines(t *testing.T) {
	for name, c := range map[string]struct {
		at   int64
		body []byte
		up   bool
	}{
		"on time":       {1000, nil, true},
		"late":          {99_000, nil, true},
		"early":         {999, nil, false},
		"another time":  {5000, wire.Encode(&wire.Deadline{At: 1}), false},
		"not a message": {5000, []byte("x"), false},
	} {
		f := testFold()
		e := f.Arm(wire.AdvertiseKeys)[0]
		if c.body == nil {
			c.body = e.Body
		}
		again := f.TakeDeadline(wire.Record{Key: e.Key, Body: c.body, Time: time.UnixMilli(c.at)})
		if f.Up(wire.AdvertiseKeys) != c.up || (len(again) == 1) == c.up {
			t.Errorf("%s: up %v, asked again %v", name, f.Up(wire.AdvertiseKeys), again)
		}
		if !c.up && again[0].Key.Part != 1 {
			t.Errorf("%s: the next deadline is part %d", name, again[0].Key.Part)
		}
	}
}

func TestDeadlineOfAnotherPartIsIgnored(t *testing.T) {
	f := testFold()
	e := f.Arm(wire.ShareKeys)[0]
	e.Key.Part = 3
	if es := f.TakeDeadline(wire.Record{Key: e.Key, Body: e.Body, Time: time.UnixMilli(9000)}); es != nil || f.Up(wire.ShareKeys) {
		t.Fatal("a deadline that nobody asked for counts")
	}
}

func TestTally(t *testing.T) {
	y := NewTally(4)
	y.Hold(0, []byte("a"))
	y.Hold(1, []byte("b"))
	y.Exclude(2, wire.BadSignature)
	y.Exclude(2, wire.Late)
	y.Settle(0, &wire.Intake{Header: wire.Sum([]byte("another header"))})
	if len(y.In) != 0 || len(y.Wait) != 2 {
		t.Fatal("an intake of another header counts")
	}
	y.Settle(0, &wire.Intake{Header: wire.Sum([]byte("a"))})
	y.Settle(1, &wire.Intake{Header: wire.Sum([]byte("b")), Reason: wire.MissingPart})
	var got []string
	for _, x := range y.Excluded(Full(4)) {
		for i := range x.Who.All() {
			got = append(got, string(x.Reason)+" "+string(rune('0'+i)))
		}
	}
	if want := []string{"absent 3", "bad signature 2", "missing part 1"}; !slices.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
	if m := (&wire.Setup{Excluded: y.Excluded(Full(4)), U1: Full(4)}); m.Check() != nil {
		t.Fatal("the list is not in the order of messages")
	}
}

// TestRootsBindEverything: a changed name set, digest, ctx or parent root is
// another root.
func TestRootsBindEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &Round{Ctx: wire.Digest{1}, Roster: &wire.Roster{Members: []wire.Member{{Name: "a"}, {Name: "b"}, {Name: "c"}}}}
		s := Set{0: {1}, 1: {2}, 2: {3}}
		base := r.AcceptedDigest(wire.Digest{4}, wire.Digest{5}, wire.Digest{6}, s)
		var got wire.Digest
		switch rapid.IntRange(0, 6).Draw(t, "change") {
		case 0:
			got = r.AcceptedDigest(wire.Digest{4, 1}, wire.Digest{5}, wire.Digest{6}, s)
		case 1:
			got = r.AcceptedDigest(wire.Digest{4}, wire.Digest{5, 1}, wire.Digest{6}, s)
		case 2:
			got = r.AcceptedDigest(wire.Digest{4}, wire.Digest{5}, wire.Digest{6, 1}, s)
		case 3:
			delete(s, rapid.IntRange(0, 2).Draw(t, "who"))
			got = r.AcceptedDigest(wire.Digest{4}, wire.Digest{5}, wire.Digest{6}, s)
		case 4:
			s[rapid.IntRange(0, 2).Draw(t, "who")] = wire.Digest{9}
			got = r.AcceptedDigest(wire.Digest{4}, wire.Digest{5}, wire.Digest{6}, s)
		case 5:
			r.Ctx[0]++
			got = r.AcceptedDigest(wire.Digest{4}, wire.Digest{5}, wire.Digest{6}, s)
		case 6:
			got = r.CollectionRoot(wire.Digest{4}, wire.Digest{5}, s)
		}
		if got == base {
			t.Fatal("a change does not show")
		}
	})
}

func TestVectorPartsAgree(t *testing.T) {
	for _, width := range []int{4, 8} {
		v := NewVector(5, width)
		v.Set(0, []int32{1, -2, 3, -2147483648, 2147483647})
		back, err := ParseVector(v.Bytes(), width)
		if err != nil || !slices.Equal(back.Int64s(), []int64{1, -2, 3, -2147483648, 2147483647}) {
			t.Fatalf("%d bytes a word: %v %v", width, back.Int64s(), err)
		}
		if _, err := ParseVector(make([]byte, width+1), width); err == nil {
			t.Fatal("half a word was read")
		}
		if err := v.Add(NewVector(4, width)); err == nil {
			t.Fatal("vectors of different lengths were added")
		}
	}
}
