package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// messages has one constructor per message.
var messages = map[string]func() Message{
	"open": func() Message { return new(Open) }, "roster": func() Message { return new(Roster) },
	"signed-roster": func() Message { return new(SignedRoster) }, "envelope": func() Message { return new(Envelope) },
	"advert": func() Message { return new(Advert) }, "setup": func() Message { return new(Setup) },
	"shares": func() Message { return new(Shares) }, "intake": func() Message { return new(Intake) },
	"shareset": func() Message { return new(ShareSet) }, "input": func() Message { return new(Input) },
	"collection": func() Message { return new(Collection) }, "witness": func() Message { return new(Witness) },
	"quorum": func() Message { return new(Quorum) }, "complaint": func() Message { return new(Complaint) },
	"complaints": func() Message { return new(Complaints) }, "answer": func() Message { return new(Answer) },
	"settlement": func() Message { return new(Settlement) }, "accepted": func() Message { return new(Accepted) },
	"consent": func() Message { return new(Consent) }, "reveal": func() Message { return new(Reveal) },
	"sum": func() Message { return new(SumPart) }, "rebuilt": func() Message { return new(Rebuilt) },
	"checked": func() Message { return new(Checked) }, "result": func() Message { return new(Result) },
	"attest": func() Message { return new(Attest) }, "certificate": func() Message { return new(Certificate) },
	"bundle": func() Message { return new(Bundle) }, "order-intake": func() Message { return new(IntakeOrder) },
	"order-sum": func() Message { return new(SumOrder) }, "order-settle": func() Message { return new(SettleOrder) },
	"order-rebuild": func() Message { return new(RebuildOrder) }, "order-unmask": func() Message { return new(UnmaskOrder) },
	"order-check": func() Message { return new(CheckOrder) }, "deadline": func() Message { return new(Deadline) }, "abort": func() Message { return new(Abort) },
}

// sample fills m with small distinct values by reflection, then mends the
// fields that Check constrains.
func sample(m Message) Message {
	n := 0
	fillSample(reflect.ValueOf(m).Elem(), &n)
	switch m := m.(type) {
	case *Open:
		m.Session, m.Bits, m.PartSize, m.Clip = "digits", 16, 1<<16, 2.5
		m.Gamma, m.Delta, m.RosterParts = Ratio{1, 10}, Ratio{1, 5}, 1
		m.Deadlines = []int64{1, 2, 3, 4, 5, 6, 7, 8}
	case *Roster:
		m.Session, m.Members = "digits", []Member{{Name: "ada", MaxWeight: 1}, {Name: "bob", Identity: [32]byte{1}, Organisation: "x", MaxWeight: 9}}
	case *Advert:
		m.BoxKey = bytes.Repeat([]byte{7}, BoxKeySize)
	case *Answer:
		m.Shares = []Dealt{{Complainer: 3, Share: bytes.Repeat([]byte{1}, DealtSize)}}
	}
	return m
}

