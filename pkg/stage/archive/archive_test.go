package archive

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"chorus/pkg/wire"
)

func sample() []wire.Record {
	at := time.Unix(1_800_000_000, 123456789).UTC()
	return []wire.Record{
		{Key: wire.Key{Session: "s", Round: 1, Kind: wire.KindOpen, Member: wire.Nobody}, Body: []byte("open"), Seq: 3, Time: at},
		{Key: wire.Key{Session: "s", Round: 1, Kind: wire.KindInputPart, Member: "ada", Part: 5}, Body: []byte{}, Seq: 1, Time: at},
	}
}

func TestRoundTrip(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, sample()); err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(b.Bytes()))
	if err != nil || !reflect.DeepEqual(got, sample()) {
		t.Fatalf("%v\n got %+v\nwant %+v", err, got, sample())
	}
}

// TestDamage flips every byte and cuts at every length: nothing is ever read.
func TestDamage(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, sample()); err != nil {
		t.Fatal(err)
	}
	for i := range b.Len() {
		bad := bytes.Clone(b.Bytes())
		bad[i] ^= 1
		if _, err := Read(bytes.NewReader(bad)); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
			t.Fatalf("byte %d flipped: %v", i, err)
		}
		if _, err := Read(bytes.NewReader(b.Bytes()[:i])); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrFormat) {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	if _, err := Read(bytes.NewReader(append(b.Bytes(), 0))); !errors.Is(err, ErrDamaged) {
		t.Fatalf("trailing byte: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := Write(&b, sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		records, err := Read(bytes.NewReader(raw))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := Write(&again, records); err != nil || !bytes.Equal(again.Bytes(), raw) {
			t.Fatalf("accepted a bundle that does not write back: %v", err)
		}
	})
}
