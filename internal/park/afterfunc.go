package park

import "context"

// afterFunc is context.AfterFunc for a context whose end may be visible on its
// Done channel alone, or not at all yet.
//
// Package context keeps ctx until the function is stopped or has been called.
func afterFunc(ctx context.Context, f func()) (stop func() bool) {
	ended := endedContext{ctx}
	if a, ok := ctx.(afterFuncer); ok {
		return context.AfterFunc(endedAfterFuncer{ended, a}, f)
	}
	return context.AfterFunc(ended, f)
}

// An afterFuncer is a context that registers functions by itself. Package
// context leaves the registration to it.
type afterFuncer interface {
	AfterFunc(f func()) (stop func() bool)
}

// An endedContext is a context whose Err is never nil. Package context calls Err
// once Done is closed, or once a function that the context registered by itself
// is called, and panics if Err is nil then: in a goroutine of its own, which
// would end the process. The reason is not used.
type endedContext struct{ context.Context }

func (endedContext) Err() error { return context.Canceled }

// An endedAfterFuncer is an endedContext that registers functions by itself.
type endedAfterFuncer struct {
	endedContext
	afterFuncer
}
