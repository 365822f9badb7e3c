package event

import (
	"unsafe"
	"weak"

	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/park"
)

// SnapshotSize is the size of what a Set allocates.
func SnapshotSize[T any]() uintptr { return unsafe.Sizeof(snapshot[T]{}) }

// WatcherSize is the size of what a Watch allocates.
func WatcherSize[T any]() uintptr { return unsafe.Sizeof(watcher[T]{}) }

// OutSignal points to the signal whose channel the Changed of w, a watcher of a Rate,
// returned last.
func OutSignal[T any](w Watcher[T]) weak.Pointer[anySignal] {
	return weak.Make(w.(*holdWatcher[T]).out.Load())
}

// CombineNothing is a CombineAll without its slices: what is left of its cost is that
// of the view.
func CombineNothing[T any](vs ...ValueWatch[T]) ValueWatch[int] {
	return newView(func() Watcher[int] {
		w := &mergeWatcher[int]{sources: make([]source, len(vs))}
		readers, taken := make([]sourceValue[T], len(vs)), make([]T, len(vs))
		for i, v := range vs {
			readers[i] = sourceValue[T]{v.Watch(), &taken[i], []GetOption[T]{BacklogOnly[T]()}}
			w.sources[i].reader = &readers[i]
		}
		w.init(new(park.Contexts), func() int { return 0 })
		return w
	}, nil, capability.Set{})
}
