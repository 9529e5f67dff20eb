package learn

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// parseLabels numbers the distinct labels in sorted order: by value if all are
// numbers, so 2 comes before 10 and equals 2.0, else by text.
func parseLabels(records []record) (y []int, classes int, err error) {
	texts, values := make([]string, len(records)), make([]float64, len(records))
	numeric := true
	for i, rec := range records {
		texts[i] = rec.label()
		values[i], err = strconv.ParseFloat(texts[i], 64)
		numeric = numeric && err == nil
		if texts[i] == "" || math.IsNaN(values[i]) || math.IsInf(values[i], 0) {
			return nil, 0, &CSVError{rec.line, len(rec.cells), "no label: fill it in or remove the line"}
		}
	}
	if numeric {
		y, classes = enumerate(values)
	} else {
		y, classes = enumerate(texts)
	}
	return y, classes, checkClasses(classes, len(y))
}

// enumerate returns each label's position among the distinct ones.
func enumerate[T cmp.Ordered](labels []T) ([]int, int) {
	distinct := slices.Compact(slices.Sorted(slices.Values(labels)))
	y := make([]int, len(labels))
	for i, l := range labels {
		y[i], _ = slices.BinarySearch(distinct, l)
	}
	return y, len(distinct)
}

// checkClasses wants two rows per class on average, which a measured quantity
// in the last column fails.
func checkClasses(classes, rows int) error {
	if classes < 2 {
		return &CSVError{Reason: "all labels are equal: give rows of at least two classes"}
	}
	if rows < 2*classes {
		return &CSVError{Reason: fmt.Sprintf(
			"%d rows are too few for %d labels: add rows, or put the class in the last column", rows, classes)}
	}
	return nil
}
