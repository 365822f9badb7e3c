package bench

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/eventvalue/event"
)

// Combine is a Set of one of several sources until all of them, with the new value,
// have come together: through [event.CombineAll], and through pipes and a goroutine
// that do the same.
var Combine = Workload{
	Name:       "Combine",
	Sources:    []int{2, 10, 100},
	own:        []Contender{{Name: own}, {Name: "pipes"}},
	iterations: always("100ms"),
	run: func(b *testing.B, c Contender, a args) {
		vs, sources := newSources(a.sources)
		all := event.CombineAll(sources...)
		if c.Name == "pipes" {
			ctx, cancel := context.WithCancel(context.Background())
			var ended sync.WaitGroup
			defer ended.Wait()
			defer cancel()
			all = piped(ctx, &ended, sources)
		}
		setAndGet(b, vs, all)
	},
}

// CombineGet is a Set of one source and the Get of a CombineAll that returns it. The
// slice is what such a Get allocates for its result.
var CombineGet = Workload{
	Name:       "CombineGet",
	Sources:    []int{10, 100, 1000},
	own:        []Contender{{Name: own}, {Name: "slice"}},
	iterations: always("100ms"),
	run: func(b *testing.B, c Contender, a args) {
		vs, sources := newSources(a.sources)
		all := event.CombineAll(sources...)
		if c.Name != "slice" {
			setAndGet(b, vs, all)
			return
		}
		w := all.Watch() // For an equal heap.
		defer w.Close()
		from, err := w.Get(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			runtime.KeepAlive(slices.Clone(from))
		}
	},
}

func newSources(n int) (vs []event.MemoryValue[int64], sources []event.ValueWatch[int64]) {
	vs, sources = make([]event.MemoryValue[int64], n), make([]event.ValueWatch[int64], n)
	for i := range vs {
		vs[i].Set(-1)
		sources[i] = &vs[i]
	}
	return vs, sources
}

// setAndGet sets the last of vs to numbers, and waits until each has come through all.
func setAndGet(b *testing.B, vs []event.MemoryValue[int64], all event.ValueWatch[[]int64]) {
	w := all.Watch()
	defer w.Close()
	last := len(vs) - 1
	b.ReportAllocs()
	b.ResetTimer()
	for i := range int64(b.N) {
		vs[last].Set(i)
		for got := int64(-1); got != i; {
			vals, err := w.Get(context.Background())
			if err != nil {
				b.Fatal(err)
			}
			got = vals[last]
		}
	}
}

// piped is a CombineAll as it is written with pipes, a goroutine and a value: with a
// slice for its readers each time that a source is new. It ends with ctx.
func piped(ctx context.Context, ended *sync.WaitGroup, sources []event.ValueWatch[int64]) event.ValueWatch[[]int64] {
	type numbered struct {
		i int
		n int64
	}
	c, all := make(chan numbered), new(event.MemoryValue[[]int64])
	for i, v := range sources {
		pipe := event.Pipe(event.Map(v, func(n int64) numbered { return numbered{i, n} }), c)
		ended.Go(func() { _ = pipe(ctx) })
	}
	ended.Go(func() {
		vals := make([]int64, len(sources))
		for {
			select {
			case next := <-c:
				vals[next.i] = next.n
				all.Set(slices.Clone(vals))
			case <-ctx.Done():
				return
			}
		}
	})
	return all
}
