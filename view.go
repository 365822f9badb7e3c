package event

import (
	"context"

	"github.com/eventvalue/event/internal/capability"
)

// A Loader has its newest value at hand: [MemoryValue], and every view whose sources
// are Loaders, except [Where]. No other view is a Loader. A view computes what it returns on each
// Load, by the function that it was given.
type Loader[T any] interface {
	// Load returns the newest value and true, or zero and false before the first
	// Set.
	Load() (val T, ok bool)
}

// Load returns the newest value of v and true. It returns zero and false before the first
// Set, and if v is not a [Loader]: use a watcher then. Load panics if v is nil.
//
// Cost: an atomic load for a [MemoryValue], and what the functions of the views in between
// cost.
func Load[T any](v ValueWatch[T]) (val T, ok bool) {
	if isNil(v) {
		panic("event: Load: nil value")
	}
	if l, is := v.(Loader[T]); is {
		return l.Load()
	}
	return val, false
}

// keyedValue is the end of the panic's text of a function that takes no keyed value.
const keyedValue = "keyed value: collect its entries in a MemoryValue and use that"

// isNil reports whether v is nil, or a nil *MemoryValue. Such a pointer is refused
// where it is given, because a Watch of it would panic later, elsewhere.
func isNil[T any](v ValueWatch[T]) bool {
	m, ok := v.(*MemoryValue[T])
	return v == nil || ok && m == nil
}

// isKeyed reports whether v is keyed: see [capability.Set].
func isKeyed(v any) bool { return capability.Of(v).Keyed }

// A loader is a Load that also returns the version of the value, or 0 if values have no
// versions.
type loader[T any] func() (val T, version uint64, ok bool)

// loaderOf returns what loads v, or nil if v is not a Loader. It identifies the types of
// this package and not a method, because a type that embeds a MemoryValue may have a Load
// of its own.
func loaderOf[T any](v ValueWatch[T]) loader[T] {
	switch v := v.(type) {
	case *MemoryValue[T]:
		return v.loadVersion
	case *loadableView[T]:
		return v.load
	case versionLoader[T]:
		return v.LoadVersion
	case Loader[T]:
		return func() (val T, noVersion uint64, ok bool) {
			val, ok = v.Load()
			return val, 0, ok
		}
	}
	return nil
}

// A versionLoader is a value of another package that has versions, or stands for a value of
// this package.
type versionLoader[T any] interface {
	// LoadVersion is [Load] of the value, with its version, or 0 if values have no
	// versions.
	LoadVersion() (val T, version uint64, ok bool)
}

// withoutVersion returns l for a view whose watchers have no versions.
func (l loader[T]) withoutVersion() loader[T] {
	if l == nil {
		return nil
	}
	return func() (val T, noVersion uint64, ok bool) {
		val, _, ok = l()
		return val, 0, ok
	}
}

// A view is a value that is computed from others.
type view[T any] struct {
	watch        func() Watcher[T]
	capabilities capability.Set
}

func (v *view[T]) Watch() Watcher[T] { return v.watch() }

func (v *view[T]) Capabilities() capability.Set { return v.capabilities }

// A loadableView is a view over Loaders.
type loadableView[T any] struct {
	view[T]
	load loader[T]
}

func (v *loadableView[T]) Load() (T, bool) {
	val, _, ok := v.load()
	return val, ok
}

// newView returns a view. It is a Loader if load is not nil.
func newView[T any](watch func() Watcher[T], load loader[T], c capability.Set) ValueWatch[T] {
	v := view[T]{watch, c}
	if load == nil {
		return &v
	}
	return &loadableView[T]{v, load}
}

// mustBeContext panics if ctx is nil.
func mustBeContext(ctx context.Context) {
	if ctx == nil {
		panic("event: Watcher.Get: nil context")
	}
}
