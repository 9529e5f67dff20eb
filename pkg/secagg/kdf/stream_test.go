package kdf

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func TestStreamVectors(t *testing.T) {
	for i, v := range vectors(t) {
		got := make([]byte, len(v.Stream))
		if _, err := io.ReadFull(Stream(v.Secret, v.context()), got); err != nil || !bytes.Equal(got, v.Stream) {
			t.Errorf("%d: %x %v", i, got, err)
		}
	}
}

// The pieces in which a stream is read must not matter: a restart may read in
// others and has to find the same shares.
func TestStreamPieces(t *testing.T) {
	c := Context{Purpose: "shares"}
	want := make([]byte, 3000)
	if _, err := io.ReadFull(iotest.OneByteReader(Stream([]byte("s"), c)), want); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		r, got := Stream([]byte("s"), c), []byte{}
		for len(got) < 2000 {
			// A dirty buffer must not reach the output.
			p := bytes.Repeat([]byte{0xff}, rapid.IntRange(0, 1000).Draw(t, "n"))
			n, err := r.Read(p)
			if err != nil || n != len(p) {
				t.Fatal(n, err)
			}
			got = append(got, p...)
		}
		if !bytes.Equal(got, want[:len(got)]) {
			t.Fatal("pieces matter")
		}
	})
}

func TestStreamSeparation(t *testing.T) {
	c := Context{Ctx: [32]byte{1}, Sender: "alice", Receiver: "bob", Purpose: "shares"}
	read := func(c Context) []byte {
		b := make([]byte, 32)
		_, _ = Stream([]byte("s"), c).Read(b)
		return b
	}
	for i, e := range edits(c) {
		if bytes.Equal(read(e), read(c)) {
			t.Errorf("edit %d does not reach the stream", i)
		}
	}
}
