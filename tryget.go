package event

import (
	"context"
	"slices"
)

// TryGet returns what w has not seen, without waiting: it is [Watcher].Get with
// [BacklogOnly], and BacklogDone as a bool. Call it after Changed, and in loops that do
// other work, too.
//
//   - (val, true, nil): a value that is new to w.
//   - (zero, false, nil): nothing new yet, or a [Rate] or [Debounce] holds a value back. What
//     a [Filter] rejected counts as seen.
//   - (zero, false, err): any other error of Get. Leave the loop, or set its channel to nil.
//
// TryGet passes opts to Get. It panics if ctx or w is nil.
//
// Over a [Memo], or a view over one, TryGet waits for a result that another call computes.
//
// Cost: what the Get costs. TryGet adds no allocation if w is from this module, and
// otherwise a slice of options.
func TryGet[T any](ctx context.Context, w Watcher[T], opts ...GetOption[T]) (val T, ok bool, err error) {
	if ctx == nil {
		panic("event: TryGet: nil context")
	}
	if w == nil {
		panic("event: TryGet: nil watcher")
	}
	switch val, err = getBacklog(ctx, w, opts); err {
	case nil:
		return val, true, nil
	case BacklogDone:
		return val, false, nil
	}
	return val, false, err
}

// A backlogGetter is a watcher with a Get that never waits and needs no option for that: an
// option would be an allocation. The watchers of this module are backlogGetters.
type backlogGetter[T any] interface {
	// GetBacklog is Get with BacklogOnly in addition to opts.
	GetBacklog(ctx context.Context, opts []GetOption[T]) (T, error)
}

// getBacklog is w.Get with BacklogOnly in addition to opts.
func getBacklog[T any](ctx context.Context, w Watcher[T], opts []GetOption[T]) (T, error) {
	if b, ok := w.(backlogGetter[T]); ok {
		return b.GetBacklog(ctx, opts)
	}
	return w.Get(ctx, append(slices.Clip(opts), BacklogOnly[T]())...)
}
