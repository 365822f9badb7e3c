package inspect

import (
	"context"
	"slices"
	"time"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/capability"
)

// Track returns v with watchers that are listed by name until they are closed: in
// [Profile] always, and with the value if v is published. Several watchers may have one
// name.
//
// Everything that holds for v and its watchers holds for the result and its watchers, except
// that the package refers to a tracked watcher until its Close. A watcher that is
// dropped without a Close stays listed, and is not collected. The result is a
// [event.Loader] if v is one, and keyed if v is. [event.Version], [event.Behind] and
// [event.LoadVersion] report what they report for v.
//
// Track panics if v is nil.
//
// Cost: two objects. A tracked watcher costs what a watcher of v costs and, in Watch, five objects
// and a stack trace. The lists of the package grow with the number of open watchers. Watch and
// Close lock a mutex. Each Get has two atomic additions, and no object.
func Track[T any](name string, v event.ValueWatch[T]) event.ValueWatch[T] {
	mustBeValue("Track", v)
	t := &loadableTracked[T]{tracked[T]{name: clean(name), source: v, key: keyOf(untracked(v))}}
	if _, is := v.(event.Loader[T]); is {
		return t
	}
	return &t.tracked
}

// A tracked is a value of [Track].
type tracked[T any] struct {
	name   string
	source event.ValueWatch[T]
	key    any // identifies the value: see keyOf
}

// untracked returns the value that was given to Track if v is its result, and otherwise v.
func untracked[T any](v event.ValueWatch[T]) event.ValueWatch[T] {
	for {
		t, is := v.(interface{ untracked() event.ValueWatch[T] })
		if !is {
			return v
		}
		v = t.untracked()
	}
}

func (v *tracked[T]) untracked() event.ValueWatch[T] { return v.source }

// Watch implements [event.ValueWatch].
func (v *tracked[T]) Watch() event.Watcher[T] {
	source := v.source.Watch()
	c := capability.Of(source)
	w := &trackedWatcher[T]{source: source}
	w.record = record{name: v.name, opened: time.Now(), lagger: c.Lagger, versioner: c.Versioner}
	watchers.add(v.key, &w.record)
	addToProfile(&w.record)
	return w
}

// Capabilities reports the capabilities of the value.
func (v *tracked[T]) Capabilities() capability.Set { return capability.Of(v.source) }

// A loadableTracked is a tracked over a Loader.
type loadableTracked[T any] struct{ tracked[T] }

// Load implements [event.Loader].
func (v *loadableTracked[T]) Load() (T, bool) { return event.Load(v.source) }

// LoadVersion returns what Load returns, and the version, or 0 if values have no versions.
func (v *loadableTracked[T]) LoadVersion() (val T, version uint64, ok bool) {
	if val, version, ok = event.LoadVersion(v.source); !ok {
		val, ok = event.Load(v.source)
	}
	return val, version, ok
}

// A trackedWatcher is a watcher of a tracked value.
type trackedWatcher[T any] struct {
	record record
	source event.Watcher[T]
}

// Get implements [event.Watcher].
func (w *trackedWatcher[T]) Get(ctx context.Context, opts ...event.GetOption[T]) (T, error) {
	w.record.gets.Inc()
	defer w.record.gets.Dec() // Deferred, because a predicate may panic.
	return w.source.Get(ctx, opts...)
}

// GetBacklog is Get with BacklogOnly in addition to opts: event.TryGet calls it.
func (w *trackedWatcher[T]) GetBacklog(ctx context.Context, opts []event.GetOption[T]) (T, error) {
	b, is := w.source.(interface {
		GetBacklog(context.Context, []event.GetOption[T]) (T, error)
	})
	if !is {
		return w.Get(ctx, append(slices.Clip(opts), event.BacklogOnly[T]())...)
	}
	w.record.gets.Inc()
	defer w.record.gets.Dec()
	return b.GetBacklog(ctx, opts)
}

// Changed implements [event.Watcher].
func (w *trackedWatcher[T]) Changed() <-chan struct{} { return w.source.Changed() }

// Close implements [event.Watcher].
func (w *trackedWatcher[T]) Close() error {
	watchers.remove(&w.record)
	profile.Remove(&w.record)
	return w.source.Close()
}

// Capabilities reports the capabilities of the value's watcher.
func (w *trackedWatcher[T]) Capabilities() capability.Set { return capability.Of(w.source) }
