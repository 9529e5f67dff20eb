package commit

import "math/bits"

// wide is a signed integer of 256 bits in two's complement, least limb first.
// Sums of rows weighted by 128-bit combiners stay below 2^(128+63+16), so they
// are kept as integers and never reduced modulo the order.
type wide [4]uint64

func wideInt(x int64) wide {
	s := uint64(x >> 63)
	return wide{uint64(x), s, s, s}
}

// add sets v += w modulo 2^256.
func (v *wide) add(w *wide) {
	var c uint64
	v[0], c = bits.Add64(v[0], w[0], 0)
	v[1], c = bits.Add64(v[1], w[1], c)
	v[2], c = bits.Add64(v[2], w[2], c)
	v[3], _ = bits.Add64(v[3], w[3], c)
}

// addProduct adds e * x for an unsigned 128-bit e. The product of the unsigned
// readings is too large by e 2^64 where x is negative.
func (v *wide) addProduct(e *[2]uint64, x int64) {
	h0, l0 := bits.Mul64(e[0], uint64(x))
	h1, l1 := bits.Mul64(e[1], uint64(x))
	p1, c := bits.Add64(h0, l1, 0)
	p2 := h1 + c // a 128 by 64 bit product has no carry out of its top limb
	s := uint64(x >> 63)
	p1, c = bits.Sub64(p1, e[0]&s, 0)
	p2, c = bits.Sub64(p2, e[1]&s, c)
	v.add(&wide{l0, p1, p2, -c})
}

// len is the number of bits of v with its sign bit: 1 for 0 and -1.
func (v *wide) len() int {
	s := uint64(int64(v[3]) >> 63)
	for i := 3; i >= 0; i-- {
		if x := v[i] ^ s; x != 0 {
			return 64*i + bits.Len64(x) + 1
		}
	}
	return 1
}

// field returns n <= 32 bits of v from bit lo on, or all bits from lo on if n is
// larger; the caller knows that those fit.
func (v *wide) field(lo, n uint) uint64 {
	i, s := lo/64, lo%64
	x := v[i] >> s
	if i < 3 {
		x |= v[i+1] << 1 << (63 - s)
	}
	return x & (1<<n - 1)
}
