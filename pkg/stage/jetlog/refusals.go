package jetlog

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"

	"github.com/nats-io/nats.go"

	"chorus/pkg/stage"
)

// refusals ends requests that the server has refused. It tells nothing to the
// request itself, only to the connection, by quoting the subject.
type refusals struct {
	mu      sync.Mutex
	waiting map[*waiter]struct{}
}

type waiter struct {
	match func(subject string) bool
	fail  context.CancelCauseFunc
}

// watch goes in front of the error handler that nc has.
func watch(nc *nats.Conn) *refusals {
	r := &refusals{waiting: map[*waiter]struct{}{}}
	next := nc.ErrorHandler()
	nc.SetErrorHandler(func(nc *nats.Conn, sub *nats.Subscription, err error) {
		if errors.Is(err, nats.ErrPermissionViolation) {
			r.see(err)
		}
		if next != nil {
			next(nc, sub, err)
		}
	})
	return r
}

var quoted = regexp.MustCompile(`"([^"]+)"`)

func (r *refusals) see(err error) {
	m := quoted.FindStringSubmatch(err.Error())
	if m == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for w := range r.waiting {
		if w.match(m[1]) {
			w.fail(fmt.Errorf("%w: these credentials do not allow it, ask for others: %w", stage.ErrRefused, err))
		}
	}
}

// bind returns a context that ends when the server refuses a subject that
// matches; forget must be called.
func (r *refusals) bind(ctx context.Context, match func(subject string) bool) (_ context.Context, forget func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &waiter{match, cancel}
	r.mu.Lock()
	r.waiting[w] = struct{}{}
	r.mu.Unlock()
	return ctx, func() {
		r.mu.Lock()
		delete(r.waiting, w)
		r.mu.Unlock()
		cancel(nil)
	}
}

// UntilRefused returns a context that ends, with a cause that wraps
// stage.ErrRefused, when the server refuses a subject that matches; forget must
// be called.
func (s *Store) UntilRefused(ctx context.Context, match func(subject string) bool) (_ context.Context, forget func()) {
	return s.refused.bind(ctx, match)
}
