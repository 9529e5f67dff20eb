package client

import (
	"slices"
	"testing"
)

func TestRounds(t *testing.T) {
	t.Parallel()
	bubble(t, 5, func(s *session) {
		for range 3 {
			s.play()
		}
		if got := s.files("m0"); !slices.Equal(got, []string{"s.memory"}) {
			t.Errorf("left on disk: %q", got)
		}
	})
}
