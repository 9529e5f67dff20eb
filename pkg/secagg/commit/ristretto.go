package commit

import (
	"bytes"
	"errors"
	"fmt"

	fe "filippo.io/edwards25519/field"
)

// PointSize is the size of an encoded Point.
const PointSize = 32

// ErrPoint refuses bytes that are not the one encoding of a group element.
var ErrPoint = errors.New("commit: not a canonical ristretto255 encoding")

// ParsePoint decodes RFC 9496, section 4.3.1. Bytes it accepts are what Bytes
// gives back.
func ParsePoint(b []byte) (Point, error) {
	if len(b) != PointSize {
		return Point{}, fmt.Errorf("%w: %d bytes", ErrPoint, len(b))
	}
	s, err := new(fe.Element).SetBytes(b)
	if err != nil || !bytes.Equal(s.Bytes(), b) || s.IsNegative() == 1 {
		return Point{}, ErrPoint
	}
	v, ok := decode(s)
	if !ok {
		return Point{}, ErrPoint
	}
	return Point{v.edwards()}, nil
}

func decode(s *fe.Element) (p ext, ok bool) {
	var ss, u1, u2, u2Sq, v, inv, denX, denY fe.Element
	ss.Square(s)
	u1.Subtract(one, &ss)
	u2.Add(one, &ss)
	u2Sq.Square(&u2)
	v.Multiply(v.Square(&u1), d)
	v.Subtract(v.Negate(&v), &u2Sq)
	_, wasSquare := inv.SqrtRatio(one, denX.Multiply(&v, &u2Sq))
	denX.Multiply(&inv, &u2)
	denY.Multiply(denY.Multiply(&inv, &denX), &v)
	p.X.Multiply(p.X.Add(s, s), &denX)
	p.X.Absolute(&p.X)
	p.Y.Multiply(&u1, &denY)
	p.Z.One()
	p.T.Multiply(&p.X, &p.Y)
	return p, wasSquare == 1 && p.T.IsNegative() == 0 && p.Y.Equal(new(fe.Element)) == 0
}

// encode is RFC 9496, section 4.3.2.
func (p *ext) encode() (out [PointSize]byte) {
	var u1, u2, inv, den1, den2, zInv, ix, iy, enchanted, t fe.Element
	u1.Multiply(t.Add(&p.Z, &p.Y), u2.Subtract(&p.Z, &p.Y))
	u2.Multiply(&p.X, &p.Y)
	inv.SqrtRatio(one, t.Multiply(t.Square(&u2), &u1))
	den1.Multiply(&inv, &u1)
	den2.Multiply(&inv, &u2)
	zInv.Multiply(zInv.Multiply(&den1, &den2), &p.T)
	ix.Multiply(&p.X, sqrtM1)
	iy.Multiply(&p.Y, sqrtM1)
	enchanted.Multiply(&den1, invSqrtAMinusD)
	rotate := t.Multiply(&p.T, &zInv).IsNegative()

	var x, y, den fe.Element
	x.Select(&iy, &p.X, rotate)
	y.Select(&ix, &p.Y, rotate)
	den.Select(&enchanted, &den2, rotate)
	y.Select(t.Negate(&y), &y, inv.Multiply(&x, &zInv).IsNegative())
	t.Multiply(&den, t.Subtract(&p.Z, &y))
	copy(out[:], t.Absolute(&t).Bytes())
	return out
}

// equal is the equality of the quotient group, RFC 9496, section 4.3.3.
func (p *ext) equal(q *ext) bool {
	var a, b fe.Element
	xy := a.Multiply(&p.X, &q.Y).Equal(b.Multiply(&p.Y, &q.X))
	yy := a.Multiply(&p.Y, &q.Y).Equal(b.Multiply(&p.X, &q.X))
	return xy|yy == 1
}

// fromUniform is the one-way map of RFC 9496, section 4.3.4: two Elligator maps
// of 255 bits each, so that the sum of uniform bytes is uniform in the group.
func fromUniform(b *[64]byte) ext {
	v, w := elligator(b[:32]), elligator(b[32:])
	v.add(&w)
	return v
}

// elligator is MAP of RFC 9496, section 4.3.4. SetBytes ignores the top bit and
// reduces, as the RFC asks.
func elligator(b []byte) (p ext) {
	var r0, r, u, v, s, sPrime, c, n, w0, w1, w2, w3 fe.Element
	_, _ = r0.SetBytes(b) // refuses only another length than 32
	r.Multiply(r.Square(&r0), sqrtM1)
	u.Multiply(u.Add(&r, one), oneMinusDSq)
	c.Negate(one)
	v.Multiply(v.Subtract(&c, v.Multiply(&r, d)), w0.Add(&r, d))
	_, wasSquare := s.SqrtRatio(&u, &v)
	sPrime.Multiply(&s, &r0)
	sPrime.Negate(sPrime.Absolute(&sPrime))
	s.Select(&s, &sPrime, wasSquare)
	c.Select(&c, &r, wasSquare)
	n.Multiply(n.Multiply(&c, n.Subtract(&r, one)), dMinusOneSq)
	n.Subtract(&n, &v)
	w0.Multiply(w0.Add(&s, &s), &v)
	w1.Multiply(&n, sqrtADMinusOne)
	s.Square(&s)
	w2.Subtract(one, &s)
	w3.Add(one, &s)
	p.X.Multiply(&w0, &w3)
	p.Y.Multiply(&w2, &w1)
	p.Z.Multiply(&w1, &w3)
	p.T.Multiply(&w0, &w2)
	return p
}
