package mask

import (
	"runtime"
	"sync"
)

// Term is one mask with its sign.
type Term struct {
	Key      Key
	Negative bool
}

// tile is the number of bytes of the accumulator that all masks pass over before
// the next tile: it fits L1 beside a piece of key stream.
const tile = 16 << 10

// grain is the least number of words worth a goroutine of its own (some 30 us).
const grain = 32 << 10

// Add32 adds words offset, offset+1, ... of key's mask to acc.
func Add32(acc []uint32, key *Key, offset uint64) {
	one32(acc, &Term{Key: *key}, offset)
}

// Sub32 subtracts what Add32 adds.
func Sub32(acc []uint32, key *Key, offset uint64) {
	one32(acc, &Term{Key: *key, Negative: true}, offset)
}

// Add64 adds words offset, offset+1, ... of key's mask to acc.
func Add64(acc []uint64, key *Key, offset uint64) {
	one64(acc, &Term{Key: *key}, offset)
}

// Sub64 subtracts what Add64 adds.
func Sub64(acc []uint64, key *Key, offset uint64) {
	one64(acc, &Term{Key: *key, Negative: true}, offset)
}

func one32(acc []uint32, t *Term, offset uint64) {
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	s := newStream32(t, offset, buf)
	s.fold32(acc, buf)
}

func one64(acc []uint64, t *Term, offset uint64) {
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	s := newStream64(t, offset, buf)
	s.fold64(acc, buf)
}

// Apply32 adds or subtracts the masks of all terms, each from word offset on.
// It uses GOMAXPROCS goroutines over ranges of acc; the result does not depend
// on their number, because addition modulo 2^32 commutes.
func Apply32(acc []uint32, terms []Term, offset uint64) {
	ranges(len(acc), func(lo, hi int) { apply32(acc[lo:hi], terms, offset+uint64(lo)) })
}

// Apply64 is Apply32 for 64-bit words.
func Apply64(acc []uint64, terms []Term, offset uint64) {
	ranges(len(acc), func(lo, hi int) { apply64(acc[lo:hi], terms, offset+uint64(lo)) })
}

func apply32(acc []uint32, terms []Term, offset uint64) {
	buf, streams := buffers.Get().(*buffer), make([]stream, len(terms))
	defer buffers.Put(buf)
	for i := range terms {
		streams[i] = newStream32(&terms[i], offset, buf)
	}
	for len(acc) > 0 {
		n := min(len(acc), tile/4)
		for i := range streams {
			streams[i].fold32(acc[:n], buf)
		}
		acc = acc[n:]
	}
}

func apply64(acc []uint64, terms []Term, offset uint64) {
	buf, streams := buffers.Get().(*buffer), make([]stream, len(terms))
	defer buffers.Put(buf)
	for i := range terms {
		streams[i] = newStream64(&terms[i], offset, buf)
	}
	for len(acc) > 0 {
		n := min(len(acc), tile/8)
		for i := range streams {
			streams[i].fold64(acc[:n], buf)
		}
		acc = acc[n:]
	}
}

// ranges cuts 0..n into one range for each processor, multiples of eight words
// so that the streams of all but the last begin at a block.
func ranges(n int, f func(lo, hi int)) {
	workers := min(runtime.GOMAXPROCS(0), max(1, n/grain))
	step := (n/workers + 7) &^ 7
	var wg sync.WaitGroup
	for lo := step; lo < n && workers > 1; lo += step {
		wg.Go(func() { f(lo, min(n, lo+step)) })
	}
	if workers == 1 {
		step = n
	}
	f(0, min(n, step))
	wg.Wait()
}
