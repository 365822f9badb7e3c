package event

import "context"

// A Loader has its newest value at hand: [MemoryValue], and every view whose sources are
// Loaders, and no other view. A view makes what it returns anew on each Load, calling the
// function that it was given.
type Loader[T any] interface {
	// Load returns the newest value and true, or zero and false while there is no data.
	Load() (val T, ok bool)
}

// keyed marks a value that is not one state but many, each under a key, and its watchers.
// What their Gets return is an entry, of which a later one is no newer version.
type keyed interface{ Keyed() }

// keyedness is what marks a view of a keyed value.
type keyedness struct{}

func (keyedness) Keyed() {}

// isKeyed reports whether x, a value or a watcher, is keyed.
func isKeyed(x any) bool {
	_, ok := x.(keyed)
	return ok
}

// behinder is a watcher that knows how far behind it is.
type behinder interface{ Behind() uint64 }

// loaderOf returns the Load of v, or nil if it has none.
func loaderOf[T any](v ValueWatch[T]) func() (T, bool) {
	if l, ok := v.(Loader[T]); ok {
		return l.Load
	}
	return nil
}

// loadFunc is a Loader.
type loadFunc[T any] func() (T, bool)

func (l loadFunc[T]) Load() (T, bool) { return l() }

type (
	loadable[T any] struct {
		ValueWatch[T]
		loadFunc[T]
	}
	keyedValue[T any] struct {
		ValueWatch[T]
		keyedness
	}
	keyedLoadable[T any] struct {
		ValueWatch[T]
		loadFunc[T]
		keyedness
	}
)

// viewOf returns v with what else it shall have: load, if that is not nil, and the mark.
func viewOf[T any](v ValueWatch[T], load func() (T, bool), marked bool) ValueWatch[T] {
	switch {
	case load != nil && marked:
		return keyedLoadable[T]{ValueWatch: v, loadFunc: load}
	case load != nil:
		return loadable[T]{v, load}
	case marked:
		return keyedValue[T]{ValueWatch: v}
	}
	return v
}

// A viewWatcher is a watcher of a view.
type viewWatcher[T any] interface {
	Watcher[T]
	joiner
}

type (
	behindWatcher[T any] struct {
		viewWatcher[T]
		behinder
	}
	keyedWatcher[T any] struct {
		viewWatcher[T]
		keyedness
	}
	keyedBehindWatcher[T any] struct {
		viewWatcher[T]
		behinder
		keyedness
	}
)

// watcherOf returns w, which stands where its source stands, with what else that has.
func watcherOf[T any](w viewWatcher[T], source any) Watcher[T] {
	b, ok := source.(behinder)
	switch marked := isKeyed(source); {
	case ok && marked:
		return keyedBehindWatcher[T]{viewWatcher: w, behinder: b}
	case ok:
		return behindWatcher[T]{w, b}
	case marked:
		return keyedWatcher[T]{viewWatcher: w}
	}
	return w
}

// mustBeContext panics if ctx is nil.
func mustBeContext(ctx context.Context) {
	if ctx == nil {
		panic("event: Watcher.Get: nil context")
	}
}
