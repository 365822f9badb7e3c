package inspect_test

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/inspect"
)

// A looking is a way in which a program uses the package, around what is measured.
type looking struct {
	name  string
	begin func(b *testing.B, v *event.MemoryValue[int]) (event.ValueWatch[int], func())
}

// lookings are the ways, from none to a live page.
var lookings = []looking{
	{"none", func(_ *testing.B, v *event.MemoryValue[int]) (event.ValueWatch[int], func()) { return v, func() {} }},
	{"published", func(b *testing.B, v *event.MemoryValue[int]) (event.ValueWatch[int], func()) {
		return v, published(b, v)
	}},
	{"tracked", func(b *testing.B, v *event.MemoryValue[int]) (event.ValueWatch[int], func()) {
		return inspect.Track("bench", v), published(b, v)
	}},
	{"page", func(b *testing.B, v *event.MemoryValue[int]) (event.ValueWatch[int], func()) {
		unpublish, closePage := published(b, v), openPage(b)
		return v, func() { closePage(); unpublish() }
	}},
}

func published(b *testing.B, v event.ValueWatch[int]) (unpublish func()) {
	unpublish, err := inspect.Publish("bench", v)
	require.NoError(b, err)
	return unpublish
}

// openPage opens an event stream and reads it.
func openPage(b *testing.B) (closePage func()) {
	server := httptest.NewServer(inspect.Handler())
	res, err := server.Client().Get(server.URL + "?format=events")
	require.NoError(b, err)
	go func() {
		buffer := make([]byte, 1<<16)
		for err := error(nil); err == nil; _, err = res.Body.Read(buffer) {
		}
	}()
	return func() {
		_ = res.Body.Close()
		server.Close()
	}
}

// forLookings runs f for each way.
func forLookings(b *testing.B, f func(b *testing.B, v *event.MemoryValue[int], watch event.ValueWatch[int])) {
	for _, l := range lookings {
		b.Run(l.name, func(b *testing.B) {
			v := event.New(0)
			watch, end := l.begin(b, v)
			defer end()
			b.ReportAllocs()
			b.ResetTimer()
			f(b, v, watch)
			b.StopTimer()
		})
	}
}

// BenchmarkSet is a Set with one watcher, which does not wait.
func BenchmarkSet(b *testing.B) {
	forLookings(b, func(b *testing.B, v *event.MemoryValue[int], watch event.ValueWatch[int]) {
		w := watch.Watch()
		defer w.Close()
		for i := 0; b.Loop(); i++ {
			v.Set(i)
		}
	})
}

// BenchmarkSetGet is a Set and a Get that need not wait.
func BenchmarkSetGet(b *testing.B) {
	forLookings(b, func(b *testing.B, v *event.MemoryValue[int], watch event.ValueWatch[int]) {
		w := watch.Watch()
		defer w.Close()
		for i := 0; b.Loop(); i++ {
			v.Set(i)
			_, _ = w.Get(b.Context())
		}
	})
}

// BenchmarkWatchClose is a Watch and a Close.
func BenchmarkWatchClose(b *testing.B) {
	forLookings(b, func(b *testing.B, _ *event.MemoryValue[int], watch event.ValueWatch[int]) {
		for b.Loop() {
			_ = watch.Watch().Close()
		}
	})
}

// BenchmarkPage has 100 values, 10,000 tracked watchers and an open page for some seconds,
// and reports what share of a processor the process uses. Each value is set once a second.
// The time of an operation is without meaning.
func BenchmarkPage(b *testing.B) {
	const values, watchersEach, seconds = 100, 100, 5
	var vs [values]*event.MemoryValue[int]
	for i := range vs {
		vs[i] = event.New(i)
		name := fmt.Sprint("value", i)
		unpublish, err := inspect.Publish(name, vs[i])
		require.NoError(b, err)
		defer unpublish()
		tracked := inspect.Track("watcher", vs[i])
		for range watchersEach {
			w := tracked.Watch()
			defer w.Close()
		}
	}
	for _, open := range []bool{false, true} {
		b.Run(fmt.Sprintf("open=%t", open), func(b *testing.B) {
			if open {
				defer openPage(b)()
				time.Sleep(time.Second) // The connection is not part of it.
			}
			for b.Loop() {
				began, used := time.Now(), processorTime(b)
				for range seconds {
					for i, v := range vs {
						v.Set(i)
					}
					time.Sleep(time.Second)
				}
				share := float64(processorTime(b)-used) / float64(time.Since(began))
				b.ReportMetric(100*share, "%core")
			}
		})
	}
}

// BenchmarkValues is one look at 100 values and 10,000 tracked watchers.
func BenchmarkValues(b *testing.B) {
	for i := range 100 {
		v := event.New(i)
		unpublish, err := inspect.Publish(fmt.Sprint("value", i), v)
		require.NoError(b, err)
		defer unpublish()
		for range 100 {
			w := inspect.Track("watcher", v).Watch()
			defer w.Close()
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		inspect.Values()
	}
}
