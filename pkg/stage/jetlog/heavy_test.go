//go:build heavy

package jetlog_test

import (
	"testing"

	"chorus/pkg/stage/logtest"
)

// TestRestartR3 stops and starts all three servers twice under a reader: 20 s,
// because elections take 4 to 9 s.
func TestRestartR3(t *testing.T) {
	logtest.Run(t, fixtureR3)
}
