package broker

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
)

// logger hands the server's lines on and keeps its first fatal one: the server
// reports a failed start in no other way.
type logger struct {
	log   *slog.Logger // nil: silent
	mu    sync.Mutex
	first error
}

func (l *logger) fatal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}

func (l *logger) Fatalf(format string, v ...any) {
	l.mu.Lock()
	if l.first == nil {
		l.first = fmt.Errorf(format, v...)
	}
	l.mu.Unlock()
	l.line(slog.LevelError, format, v)
}

func (l *logger) Errorf(format string, v ...any)  { l.line(slog.LevelError, format, v) }
func (l *logger) Warnf(format string, v ...any)   { l.line(slog.LevelWarn, format, v) }
func (l *logger) Noticef(format string, v ...any) { l.line(slog.LevelDebug, format, v) }
func (l *logger) Debugf(format string, v ...any)  { l.line(slog.LevelDebug, format, v) }
func (l *logger) Tracef(format string, v ...any)  { l.line(slog.LevelDebug, format, v) }

func (l *logger) line(level slog.Level, format string, v []any) {
	if l.log != nil {
		l.log.Log(context.Background(), level, fmt.Sprintf(format, v...))
	}
}
