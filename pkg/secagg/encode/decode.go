package encode

import "fmt"

// Decode returns the weighted mean of the updates whose encodings add up to
// sum and whose weights add up to weight: sum_i / (Scale/MaxWeight) / weight,
// in float64, in this order, without fused multiply-add, so that everyone gets
// the same bytes. It is within MeanErrorBound of the true mean of the clipped
// updates.
//
// Errors: ErrParams (Check); ErrShape unless len(sum) is Dim; ErrWeight unless
// 1 <= weight <= Roster * MaxWeight; ErrSum for a coordinate beyond what the
// whole roster can add up to.
func (p Params) Decode(sum []int64, weight uint64) ([]float64, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if len(sum) != p.Dim {
		return nil, fmt.Errorf("%w (%d sums for dimension %d)", ErrShape, len(sum), p.Dim)
	}
	if most := uint64(p.Roster) * uint64(p.MaxWeight); weight < 1 || weight > most {
		return nil, fmt.Errorf("%w: sum of weights %d; refuse the result, it lies outside 1..%d", ErrWeight, weight, most)
	}
	most := p.MaxSum()
	step, divisor := p.Scale()/float64(p.MaxWeight), float64(weight)
	mean := make([]float64, len(sum))
	for i, s := range sum {
		if s > most || s < -most {
			return nil, fmt.Errorf("%w (coordinate %d is %d, at most %d)", ErrSum, i, s, most)
		}
		mean[i] = float64(float64(s)/step) / divisor
	}
	return mean, nil
}
