package event

import (
	"unsafe"
	"weak"
)

// SnapshotSize is the size of what a Set allocates.
func SnapshotSize[T any]() uintptr { return unsafe.Sizeof(snapshot[T]{}) }

// WatcherSize is the size of what a Watch allocates.
func WatcherSize[T any]() uintptr { return unsafe.Sizeof(watcher[T]{}) }

// OutSignal points to the signal whose channel the Changed of w, a watcher of a Rate,
// returned last.
func OutSignal[T any](w Watcher[T]) weak.Pointer[anySignal] {
	return weak.Make(w.(*rateWatcher[T]).out.Load())
}