func fillSample(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fillSample(v.Field(i), n)
		}
		if b, ok := v.Addr().Interface().(*Blob); ok {
			b.Parts = 1
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fillSample(v.Index(0), n)
	case reflect.Array:
		v.Index(0).SetUint(uint64(*n))
	case reflect.String:
		v.SetString("s" + string(rune('a'+*n%26)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(float64(*n))
	case reflect.Int64:
		v.SetInt(int64(*n))
	default:
		v.SetUint(uint64(*n))
	}
}

func TestGolden(t *testing.T) {
	for name, newMessage := range messages {
		m := sample(newMessage())
		if err := m.Check(); err != nil {
			t.Fatalf("%s: sample is invalid: %v", name, err)
		}
		got := Encode(m)
		path := filepath.Join("testdata", "golden", name+".hex")
		if *update {
			if err := os.WriteFile(path, []byte(hex.EncodeToString(got)+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := hex.DecodeString(strings.TrimSpace(string(text)))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: encoding changed without a version bump:\n got %x\nwant %x", name, got, want)
		}
		back := newMessage()
		if err := DecodeBody(got, back); err != nil || !reflect.DeepEqual(m, back) {
			t.Errorf("%s: does not decode to itself: %v", name, err)
		}
	}
}

// TestNotCanonical gives the decoder what the library alone would accept.
func TestNotCanonical(t *testing.T) {
	good := Encode(&Deadline{At: 5})
	cases := map[string][]byte{
		"empty":           {},
		"trailing":        append(bytes.Clone(good), 0),
		"wide int":        {0x91, 0xcf, 0, 0, 0, 0, 0, 0, 0, 5},
		"wide array":      {0xdc, 0, 1, 5},
		"map":             {0x81, 0xa2, 'A', 't', 5},
		"string for int":  {0x91, 0xa1, '5'},
		"missing field":   {0x90},
		"extra field":     {0x92, 5, 5},
		"nil":             {0x91, 0xc0},
		"float for int":   {0x91, 0xcb, 0x40, 0x14, 0, 0, 0, 0, 0, 0},
		"truncated":       good[:len(good)-1],
		"hostile length":  {0xdd, 0xff, 0xff, 0xff, 0xff},
		"hostile binary":  {0x91, 0xc6, 0xff, 0xff, 0xff, 0xff},
		"deep nesting":    bytes.Repeat([]byte{0x91}, 64),
		"extension":       {0x91, 0xd4, 1, 1},
		"duplicate field": {0x82, 0xa2, 'A', 't', 5, 0xa2, 'A', 't', 6},
	}
	for name, b := range cases {
		if err := DecodeBody(b, new(Deadline)); !errors.Is(err, ErrNotCanonical) {
			t.Errorf("%s: %v, want ErrNotCanonical", name, err)
		}
	}
	if err := DecodeBody(make([]byte, MaxBody+1), new(Deadline)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("oversized: %v", err)
	}
}

func TestLibraryAloneIsNotEnough(t *testing.T) {
	var d Deadline
	if err := msgpack.Unmarshal([]byte{0x91, 0xcf, 0, 0, 0, 0, 0, 0, 0, 5}, &d); err != nil {
		t.Fatalf("the library became strict, the comparison may be dropped: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	for name, newMessage := range messages {
		f.Add(name, Encode(sample(newMessage())))
	}
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		newMessage, ok := messages[name]
		if !ok {
			return
		}
		m := newMessage()
		if DecodeBody(b, m) == nil && !bytes.Equal(Encode(m), b) {
			t.Fatalf("%s: accepted bytes that do not re-encode: %x", name, b)
		}
	})
}

func TestKeysAndSubjectsAreBijective(t *testing.T) {
	token := rapid.StringMatching(`[a-z0-9-]{1,32}`)
	rapid.Check(t, func(t *rapid.T) {
		row := rapid.SampledFrom(table).Draw(t, "row")
		k := Key{token.Draw(t, "session"), rapid.Uint32Range(1, MaxRound).Draw(t, "round"), row.Kind, token.Draw(t, "member"), 0}
		if row.Parts {
			k.Part = rapid.Uint32().Draw(t, "part")
		}
		if got, err := ParseSubject(k.Subject()); err != nil || got != k {
			t.Fatalf("%v -> %s -> %v, %v", k, k.Subject(), got, err)
		}
		s := k.TaskSubject("collector", 3)
		if got, stage, a, err := ParseTaskSubject(s); err != nil || got != k || stage != "collector" || a != 3 {
			t.Fatalf("%s -> %v %s %d %v", s, got, stage, a, err)
		}
		if len(s) > MaxSubject {
			t.Fatalf("%d bytes of subject", len(s))
		}
	})
}

func TestParseSubjectRefuses(t *testing.T) {
	for _, s := range []string{"", "chorus", "chorus.log.s.00000001.open.-", "chorus.log.s.1.open.-.0", "chorus.log.s.00000000.open.-.0",
		"chorus.log.s.00000001.open.-.00", "chorus.log.s.00000001.nosuch.-.0", "chorus.log.S.00000001.open.-.0", "chorus.log.*.00000001.open.-.0",
		"chorus.log.s.00000001.open.>.0", "chorus.log.s.00000001.open.-.1", "chorus.log.s.00000001.input.ada.1", "chorus.pub.s.00000001.open.-.0", "chorus.bulk.2.s.00000001.input-part.ada.1", "chorus.bulk.s.00000001.input-part.ada.0",
		"chorus.log.s.00000001.open.-.4294967296", "chorus.log.s.00000001.open.-.+1", "other.log.s.00000001.open.-.0", "chorus.log.s.00000001.open..0"} {
		if k, err := ParseSubject(s); err == nil {
			t.Errorf("%q accepted as %v", s, k)
		}
	}
}

func FuzzParseSubject(f *testing.F) {
	f.Add("chorus.log.s.00000001.open.-.0")
	f.Add("chorus.bulk.1.s.00000001.input-part.ada.1")
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := ParseSubject(s); err == nil && k.Subject() != s {
			t.Fatalf("%q is not the subject of %v", s, k)
		}
	})
}

