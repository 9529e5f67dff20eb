package finder

import (
	"errors"
	"fmt"
	"slices"
)

// ErrGraph reports a degree or a labelling that makes no graph.
var ErrGraph = errors.New("graph refused")

// Circulant returns the sorted neighbour lists of the random k-regular graph
// that Harary finds the degree of (Bell et al., CCS 2020): perm[i] is the member
// at place i of a ring of n, joined to the k/2 places on either side. The
// permutation comes from the setup seed, after the members are fixed: whoever
// knows it earlier picks whom to corrupt.
//
// Errors: ErrGraph unless k is even, 2 <= k < n, n <= MaxMembers, and perm is a
// permutation of 0..n-1.
func Circulant(n, k int, perm []int) ([][]int, error) {
	if n < 1 || n > MaxMembers || k < 2 || k%2 != 0 || k >= n {
		return nil, fmt.Errorf("%w: degree %d of n = %d; choose an even degree from 2 to n - 1", ErrGraph, k, n)
	}
	if err := checkPermutation(n, perm); err != nil {
		return nil, err
	}
	neighbours := make([][]int, n)
	for i, member := range perm {
		list := make([]int, 0, k)
		for j := 1; j <= k/2; j++ {
			list = append(list, perm[(i+j)%n], perm[(i+n-j)%n])
		}
		slices.Sort(list)
		neighbours[member] = list
	}
	return neighbours, nil
}

// checkPermutation refuses a labelling that misses or repeats a member.
func checkPermutation(n int, perm []int) error {
	if len(perm) != n {
		return fmt.Errorf("%w: %d labels for n = %d; pass one per member", ErrGraph, len(perm), n)
	}
	seen := make([]bool, n)
	for _, p := range perm {
		if p < 0 || p >= n || seen[p] {
			return fmt.Errorf("%w: label %d is out of range or repeated; pass a permutation of 0..%d", ErrGraph, p, n-1)
		}
		seen[p] = true
	}
	return nil
}
