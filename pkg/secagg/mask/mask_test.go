package mask

import (
	"crypto/aes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// keystream is the oracle: AES one block at a time under NIST SP 800-38A,
// section 6.5, with an explicit counter and no cipher.NewCTR.
func keystream(key Key, from, n uint64) []byte {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err)
	}
	first, last := from/16, (from+n+15)/16
	out := make([]byte, 16*(last-first))
	for i := first; i < last; i++ {
		var counter [16]byte
		binary.BigEndian.PutUint64(counter[8:], i)
		block.Encrypt(out[16*(i-first):], counter[:])
	}
	return out[from-16*first:][:n]
}

func want32(key Key, offset uint64, n int) []uint32 {
	b, out := keystream(key, 4*offset, 4*uint64(n)), make([]uint32, n)
	for i := range out {
		out[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return out
}

func want64(key Key, offset uint64, n int) []uint64 {
	b, out := keystream(key, 8*offset, 8*uint64(n)), make([]uint64, n)
	for i := range out {
		out[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return out
}

// Counter blocks 0, 1 and 2 under the zero key, as published in the GCM
// specification (McGrew and Viega, appendix B, test cases 1 and 2: H, E(K, Y0)
// and the ciphertext of a zero block), and block 0 of SP 800-38A's key made with
// openssl enc -aes-128-ecb.
func TestKnownAnswers(t *testing.T) {
	for _, v := range []struct{ key, stream string }{
		{"00000000000000000000000000000000",
			"66e94bd4ef8a2c3b884cfa59ca342b2e58e2fccefa7e3061367f1d57a4e7455a0388dace60b6a392f328c2b971b2fe78"},
		{"2b7e151628aed2a6abf7158809cf4f3c", "7df76b0c1ab899b33e42f047b91b546f"},
	} {
		key, _ := hex.DecodeString(v.key)
		want, _ := hex.DecodeString(v.stream)
		acc := make([]uint32, len(want)/4)
		Add32(acc, (*Key)(key), 0)
		got := make([]byte, len(want))
		Bytes32(got, acc)
		if !slices.Equal(got, want) || !slices.Equal(keystream(Key(key), 0, uint64(len(want))), want) {
			t.Errorf("%s: %x", v.key, got)
		}
	}
}

// offsets are block and piece edges, the wraps of 32-bit counters, and the top.
var offsets = []uint64{0, 1, 2, 3, 4, 5, 1023, 1024, 1<<32 - 1, 1<<34 - 3, 1<<34 + 1, 1<<62 - 7, 1<<64 - 5000}

func TestSeek(t *testing.T) {
	key := Key{1, 2, 3}
	for _, offset := range offsets {
		for _, n := range []int{0, 1, 7, 8, 9, 1023, 1024, 1025, 4999} {
			a32, a64 := make([]uint32, n), make([]uint64, n)
			Add32(a32, &key, offset)
			Add64(a64, &key, offset)
			// The oracle counts bytes, so its offsets end at 2^64 / 8.
			if offset < 1<<60 && (!slices.Equal(a32, want32(key, offset, n)) || !slices.Equal(a64, want64(key, offset, n))) {
				t.Fatalf("offset %d, %d words", offset, n)
			}
			Sub32(a32, &key, offset)
			Sub64(a64, &key, offset)
			if slices.Max(append(a32, 0)) != 0 || slices.Max(append(a64, 0)) != 0 {
				t.Fatalf("offset %d, %d words: subtraction does not undo addition", offset, n)
			}
		}
	}
}

// A vector masked in parts, as parts are uploaded, equals one masked whole.
func TestPartsEqualWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := Key(rapid.SliceOfN(rapid.Byte(), KeySize, KeySize).Draw(t, "key"))
		base := rapid.SampledFrom(offsets[:11]).Draw(t, "offset")
		n := rapid.IntRange(1, 3000).Draw(t, "n")
		cut := rapid.IntRange(0, n).Draw(t, "cut")
		a32, a64 := make([]uint32, n), make([]uint64, n)
		Sub32(a32[:cut], &key, base)
		Sub32(a32[cut:], &key, base+uint64(cut))
		Sub64(a64[cut:], &key, base+uint64(cut))
		Sub64(a64[:cut], &key, base)
		w32, w64 := want32(key, base, n), want64(key, base, n)
		for i := range n {
			if a32[i] != -w32[i] || a64[i] != -w64[i] {
				t.Fatal(i)
			}
		}
	})
}

func someTerms(n int) []Term {
	terms := make([]Term, n)
	for i := range terms {
		h := sha256.Sum256([]byte{byte(i)})
		terms[i] = Term{Key: Key(h[:16]), Negative: i%3 == 1}
	}
	return terms
}

func TestApplyIsTheSumOfTerms(t *testing.T) {
	terms := someTerms(7)
	for _, n := range []int{0, 1, 100, 5000} {
		a32, a64 := make([]uint32, n), make([]uint64, n)
		w32, w64 := make([]uint32, n), make([]uint64, n)
		for i := range n {
			a32[i], a64[i], w32[i], w64[i] = uint32(i), uint64(i), uint32(i), uint64(i)
		}
		Apply32(a32, terms, 5)
		Apply64(a64, terms, 5)
		for _, term := range terms {
			m32, m64 := want32(term.Key, 5, n), want64(term.Key, 5, n)
			for i := range n {
				if term.Negative {
					m32[i], m64[i] = -m32[i], -m64[i]
				}
				w32[i] += m32[i]
				w64[i] += m64[i]
			}
		}
		if !slices.Equal(a32, w32) || !slices.Equal(a64, w64) {
			t.Errorf("%d words", n)
		}
	}
	a := []uint32{1, 2}
	if Apply32(a, nil, 0); a[0] != 1 || a[1] != 2 {
		t.Error("no terms change something")
	}
}

func TestApplyForAnyGOMAXPROCS(t *testing.T) {
	old := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(old)
	terms, n := someTerms(3), 5*grain+13
	runtime.GOMAXPROCS(1)
	w32, w64 := make([]uint32, n), make([]uint64, n)
	Apply32(w32, terms, 3)
	Apply64(w64, terms, 3)
	for _, procs := range []int{2, 3, 4, 5, 7} {
		runtime.GOMAXPROCS(procs)
		a32, a64 := make([]uint32, n), make([]uint64, n)
		Apply32(a32, terms, 3)
		Apply64(a64, terms, 3)
		if !slices.Equal(a32, w32) || !slices.Equal(a64, w64) {
			t.Errorf("GOMAXPROCS %d changes the bytes", procs)
		}
	}
}

func TestRangesCoverOnce(t *testing.T) {
	old := runtime.GOMAXPROCS(6)
	defer runtime.GOMAXPROCS(old)
	for _, n := range []int{0, 1, 7, grain, 2*grain - 1, 2 * grain, 3*grain + 1, 11 * grain} {
		seen := make([]byte, n)
		ranges(n, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				seen[i]++
			}
		})
		if i := slices.IndexFunc(seen, func(b byte) bool { return b != 1 }); i >= 0 {
			t.Errorf("%d words: word %d seen %d times", n, i, seen[i])
		}
	}
}

func BenchmarkAdd32(b *testing.B) {
	for _, n := range []int{4096, 1 << 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			acc, key := make([]uint32, n), Key{1}
			b.SetBytes(int64(4 * n))
			for b.Loop() {
				Add32(acc, &key, 0)
			}
			perWord(b, n)
		})
	}
}

func BenchmarkAdd64(b *testing.B) {
	acc, key := make([]uint64, 1<<20), Key{1}
	b.SetBytes(8 << 20)
	for b.Loop() {
		Add64(acc, &key, 0)
	}
	perWord(b, 1<<20)
}

// BenchmarkApply32 reports the time of one mask word; use -cpu 1,2.
func BenchmarkApply32(b *testing.B) {
	acc, terms := make([]uint32, 1<<20), someTerms(20)
	for b.Loop() {
		Apply32(acc, terms, 0)
	}
	perWord(b, 20<<20)
}

func perWord(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/word")
}
