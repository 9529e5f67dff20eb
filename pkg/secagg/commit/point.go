// Package commit makes and checks vector Pedersen commitments to masked updates
// on ristretto255 (RFC 9496).
//
// A row of values x under a blind rho is C = sum x_i G_i + rho H, where G_1..G_M
// and H come from hashing fixed strings, so nobody knows a relation between them.
// C hides x perfectly as long as rho is uniform, and the product of all clients'
// commitments commits to the sum of their rows: whoever sees the opened sums can
// check them against the published commitments.
//
// Commitments to short values use a bucket method that indexes memory by digits
// of the values: it does not run in constant time. That is for a client alone on
// its machine. Multiplication by a blind is constant time.
package commit

import (
	"filippo.io/edwards25519"

	"chorus/pkg/secagg/field"
)

// Point is an element of the prime-order group ristretto255. The zero Point is
// the identity. A Point never changes once made.
type Point struct{ p *edwards25519.Point }

// edwards returns one of the curve points that stand for q.
func (q Point) edwards() *edwards25519.Point {
	if q.p == nil {
		return edwards25519.NewIdentityPoint()
	}
	return q.p
}

func (q Point) ext() ext { return fromEdwards(q.edwards()) }

// Generator returns the group's canonical generator (RFC 9496, section 4).
func Generator() Point { return Point{edwards25519.NewGeneratorPoint()} }

// FromUniform maps 64 uniform bytes to a uniform Point whose logarithm nobody
// learns (RFC 9496, section 4.3.4).
func FromUniform(b [64]byte) Point {
	v := fromUniform(&b)
	return Point{v.edwards()}
}

// Bytes returns the canonical encoding.
func (q Point) Bytes() [PointSize]byte {
	v := q.ext()
	return v.encode()
}

// Equal compares in the group, whatever curve points represent its elements.
func (q Point) Equal(r Point) bool {
	v, w := q.ext(), r.ext()
	return v.equal(&w)
}

// Add returns q + r.
func (q Point) Add(r Point) Point {
	return Point{new(edwards25519.Point).Add(q.edwards(), r.edwards())}
}

// Sub returns q - r.
func (q Point) Sub(r Point) Point {
	return Point{new(edwards25519.Point).Subtract(q.edwards(), r.edwards())}
}

// Mul returns s q, in constant time.
func (q Point) Mul(s field.Element) Point {
	return Point{new(edwards25519.Point).ScalarMult(s.Scalar(), q.edwards())}
}

// Sum adds points; of none it is the identity.
func Sum(points []Point) Point {
	sum := edwards25519.NewIdentityPoint()
	for _, q := range points {
		sum.Add(sum, q.edwards())
	}
	return Point{sum}
}
