package event

import "unsafe"

// SnapshotSize is the size of what a Set allocates.
func SnapshotSize[T any]() uintptr { return unsafe.Sizeof(snapshot[T]{}) }

// WatcherSize is the size of what a Watch allocates.
func WatcherSize[T any]() uintptr { return unsafe.Sizeof(watcher[T]{}) }
