package notify

import (
	"context"
	"sync"
	"time"
)

// afterEnd is context.AfterFunc, but does not keep ctx. Values that are added to one context make
// so many contexts with one end: who waits under one of them must not keep the values of another.
// What the standard library's own contexts need to forget f is kept; of others, what they keep
// by themselves.
func afterEnd(ctx context.Context, ended <-chan struct{}, f func()) (stop func() bool) {
	b := &bare{ended: ended, ctx: ctx}
	defer b.strip()
	if _, ok := ctx.(afterFuncer); ok {
		return context.AfterFunc(bareAfterFuncer{b}, f)
	}
	return context.AfterFunc(b, f)
}

// An afterFuncer is a context that package context lets register functions by itself.
type afterFuncer interface {
	AfterFunc(f func()) (stop func() bool)
}

// A bare context ends with another one, which it has and passes questions to until it is stripped.
// Then it has left what that one answered last: package context asks for the context that it
// has to take f out of again by a key of its own, when it puts f in and when it takes it out.
type bare struct {
	ended <-chan struct{}

	mu          sync.Mutex // guards what follows; not held while ctx is asked
	ctx         context.Context
	key, answer any
}

type bareAfterFuncer struct{ *bare }

func (b bareAfterFuncer) AfterFunc(f func()) (stop func() bool) {
	return b.ctx.(afterFuncer).AfterFunc(f) // Not stripped yet.
}

func (b *bare) strip() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ctx = nil
}

func (b *bare) Deadline() (time.Time, bool) {
	return time.Time{}, false // uncovered: package context does not ask
}
func (b *bare) Done() <-chan struct{} { return b.ended }

// Err does not say why, which nobody wants to know. Package context asks only once the context has
// ended, which need not show yet: one that registers functions by itself may call them
// before it closes its channel.
func (b *bare) Err() error { return context.Canceled }

func (b *bare) Value(key any) any {
	b.mu.Lock()
	ctx, last, answer := b.ctx, b.key, b.answer
	b.mu.Unlock()
	switch {
	case ctx != nil:
		answer = ctx.Value(key)
		b.mu.Lock()
		b.key, b.answer = key, answer
		b.mu.Unlock()
	case key != last:
		return nil // uncovered: package context has one key
	}
	return answer
}
