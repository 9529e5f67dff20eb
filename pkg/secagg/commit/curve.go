package commit

import (
	"encoding/hex"

	"filippo.io/edwards25519"
	fe "filippo.io/edwards25519/field"
)

// Constants of RFC 9496, section 4.1, as little-endian bytes; the tests compare
// them with the decimal numbers printed there.
var (
	one            = new(fe.Element).One()
	half           = new(fe.Element).Invert(new(fe.Element).Add(one, one))
	d              = constant("a3785913ca4deb75abd841414d0a700098e879777940c78c73fe6f2bee6c0352")
	twoD           = new(fe.Element).Add(d, d)
	sqrtM1         = constant("b0a00e4a271beec478e42fad0618432fa7d7fb3d99004d2b0bdfc14f8024832b")
	sqrtADMinusOne = constant("1b2e7b49a0f6977ebd54781b0c8e9daffdd1f531c9fc3c0fac48832bbf316937")
	invSqrtAMinusD = constant("ea405d80aafdc899be72415a17162f9d40d801fe917bc216a2fcafcf05896c78")
	oneMinusDSq    = constant("76c15f94c1097ce20f355ecd38a1812ce4df70beddab9499d7e0b3b2a8729002")
	dMinusOneSq    = constant("204ded44aa5aad3199191eb02c4a9ed2eb4e9b522fd3dc4c41226cf67ab36859")
)

func constant(s string) *fe.Element {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic("commit: " + err.Error())
	}
	e, err := new(fe.Element).SetBytes(b)
	if err != nil {
		panic("commit: " + err.Error())
	}
	return e
}

// ext is a point in extended coordinates, x = X/Z, y = Y/Z, xy = T/Z (Hisil,
// Wong, Carter, Dawson, ePrint 2008/522). The library's Point would do, but its
// additions convert their second operand every time.
type ext struct{ X, Y, Z, T fe.Element }

// niels is an affine point made ready for mixed addition: (y+x)/2, (y-x)/2 and
// dxy. Halves spare the doubling of Z. The first two stand in an array so that a
// sign can swap them without a branch.
type niels struct {
	y  [2]fe.Element
	td fe.Element
}

func identity() (v ext) {
	v.Y.One()
	v.Z.One()
	return v
}

func fromEdwards(p *edwards25519.Point) ext {
	X, Y, Z, T := p.ExtendedCoordinates()
	return ext{*X, *Y, *Z, *T}
}

// edwards panics on coordinates off the curve: only this file's formulas and the
// checked decoding make an ext, so that would be a fault of the machine or ours.
func (v *ext) edwards() *edwards25519.Point {
	p, err := new(edwards25519.Point).SetExtendedCoordinates(&v.X, &v.Y, &v.Z, &v.T)
	if err != nil {
		panic("commit: " + err.Error())
	}
	return p
}

// addNiels sets v += n for sign 0 and v -= n for sign 1 in 7 multiplications
// (ePrint 2008/522, section 4.2 with Z2 = 1, all of A to D halved). With a = -1 a
// square and d none the formula is complete: equal points, opposites and the identity need no case.
func (v *ext) addNiels(n *niels, sign uint32) {
	sign &= 1
	var a, b, c, e, h fe.Element
	var fg [2]fe.Element
	a.Subtract(&v.Y, &v.X)
	a.Multiply(&a, &n.y[sign^1])
	b.Add(&v.Y, &v.X)
	b.Multiply(&b, &n.y[sign])
	c.Multiply(&v.T, &n.td)
	e.Subtract(&b, &a)
	h.Add(&b, &a)
	fg[sign].Subtract(&v.Z, &c)
	fg[sign^1].Add(&v.Z, &c)
	v.X.Multiply(&e, &fg[0])
	v.Y.Multiply(&fg[1], &h)
	v.Z.Multiply(&fg[0], &fg[1])
	v.T.Multiply(&e, &h)
}

// add sets v += w in 9 multiplications, complete like addNiels.
func (v *ext) add(w *ext) {
	var a, b, c, z, e, f, g, h, t fe.Element
	a.Multiply(e.Subtract(&v.Y, &v.X), f.Subtract(&w.Y, &w.X))
	b.Multiply(e.Add(&v.Y, &v.X), f.Add(&w.Y, &w.X))
	c.Multiply(t.Multiply(&v.T, &w.T), twoD)
	z.Multiply(&v.Z, &w.Z)
	z.Add(&z, &z)
	e.Subtract(&b, &a)
	f.Subtract(&z, &c)
	g.Add(&z, &c)
	h.Add(&b, &a)
	v.X.Multiply(&e, &f)
	v.Y.Multiply(&g, &h)
	v.Z.Multiply(&f, &g)
	v.T.Multiply(&e, &h)
}

// double sets v = 2v (ePrint 2008/522, section 3.3, with a = -1).
func (v *ext) double() {
	var a, b, c, e, f, g, h fe.Element
	a.Square(&v.X)
	b.Square(&v.Y)
	c.Square(&v.Z)
	c.Add(&c, &c)
	h.Add(&a, &b)
	e.Square(e.Add(&v.X, &v.Y))
	e.Subtract(&h, &e)
	g.Subtract(&a, &b)
	f.Add(&c, &g)
	v.X.Multiply(&e, &f)
	v.Y.Multiply(&g, &h)
	v.Z.Multiply(&f, &g)
	v.T.Multiply(&e, &h)
}

// toNiels makes points affine with one inversion for all (Montgomery's trick).
func toNiels(dst []niels, points []ext) {
	acc := new(fe.Element).One()
	prefix := make([]fe.Element, len(points))
	for i := range points {
		prefix[i].Set(acc)
		acc.Multiply(acc, &points[i].Z)
	}
	acc.Invert(acc)
	var zi, x, y fe.Element
	for i := len(points) - 1; i >= 0; i-- {
		p, n := &points[i], &dst[i]
		zi.Multiply(acc, &prefix[i])
		acc.Multiply(acc, &p.Z)
		x.Multiply(&p.X, &zi)
		y.Multiply(&p.Y, &zi)
		n.td.Multiply(n.td.Multiply(&x, &y), d)
		x.Multiply(&x, half)
		y.Multiply(&y, half)
		n.y[0].Add(&y, &x)
		n.y[1].Subtract(&y, &x)
	}
}

// ext returns n in extended coordinates.
func (n *niels) ext() ext {
	v := identity()
	v.addNiels(n, 0)
	return v
}
