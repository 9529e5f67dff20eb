package node

import (
	"log/slog"
	"sync"
	"time"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

// A Meter counts what the shells do, and logs what an operator should see.
type Meter struct {
	mu     sync.Mutex
	log    *slog.Logger
	worked map[string]time.Duration
}

var _ stage.Meter = (*Meter)(nil)

// NewMeter returns a meter that logs to log.
func NewMeter(log *slog.Logger) *Meter {
	return &Meter{log: log, worked: map[string]time.Duration{}}
}

// Record implements stage.Meter.
func (m *Meter) Record(string, wire.Kind, int) {}

// Appended implements stage.Meter.
func (m *Meter) Appended(stage string, k wire.Kind, err error) {
	if err != nil {
		m.log.Debug("append", "stage", stage, "kind", k, "err", err)
	}
}

// Worked implements stage.Meter.
func (m *Meter) Worked(stage string, k wire.Kind, took time.Duration, err error) {
	m.mu.Lock()
	m.worked[stage] += took
	m.mu.Unlock()
	m.log.Debug("task", "stage", stage, "kind", k, "took", took, "err", err)
}

// Alarm implements stage.Meter.
func (m *Meter) Alarm(stage string, err error) {
	m.log.Warn("alarm", "stage", stage, "err", err)
}

// Take returns the time each stage has spent on tasks since the last call, in
// milliseconds.
func (m *Meter) Take() map[string]int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]int64{}
	for _, s := range []string{wire.Keybroker, wire.Collector, wire.Verifier, wire.Robust, wire.Unmasker} {
		out[s] = m.worked[s].Milliseconds()
		m.worked[s] = 0
	}
	return out
}