func TestTableNamesEveryKindOnce(t *testing.T) {
	if len(kinds) != len(table) {
		t.Fatalf("%d kinds in %d rows", len(kinds), len(table))
	}
	for _, r := range table {
		if !Token(string(r.Kind)) || r.Writer == "" || r.Class == "" || r.Says == "" || r.Member == "" {
			t.Errorf("incomplete row %+v", r)
		}
	}
}

func TestBitmap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 70).Draw(t, "n")
		in := rapid.SliceOfDistinct(rapid.IntRange(0, n-1), rapid.ID).Draw(t, "in")
		b := NewBitmap(n)
		for _, i := range in {
			b.Add(i)
		}
		if b.Len() != len(in) || b.Fits(n) != nil {
			t.Fatalf("%v: %d members, fits %v", in, b.Len(), b.Fits(n))
		}
		last := -1
		for i := range b.All() {
			if i <= last {
				t.Fatal("out of order")
			}
			last = i
		}
		if len(in) > 0 {
			c := b.Clone()
			c.Remove(in[0])
			if b.Within(c) || !c.Within(b) || b.Minus(c).Len() != 1 {
				t.Fatal("Remove, Minus and Within disagree")
			}
		}
	})
	if b := (Bitmap{0xff}); b.Fits(7) == nil || b.Fits(9) == nil || b.Fits(8) != nil {
		t.Error("Fits accepts spare bits or a wrong length")
	}
}

func TestRosterSurvivesItsParts(t *testing.T) {
	r := sample(new(Roster)).(*Roster)
	signed := Encode(&SignedRoster{Body: Encode(r)})
	var joined []byte
	for _, e := range RosterEntries("s", 1, signed) {
		joined = append(joined, e.Body...)
	}
	got, _, err := OpenRoster(joined)
	if err != nil || got.Root() != r.Root() || got.Position("bob") != 1 || got.Position("eve") != -1 {
		t.Fatalf("%v %v", got, err)
	}
}

// TestChecksRefuse: canonical bytes of messages that break their own rules.
func TestChecksRefuse(t *testing.T) {
	for name, m := range map[string]Message{
		"the same dispute twice":       &Complaints{Disputes: []Dispute{{1, 2}, {1, 2}}},
		"disputes out of order":        &Complaints{Disputes: []Dispute{{1, 3}, {1, 2}}},
		"a complaint about nothing":    &Complaint{},
		"boxes out of order":           &Complaint{Boxes: []BoxRef{{Dealer: 2}, {Dealer: 1}}},
		"half a share":                 &Answer{Shares: []Dealt{{Share: []byte{1}}}},
		"a share for one holder twice": &Answer{Shares: []Dealt{{1, make([]byte, DealtSize)}, {1, make([]byte, DealtSize)}}},
		"a blob of too many parts":     &Quorum{Bundle: Blob{Bytes: 1, Parts: 2}},
		"a blob of too few parts":      &Quorum{Bundle: Blob{Bytes: MaxPart + 1, Parts: 1}},
		"weight 0":                     &Input{Words: Parts{Count: 2}, Commitments: Parts{Count: 2}},
		"a list without parts":         &Shares{Boxes: Parts{Count: 1}},
		"one reason twice":             &Settlement{Leaving: []Exclusion{{Late, nil}, {Late, nil}}},
		"a short box key":              &Advert{BoxKey: []byte{1}},
		"a story for a detail":         &Abort{Detail: strings.Repeat("x", 257)},
		"bundle positions repeat":      &Bundle{Items: []Item{{1, nil}, {1, nil}}},
		"roster out of order":          &Roster{Session: "s", Version: 1, Members: []Member{{Name: "b", MaxWeight: 1}, {Name: "a", Identity: [32]byte{1}, MaxWeight: 1}}},
		"one identity, two names":      &Roster{Session: "s", Version: 1, Members: []Member{{Name: "a", MaxWeight: 1}, {Name: "b", MaxWeight: 1}}},
	} {
		b := Encode(m)
		fresh := reflect.New(reflect.TypeOf(m).Elem()).Interface().(Message)
		if err := DecodeBody(b, fresh); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
