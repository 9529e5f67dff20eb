package client

import (
	"errors"
	"fmt"

	"chorus/pkg/secagg"
	"chorus/pkg/wire"
)

var (
	// ErrConfig: a Config or Task that cannot work.
	ErrConfig = errors.New("client: bad configuration")
	// ErrInUse: another process has the folder. Two would answer twice.
	ErrInUse = errors.New("client: the folder is in use")
	// ErrFolder: the folder cannot be made, read or kept private.
	ErrFolder = errors.New("client: unusable folder")
	// ErrDamaged: a file that is not as it was written.
	ErrDamaged = errors.New("client: damaged file")
	// ErrForeign: a file of another identity, or of another program.
	ErrForeign = errors.New("client: foreign file")
	// ErrNotSaved: the folder did not take what has to be there before it is sent.
	ErrNotSaved = errors.New("client: cannot save, so nothing more is sent")
	// ErrBusy: a client does one thing at a time.
	ErrBusy = errors.New("client: another round is running; wait for it or open a client with a folder and identity of its own")
	// ErrLeft: the task said to leave here. Every entry until then is stored.
	ErrLeft = errors.New("client: left the round early, as the task asked")
)

// An AbortedError is a round that a stage ended without a result. Nothing about
// any input came out, and the model is the one before.
type AbortedError struct {
	Round  uint32
	Reason wire.Reason
	Detail string
}

func (e *AbortedError) Error() string {
	return fmt.Sprintf("client: round %d was aborted: %s: %q; the model is unchanged, wait for the next round", e.Round, e.Reason, e.Detail)
}

// errBehind is secagg's refusal, with the remedy that CatchUp was.
func errBehind(what string) error { return fmt.Errorf("%w: %s", secagg.ErrModelBehind, what) }
