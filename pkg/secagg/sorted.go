package secagg

import "slices"

// sortedKeys lists the roster positions of a map in order: nothing that leaves
// this package may depend on the order of a map.
func sortedKeys[V any](m map[int]V) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
