package mask

import "encoding/binary"

// The four kernels take len(b) = size * len(acc). They are unrolled by eight
// through array pointers because the Go compiler neither vectorises nor drops the
// bounds checks of the plain loop, which costs twice the time.

func add32(acc []uint32, b []byte) {
	for ; len(acc) >= 8; acc, b = acc[8:], b[32:] {
		a, m := (*[8]uint32)(acc), (*[32]byte)(b)
		a[0] += binary.LittleEndian.Uint32(m[0:])
		a[1] += binary.LittleEndian.Uint32(m[4:])
		a[2] += binary.LittleEndian.Uint32(m[8:])
		a[3] += binary.LittleEndian.Uint32(m[12:])
		a[4] += binary.LittleEndian.Uint32(m[16:])
		a[5] += binary.LittleEndian.Uint32(m[20:])
		a[6] += binary.LittleEndian.Uint32(m[24:])
		a[7] += binary.LittleEndian.Uint32(m[28:])
	}
	for i := range acc {
		acc[i] += binary.LittleEndian.Uint32(b[4*i:])
	}
}

func sub32(acc []uint32, b []byte) {
	for ; len(acc) >= 8; acc, b = acc[8:], b[32:] {
		a, m := (*[8]uint32)(acc), (*[32]byte)(b)
		a[0] -= binary.LittleEndian.Uint32(m[0:])
		a[1] -= binary.LittleEndian.Uint32(m[4:])
		a[2] -= binary.LittleEndian.Uint32(m[8:])
		a[3] -= binary.LittleEndian.Uint32(m[12:])
		a[4] -= binary.LittleEndian.Uint32(m[16:])
		a[5] -= binary.LittleEndian.Uint32(m[20:])
		a[6] -= binary.LittleEndian.Uint32(m[24:])
		a[7] -= binary.LittleEndian.Uint32(m[28:])
	}
	for i := range acc {
		acc[i] -= binary.LittleEndian.Uint32(b[4*i:])
	}
}

func add64(acc []uint64, b []byte) {
	for ; len(acc) >= 4; acc, b = acc[4:], b[32:] {
		a, m := (*[4]uint64)(acc), (*[32]byte)(b)
		a[0] += binary.LittleEndian.Uint64(m[0:])
		a[1] += binary.LittleEndian.Uint64(m[8:])
		a[2] += binary.LittleEndian.Uint64(m[16:])
		a[3] += binary.LittleEndian.Uint64(m[24:])
	}
	for i := range acc {
		acc[i] += binary.LittleEndian.Uint64(b[8*i:])
	}
}

func sub64(acc []uint64, b []byte) {
	for ; len(acc) >= 4; acc, b = acc[4:], b[32:] {
		a, m := (*[4]uint64)(acc), (*[32]byte)(b)
		a[0] -= binary.LittleEndian.Uint64(m[0:])
		a[1] -= binary.LittleEndian.Uint64(m[8:])
		a[2] -= binary.LittleEndian.Uint64(m[16:])
		a[3] -= binary.LittleEndian.Uint64(m[24:])
	}
	for i := range acc {
		acc[i] -= binary.LittleEndian.Uint64(b[8*i:])
	}
}
