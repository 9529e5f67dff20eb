package client

import "testing"

func TestRounds(t *testing.T) {
	bubble(t, 5, func(s *session) {
		for range 3 {
			s.open()
			for _, e := range s.others()() {
				if e.err != nil {
					t.Fatal(e.who, e.err)
				}
				s.exact(e.outcome)
				s.certified(e.outcome)
			}
		}
	})
}
