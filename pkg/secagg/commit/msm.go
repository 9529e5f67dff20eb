package commit

import "runtime"

// scalars gives scalar i of a sum; bits bounds the len of every one.
type scalars struct {
	at   func(i int) wide
	n    int
	bits int
}

// msm returns the sum of scalar i times point i by signed buckets (Pippenger;
// Bernstein, Doumen, Lange, Oosterwijk, ePrint 2012/549), one window after the
// other. Variable time.
func msm(points []niels, s scalars) ext {
	w := newWindows(s)
	sums := make([]ext, w.count)
	buckets, digits := w.scratch(s.n)
	for k := range sums {
		sums[k] = w.sum(points, s, k, buckets, digits)
	}
	return w.join(sums)
}

// msmParallel is msm with windows spread over the cores.
func msmParallel(points []niels, s scalars) ext {
	w := newWindows(s)
	sums := make([]ext, w.count)
	parallel(w.count, func(k int) {
		buckets, digits := w.scratch(s.n)
		sums[k] = w.sum(points, s, k, buckets, digits)
	})
	return w.join(sums)
}

// windows cuts signed integers into count digits of c bits in -2^(c-1)..2^(c-1).
// bias is the sum of 2^(c-1) over all digits: added to a scalar it makes every
// digit non-negative, so a digit is a plain bit field and no carries run.
type windows struct {
	c     uint
	count int
	bias  wide
}

func newWindows(s scalars) windows { return windowsOf(bestWidth(s.n, s.bits), s.bits) }

func windowsOf(c uint, bits int) windows {
	w := windows{c: c, count: (bits + int(c) - 1) / int(c)}
	for k := range w.count {
		bit := uint(k)*w.c + w.c - 1
		w.bias[bit/64] |= 1 << (bit % 64)
	}
	return w
}

// bestWidth weighs additions to buckets against bucket sums: two additions of 9
// multiplications for each bucket where a point costs one of 7.
func bestWidth(n, bits int) uint {
	best, width := -1, uint(1)
	for c := uint(2); c <= 16; c++ {
		cost := (bits + int(c) - 1) / int(c) * (7*n + 18<<(c-1))
		if best < 0 || cost < best {
			best, width = cost, c
		}
	}
	return width
}

func (w *windows) scratch(n int) ([]ext, []int32) {
	return make([]ext, 1<<(w.c-1)), make([]int32, n)
}

// digits writes digit k of every scalar. The top digit takes all the bits left:
// with the carry of the bias it can reach 2^(c-1), one more than a field holds.
func (w *windows) digits(dst []int32, s scalars, k int) {
	n := w.c
	if k == w.count-1 {
		n = 32
	}
	lo, half := uint(k)*w.c, int32(1)<<(w.c-1)
	for i := range dst {
		v := s.at(i)
		v.add(&w.bias)
		dst[i] = int32(v.field(lo, n)) - half
	}
}

// sum returns window k's sum of digit times point. Bucket j collects the points
// of digit +-(j+1).
func (w *windows) sum(points []niels, s scalars, k int, buckets []ext, digits []int32) ext {
	w.digits(digits, s, k)
	for i := range buckets {
		buckets[i] = identity()
	}
	for i, x := range digits {
		if x == 0 {
			continue
		}
		sign := x >> 31
		buckets[(x^sign)-sign-1].addNiels(&points[i], uint32(sign))
	}
	run, total := identity(), identity()
	for i := len(buckets) - 1; i >= 0; i-- {
		run.add(&buckets[i])
		total.add(&run)
	}
	return total
}

// join adds the windows' sums, highest first.
func (w *windows) join(sums []ext) ext {
	total := identity()
	for k := len(sums) - 1; k >= 0; k-- {
		for range w.c {
			total.double()
		}
		total.add(&sums[k])
	}
	return total
}

// rowMSM is msmParallel where rows alone do not occupy the cores.
func rowMSM(rows int) func([]niels, scalars) ext {
	if rows < runtime.GOMAXPROCS(0) {
		return msmParallel
	}
	return msm
}

// int32s reads values as scalars and finds their size.
func int32s(x []int32) scalars {
	var all int32
	for _, v := range x {
		all |= v ^ v>>31
	}
	bound := wideInt(int64(all))
	return scalars{func(i int) wide { return wideInt(int64(x[i])) }, len(x), bound.len()}
}

// int64s is int32s for opened sums.
func int64s(x []int64) scalars {
	var all int64
	for _, v := range x {
		all |= v ^ v>>63
	}
	bound := wideInt(all)
	return scalars{func(i int) wide { return wideInt(x[i]) }, len(x), bound.len()}
}

// wides is int32s for combinations of rows.
func wides(x []wide) scalars {
	n := 1
	for i := range x {
		n = max(n, x[i].len())
	}
	return scalars{func(i int) wide { return x[i] }, len(x), n}
}
