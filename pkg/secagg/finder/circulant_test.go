package finder_test

import (
	"errors"
	"slices"
	"testing"

	"chorus/pkg/secagg/finder"

	"pgregory.net/rapid"
)

func identity(n int) []int {
	perm := make([]int, n)
	for i := range perm {
		perm[i] = i
	}
	return perm
}

func TestCirculantByHand(t *testing.T) {
	got, err := finder.Circulant(6, 2, []int{3, 0, 5, 1, 4, 2}) // the ring 3 0 5 1 4 2
	want := [][]int{{3, 5}, {4, 5}, {3, 4}, {0, 2}, {1, 2}, {0, 1}}
	if err != nil || !slices.EqualFunc(got, want, slices.Equal[[]int]) {
		t.Fatalf("%v, error %v", got, err)
	}
}

// TestCirculantIsHarary: k distinct neighbours each, none oneself, symmetric,
// and connected still when any k-1 members are gone (a run of them is worst).
func TestCirculantIsHarary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(3, 40).Draw(t, "n")
		k := 2 * rapid.IntRange(1, (n-1)/2).Draw(t, "k/2")
		perm := rapid.Permutation(identity(n)).Draw(t, "perm")
		graph, err := finder.Circulant(n, k, perm)
		if err != nil {
			t.Fatal(err)
		}
		for v, list := range graph {
			if len(list) != k || slices.Contains(list, v) || !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != k {
				t.Fatalf("neighbours of %d: %v", v, list)
			}
			for _, w := range list {
				if !slices.Contains(graph[w], v) {
					t.Fatalf("%d has neighbour %d, not the other way round", v, w)
				}
			}
		}
		gone := rapid.Permutation(identity(n)).Draw(t, "gone")[:k-1]
		if got := reachable(graph, gone); got != n-len(gone) {
			t.Fatalf("%d of %d survivors connected without %v", got, n-len(gone), gone)
		}
	})
}

// reachable counts the survivors connected to the first of them.
func reachable(graph [][]int, gone []int) int {
	seen := make([]bool, len(graph))
	for _, g := range gone {
		seen[g] = true
	}
	queue := []int{slices.Index(seen, false)}
	seen[queue[0]] = true
	for i := 0; i < len(queue); i++ {
		for _, w := range graph[queue[i]] {
			if !seen[w] {
				seen[w] = true
				queue = append(queue, w)
			}
		}
	}
	return len(queue)
}

func TestCirculantRefusals(t *testing.T) {
	for _, c := range []struct {
		n, k int
		perm []int
	}{
		{0, 2, nil}, {-1, 2, nil}, {5, 3, identity(5)}, {5, 0, identity(5)}, {5, -2, identity(5)},
		{4, 4, identity(4)}, {5, 2, identity(4)}, {5, 2, []int{0, 1, 2, 3, 3}},
		{5, 2, []int{0, 1, 2, 3, 5}}, {5, 2, []int{0, 1, 2, 3, -1}}, {finder.MaxMembers + 1, 2, nil},
	} {
		if graph, err := finder.Circulant(c.n, c.k, c.perm); !errors.Is(err, finder.ErrGraph) || graph != nil {
			t.Errorf("n = %d, k = %d, %v: %v", c.n, c.k, c.perm, err)
		}
	}
}
