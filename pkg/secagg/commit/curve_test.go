package commit

import (
	"testing"

	"filippo.io/edwards25519"

	"pgregory.net/rapid"
)

func same(v *ext, p *edwards25519.Point) bool { return v.edwards().Equal(p) == 1 }

// The library's arithmetic is the oracle. The drawn pairs include equal points,
// opposites, the identity and points of small order.
func TestFormulas(t *testing.T) {
	tor := torsion(t)
	rapid.Check(t, func(t *rapid.T) {
		p := drawPoint(t, "p").edwards()
		q := map[string]*edwards25519.Point{
			"other":    drawPoint(t, "q").edwards(),
			"equal":    p,
			"opposite": new(edwards25519.Point).Negate(p),
			"identity": edwards25519.NewIdentityPoint(),
			"torsion":  tor,
			"shifted":  new(edwards25519.Point).Add(p, tor),
		}[rapid.SampledFrom([]string{"other", "equal", "opposite", "identity", "torsion", "shifted"}).Draw(t, "case")]
		if rapid.Bool().Draw(t, "swap") {
			p, q = q, p
		}
		plus, minus := new(edwards25519.Point).Add(p, q), new(edwards25519.Point).Subtract(p, q)

		v, w := fromEdwards(p), fromEdwards(q)
		v.add(&w)
		a, b, n := fromEdwards(p), fromEdwards(p), make([]niels, 1)
		toNiels(n, []ext{w})
		a.addNiels(&n[0], 0)
		b.addNiels(&n[0], 1)
		if !same(&v, plus) || !same(&a, plus) || !same(&b, minus) {
			t.Fatal("addition")
		}
		if x := n[0].ext(); !same(&x, q) {
			t.Fatal("niels")
		}
		if v.double(); !same(&v, plus.Double(plus)) {
			t.Fatal("doubling")
		}
	})
}

func TestToNielsBatch(t *testing.T) {
	points, sum := make([]ext, 9), identity()
	for i := range points {
		sum.add(&[]ext{fromEdwards(edwards25519.NewGeneratorPoint())}[0])
		points[i] = sum
	}
	table := make([]niels, len(points))
	toNiels(table, points)
	for i := range table {
		if v := table[i].ext(); !same(&v, points[i].edwards()) {
			t.Error(i)
		}
	}
	toNiels(nil, nil)
}
