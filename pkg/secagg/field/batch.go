package field

// InvertAll replaces every element of es by its inverse and 0 by 0, at the
// price of one inversion and 3 len(es) multiplications (Montgomery, "Speeding
// the Pollard and elliptic curve methods of factorization", 1987, section
// 10.3.1). Which elements are 0 shows in the running time: for public values,
// such as differences of evaluation points.
func InvertAll(es []Element) {
	prefix := make([]Element, len(es)) // prefix[i] = product of the non-zero es[:i]
	acc := FromUint64(1)
	for i, e := range es {
		prefix[i] = acc
		if !e.IsZero() {
			acc = Mul(acc, e)
		}
	}
	acc = Invert(acc)
	for i := len(es) - 1; i >= 0; i-- {
		if es[i].IsZero() {
			continue
		}
		es[i], acc = Mul(acc, prefix[i]), Mul(acc, es[i])
	}
}
