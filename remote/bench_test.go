package remote_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

// heap returns the size of the heap in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkSetToGet measures from a Set to the return of the Get that waits for
// it, over a store in memory.
func BenchmarkSetToGet(b *testing.B) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	v := remote.NewValue(new(remotetest.Fake), "key", remote.String())
	defer v.Close()
	w := v.Watch()
	_, err := w.Get(ctx)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Set(ctx, "x"); err != nil {
			b.Fatal(err)
		}
		if _, err := w.Get(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHeapPerKey measures the heap that a Range adds per key with a value
// of 32 bytes. It holds the value encoded and decoded.
func BenchmarkHeapPerKey(b *testing.B) {
	const keys = 10_000
	for b.Loop() {
		f := new(remotetest.Fake)
		for i := range keys {
			put(b, f, fmt.Sprintf("p/%06d", i), "0123456789abcdef0123456789abcdef")
		}
		before := heap()
		r := remote.NewRange(f, "p/", remote.String())
		w := r.Watch()
		require.NoError(b, r.Sync(b.Context(), keys))
		b.ReportMetric(float64(heap()-before)/keys, "B/key")
		require.NoError(b, w.Close())
		runtime.KeepAlive(f)
	}
}

// BenchmarkHeapPerWatcher measures the heap of a watcher that has seen
// everything and does not wait.
func BenchmarkHeapPerWatcher(b *testing.B) {
	const watchers = 10_000
	f := new(remotetest.Fake)
	put(b, f, "p/1", "x")
	v, r := remote.NewValue(f, "p/1", remote.String()), remote.NewRange(f, "p/", remote.String())
	defer v.Close()
	defer r.Close()
	for name, watch := range map[string]func() event.Watcher[entry]{"Value": v.Watch, "Range": r.Watch} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				ws := make([]event.Watcher[entry], watchers)
				before := heap()
				for i := range ws {
					ws[i] = watch()
					_, err := ws[i].Get(b.Context())
					require.NoError(b, err)
				}
				b.ReportMetric(float64(heap()-before)/watchers, "B/watcher")
				for _, w := range ws {
					require.NoError(b, w.Close())
				}
			}
		})
	}
}
