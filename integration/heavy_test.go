//go:build heavy

package integration

import "testing"

// TestLyingSeedsLong plays more seeds than the default suite has time for.
func TestLyingSeedsLong(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		playSeed(t, 1000+seed)
	}
}

// TestBentRoundsLong bends more rounds than the default suite has time for.
func TestBentRoundsLong(t *testing.T) {
	t.Parallel()
	stepBent(t, 1000, 4000)
}
