package inspected

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/bench"
	"github.com/eventvalue/event/inspect"
)

func TestMain(m *testing.M) { bench.MainOf(m, cells) }

// cells returns each sub-benchmark and its -benchtime.
func cells() (names []string) {
	for _, function := range []string{"InspectSet", "InspectGet", "InspectWatch"} {
		for _, l := range lookings {
			names = append(names, fmt.Sprintf("Benchmark%s/rival=%s 100ms", function, l.name))
		}
	}
	return append(names,
		"BenchmarkInspectPage/rival=event 1x", "BenchmarkInspectPage/rival=page 1x",
		"BenchmarkInspectValues/rival=event 100ms")
}

// TestCells: each benchmark has a cell, and each cell a benchmark.
func TestCells(t *testing.T) {
	functions, err := bench.Functions("inspected_test.go")
	require.NoError(t, err)
	want := map[string]bool{}
	for _, name := range functions {
		if strings.HasPrefix(name, "Benchmark") {
			want[name] = true
		}
	}
	got := map[string]bool{}
	for _, name := range cells() {
		function, _, _ := strings.Cut(name, "/")
		got[function] = true
	}
	assert.Equal(t, want, got)
}

// A looking is a way in which a program uses the package, around what is measured.
type looking struct {
	name  string
	begin func(b *testing.B, v *event.MemoryValue[int64]) (event.ValueWatch[int64], func())
}

// lookings are the ways, from none to a live page.
var lookings = []looking{
	{"event", func(_ *testing.B, v *event.MemoryValue[int64]) (event.ValueWatch[int64], func()) { return v, func() {} }},
	{"published", func(b *testing.B, v *event.MemoryValue[int64]) (event.ValueWatch[int64], func()) {
		return v, published(b, v)
	}},
	{"tracked", func(b *testing.B, v *event.MemoryValue[int64]) (event.ValueWatch[int64], func()) {
		return inspect.Track("bench", v), published(b, v)
	}},
	{"page", func(b *testing.B, v *event.MemoryValue[int64]) (event.ValueWatch[int64], func()) {
		unpublish, closePage := published(b, v), openPage(b)
		return v, func() { closePage(); unpublish() }
	}},
}

func published(b *testing.B, v event.ValueWatch[int64]) (unpublish func()) {
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

// forLookings runs f for each way. The functions of package bench also run in a program
// that does not import package inspect.
func forLookings(b *testing.B, f func(b *testing.B, v *event.MemoryValue[int64], watch event.ValueWatch[int64])) {
	for _, l := range lookings {
		b.Run("rival="+l.name, func(b *testing.B) {
			v := event.New(int64(0))
			watch, end := l.begin(b, v)
			defer end()
			f(b, v, watch)
			b.StopTimer()
		})
	}
}

// BenchmarkInspectSet is a Set with one watcher, which does not wait.
func BenchmarkInspectSet(b *testing.B) { forLookings(b, bench.SetWatched) }

// BenchmarkInspectGet is a Set and a Get that need not wait.
func BenchmarkInspectGet(b *testing.B) { forLookings(b, bench.SetGetWatched) }

// BenchmarkInspectWatch is a Watch and a Close.
func BenchmarkInspectWatch(b *testing.B) { forLookings(b, bench.WatchClose) }

// BenchmarkInspectPage has 100 values and 10,000 tracked watchers for some seconds, with
// and without an open page. It reports the share of a processor that the process uses.
// Each value is set once a second. The time of an operation is without meaning.
func BenchmarkInspectPage(b *testing.B) {
	const values, watchersEach, seconds = 100, 100, 3
	var vs [values]*event.MemoryValue[int64]
	for i := range vs {
		vs[i] = event.New(int64(i))
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
	for _, rival := range []string{"event", "page"} {
		b.Run("rival="+rival, func(b *testing.B) {
			if rival == "page" {
				defer openPage(b)()
				time.Sleep(time.Second) // The connection is not part of it.
			}
			for b.Loop() {
				began, used := time.Now(), processorTime(b)
				for range seconds {
					for i, v := range vs {
						v.Set(int64(i))
					}
					time.Sleep(time.Second)
				}
				share := float64(processorTime(b)-used) / float64(time.Since(began))
				b.ReportMetric(100*share, "core-percent")
			}
		})
	}
}

// BenchmarkInspectValues is one look at 100 values and 10,000 tracked watchers.
func BenchmarkInspectValues(b *testing.B) {
	for i := range 100 {
		v := event.New(int64(i))
		unpublish, err := inspect.Publish(fmt.Sprint("value", i), v)
		require.NoError(b, err)
		defer unpublish()
		for range 100 {
			w := inspect.Track("watcher", v).Watch()
			defer w.Close()
		}
	}
	b.Run("rival=event", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			inspect.Values()
		}
	})
}
