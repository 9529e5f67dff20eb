package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chorus/pkg/stage"
	"chorus/pkg/wire"
)

const (
	firstPause = 20 * time.Millisecond
	lastPause  = time.Second
)

// longer doubles a pause from firstPause to lastPause.
func longer(pause time.Duration) time.Duration {
	return min(max(firstPause, 2*pause), lastPause)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// final reports whether trying again cannot help.
func final(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, stage.ErrRefused)
}

// lookup gets the record at k, or nil if there is none. A broker that does not
// answer is asked again until ctx ends.
func (c *Client) lookup(ctx context.Context, k wire.Key) (*wire.Record, error) {
	for pause := firstPause; ; pause = longer(pause) {
		rec, err := c.cfg.Log.Get(ctx, k)
		switch {
		case err == nil:
			return &rec, nil
		case errors.Is(err, stage.ErrMissing):
			return nil, nil
		case final(ctx, err):
			return nil, fmt.Errorf("client: reading %s: %w", k, err)
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// await gets the record at k once it is there.
func (c *Client) await(ctx context.Context, k wire.Key) (*wire.Record, error) {
	for pause := firstPause; ; pause = longer(pause) {
		if rec, err := c.lookup(ctx, k); rec != nil || err != nil {
			return rec, err
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}
