//go:build heavy

package integration

import "testing"

// TestLyingSeedsLong is for the night.
func TestLyingSeedsLong(t *testing.T) {
	for seed := range uint64(600) {
		playSeed(t, 1000+seed)
	}
}

// TestBentRoundsLong is for the night, too.
func TestBentRoundsLong(t *testing.T) { stepBent(t, 1000, 20_000) }
