//go:build heavy

package e2e

import (
	"os"
	"testing"
	"time"

	"chorus/internal/session"
	"chorus/pkg/wire"
)

// TestHundredTimesAMillion: a hundred members, a million coordinates, a tenth of
// the members gone after ShareKeys.
func TestHundredTimesAMillion(t *testing.T) {
	large := measure(t, 100, 1_000_000, 10, 2*time.Minute)
	small := measure(t, 20, 100_000, 2, 10*time.Second)
	for _, name := range stages {
		t.Logf("%-10s %4d MB, %4d MB small, ratio %.2f", name, large[name]>>20, small[name]>>20, float64(large[name])/float64(small[name]))
	}
	if ratio := float64(large["collector"]) / float64(small["collector"]); ratio > 2 {
		t.Errorf("the collector's peak grows with n and d: ratio %.2f for 5 times the members and 10 times the coordinates", ratio)
	}
}

// measure runs one round and returns the peak memory of every process.
func measure(t *testing.T, n int, dim uint32, gone int, patience time.Duration) map[string]int64 {
	t.Helper()
	s := serve(t)
	all := s.stages(1)
	c := enlist(t, s, n, dim, func(r *session.Rules) {
		r.SetPhases(20 * time.Minute)
		// The members that leave are waited for until this one's time is up.
		ms := session.Millis(patience.Milliseconds())
		r.Phases[wire.AdvertiseKeys], r.Phases[wire.ShareKeys], r.Phases[wire.MaskedInput] = ms/2, ms/2, ms
	})
	leave := map[int]string{}
	for i := range gone {
		leave[i*(n/gone)+1] = "share keys"
	}
	o := c.open()
	r := c.everybody(t.Context(), o, leave)
	out := c.check(r, n-gone)
	t.Logf("n %d, d %d: %v, %d in the sum, %d attestations", n, dim, r.took.Round(time.Second), len(out.Contributed), out.Certificate.Signers.Len())
	c.timeline(o.Round)
	peaks := map[string]int64{"server": s.peak()}
	t.Logf("  %-10s peak %5d MB, cpu %v", "server", s.peak()>>20, s.cpu().Round(time.Second))
	for _, name := range stages {
		p := all[name][0]
		peaks[name] = p.peak()
		t.Logf("  %-10s peak %5d MB, cpu %v", name, p.peak()>>20, p.cpu().Round(time.Second))
	}
	t.Logf("  members    peak %5d MB, all in this process", status(t, os.Getpid(), "VmHWM:")>>20)
	return peaks
}
