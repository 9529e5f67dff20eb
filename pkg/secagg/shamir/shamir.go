// Package shamir is t-of-n secret sharing (Shamir, "How to share a secret",
// CACM 1979) over the field of package field: any t shares rebuild the secret,
// any t-1 are independent of it. It follows Bonawitz et al., CCS 2017, section
// 3.1, where a share belongs to a roster position and one survivor set rebuilds
// the secrets of many dealers.
//
// Sharing tolerates missing shares, not wrong ones: Combine answers a wrong
// share with a wrong secret. The caller checks what it rebuilt against what the
// dealer published.
package shamir

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"chorus/pkg/secagg/field"
)

var (
	// ErrThreshold reports a threshold outside 1..number of holders.
	ErrThreshold = errors.New("threshold out of range: choose 1 <= t <= number of holders")
	// ErrPoint reports evaluation points that are none, 0 or repeated. The
	// share at 0 would be the secret itself.
	ErrPoint = errors.New("bad evaluation points: use each roster position + 1 once, never 0")
	// ErrLength reports values that do not match the basis one to one.
	ErrLength = errors.New("wrong number of values: pass one per survivor, in the order of the basis")
)

// Share is the value at X of a dealer's polynomial. X is the holder's roster
// position + 1 and public; Y is secret.
type Share struct {
	X uint32
	Y field.Element
}

// Split shares secret so that any t of the holders at xs rebuild it, and
// returns the shares in the order of xs. It reads 64 (t-1) bytes from rand: the
// coefficients of x, x^2, ..., x^(t-1), each reduced by field.FromUniform.
//
// Errors: ErrThreshold unless 1 <= t <= len(xs); ErrPoint for a point that is 0
// or repeated; field.ErrRandomness.
func Split(secret field.Element, t int, xs []uint32, rand io.Reader) ([]Share, error) {
	if t < 1 || t > len(xs) {
		return nil, fmt.Errorf("%w (t = %d of %d)", ErrThreshold, t, len(xs))
	}
	if err := checkPoints(xs); err != nil {
		return nil, err
	}
	poly, err := polynomial(secret, t, rand)
	if err != nil {
		return nil, err
	}
	shares := make([]Share, len(xs))
	for i, x := range xs {
		shares[i] = Share{X: x, Y: evaluate(poly, x)}
	}
	clear(poly)
	return shares, nil
}

// polynomial draws a uniform polynomial of degree below t whose value at 0 is
// secret, constant term first.
func polynomial(secret field.Element, t int, rand io.Reader) ([]field.Element, error) {
	poly := make([]field.Element, t)
	poly[0] = secret
	for j := 1; j < t; j++ {
		var err error
		if poly[j], err = field.Random(rand); err != nil {
			return nil, err
		}
	}
	return poly, nil
}

// evaluate is Horner's rule.
func evaluate(poly []field.Element, x uint32) field.Element {
	at, y := field.FromUint64(uint64(x)), field.Element{}
	for _, c := range slices.Backward(poly) {
		y = field.MulAdd(y, at, c)
	}
	return y
}

// checkPoints refuses what has no interpolation at 0.
func checkPoints(xs []uint32) error {
	if len(xs) == 0 {
		return fmt.Errorf("%w (no points)", ErrPoint)
	}
	sorted := slices.Sorted(slices.Values(xs))
	if sorted[0] == 0 {
		return fmt.Errorf("%w (0 given)", ErrPoint)
	}
	for i, x := range sorted[1:] {
		if x == sorted[i] {
			return fmt.Errorf("%w (%d given twice)", ErrPoint, x)
		}
	}
	return nil
}
