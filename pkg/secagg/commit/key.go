package commit

import (
	"crypto/sha512"
	"errors"
	"fmt"
	"strconv"
	"sync"
)

// generatorLabel is hashed with a decimal index from 1, or "H", to a generator.
const generatorLabel = "chorus/v1/pedersen/"

// ErrSize refuses a number of generators outside 1..MaxM.
var ErrSize = errors.New("commit: bad number of generators")

// Key is G_1..G_M and H. It is public and the same for everybody.
type Key struct {
	g []niels
	h Point
}

// table is the longest key derived so far. Generators do not depend on M, so
// every key is a prefix of it.
var table struct {
	sync.Mutex
	g []niels
}

// NewKey returns the key for rows of m values. The process derives a generator
// once, over all cores; until then it takes some 10 us each.
func NewKey(m int) (*Key, error) {
	if m < 1 || m > MaxM {
		return nil, fmt.Errorf("%w: %d of 1..%d", ErrSize, m, MaxM)
	}
	table.Lock()
	defer table.Unlock()
	if have := len(table.g); have < m {
		grown := make([]niels, m)
		copy(grown, table.g)
		derive(grown[have:], have)
		table.g = grown
	}
	return &Key{g: table.g[:m:m], h: hashToPoint("H")}, nil
}

// derive fills dst with G_(first+1), ... in chunks that share an inversion.
func derive(dst []niels, first int) {
	const chunk = 256
	parallel((len(dst)+chunk-1)/chunk, func(c int) {
		lo, hi := c*chunk, min(len(dst), (c+1)*chunk)
		points := make([]ext, hi-lo)
		for i := range points {
			b := digest(strconv.Itoa(first + lo + i + 1))
			points[i] = fromUniform(&b)
		}
		toNiels(dst[lo:hi], points)
	})
}

func digest(index string) [64]byte { return sha512.Sum512([]byte(generatorLabel + index)) }

func hashToPoint(index string) Point { return FromUniform(digest(index)) }

// M is the number of generators for values.
func (k *Key) M() int { return len(k.g) }

// G returns the generator of value i of a row, 0 <= i < M.
func (k *Key) G(i int) Point {
	v := k.g[i].ext()
	return Point{v.edwards()}
}

// H returns the generator of blinds.
func (k *Key) H() Point { return k.h }
