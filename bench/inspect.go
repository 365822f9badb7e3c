package bench

import (
	"context"
	"testing"

	"github.com/eventvalue/event"
)

// The workloads of bench/inspected run here in a program that does not import package
// inspect. Those of bench/inspected call the same functions with values that are
// published or tracked.
var (
	// InspectSet is a Set with one watcher, which does not wait.
	InspectSet = unimported("InspectSet", SetWatched)
	// InspectGet is a Set and a Get that need not wait.
	InspectGet = unimported("InspectGet", SetGetWatched)
	// InspectWatch is a Watch and a Close.
	InspectWatch = unimported("InspectWatch", WatchClose)
)

// unimported returns a workload of a value that is watched without package inspect.
func unimported(name string, run func(b *testing.B, v *event.MemoryValue[int64], watch event.ValueWatch[int64])) Workload {
	return Workload{
		Name:       name,
		own:        []Contender{{Name: "unimported"}},
		iterations: always("100ms"),
		run: func(b *testing.B, _ Contender, _ args) {
			v := event.New(int64(0))
			run(b, v, v)
		},
	}
}

// SetWatched measures a Set of v while one watcher of watch does not wait.
func SetWatched(b *testing.B, v *event.MemoryValue[int64], watch event.ValueWatch[int64]) {
	w := watch.Watch()
	defer w.Close()
	b.ReportAllocs()
	b.ResetTimer()
	for i := range int64(b.N) {
		v.Set(i)
	}
}

// SetGetWatched measures a Set of v and the Get of a watcher of watch that returns it.
func SetGetWatched(b *testing.B, v *event.MemoryValue[int64], watch event.ValueWatch[int64]) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w := watch.Watch()
	defer w.Close()
	b.ReportAllocs()
	b.ResetTimer()
	for i := range int64(b.N) {
		v.Set(i)
		if got, err := w.Get(ctx); got != i || err != nil {
			b.Fatal("set", i, "got", got, err)
		}
	}
}

// WatchClose measures a Watch of watch and a Close.
func WatchClose(b *testing.B, _ *event.MemoryValue[int64], watch event.ValueWatch[int64]) {
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if err := watch.Watch().Close(); err != nil {
			b.Fatal(err)
		}
	}
}
