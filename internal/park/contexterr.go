package park

import "context"

// A context can be half ended: its Done channel is closed, but its Err is nil. The
// usual cause is a type that embeds a context and has a Done method of its own. To
// a wait a half-ended context has ended, with [context.Canceled].

// ContextErr returns ctx.Err(), or context.Canceled if ctx is half ended. With Err
// alone, a wait would begin again at once, and never end.
func ContextErr(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if isClosed(ctx.Done()) {
		return EndErr(ctx)
	}
	return nil
}

// EndErr is ContextErr for a context whose Done channel the caller has found
// closed. It does not call Done again: Done may return a new channel each time.
func EndErr(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return context.Canceled
}
