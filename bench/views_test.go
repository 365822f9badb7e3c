package bench_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/eventvalue/event"
)

// BenchmarkViews is a Set until it has come through a view, and through pipes
// and a goroutine that do the same: a chain of three Maps, a Combine of 2 and a
// CombineAll of 100.
func BenchmarkViews(b *testing.B) {
	inc := func(n int) int { return n + 1 }
	b.Run("maps=3/way=view", func(b *testing.B) {
		var v event.MemoryValue[int]
		view := event.Map(event.Map(event.Map(&v, inc), inc), inc)
		through(b, v.Set, watched(b, view), 3)
	})
	b.Run("maps=3/way=pipe", func(b *testing.B) {
		var v event.MemoryValue[int]
		var source event.ValueWatch[int] = &v
		for range 3 {
			source = piped(b, source, inc)
		}
		through(b, v.Set, watched(b, source), 3)
	})
	for _, n := range []int{2, 100} {
		b.Run(fmt.Sprintf("combined=%d/way=view", n), func(b *testing.B) {
			vs := make([]event.MemoryValue[int], n)
			sources := make([]event.ValueWatch[int], n)
			for i := range vs {
				vs[i].Set(0)
				sources[i] = &vs[i]
			}
			var last event.ValueWatch[int]
			if n == 2 {
				last = event.Combine(sources[0], sources[1], func(_, last int) int { return last })
			} else {
				last = event.Map(event.CombineAll(sources...), func(all []int) int { return all[n-1] })
			}
			through(b, vs[n-1].Set, watched(b, last), 0)
		})
		b.Run(fmt.Sprintf("combined=%d/way=pipe", n), func(b *testing.B) {
			vs := make([]event.MemoryValue[int], n)
			last := event.Map(gathered(b, vs), func(all []int) int { return all[n-1] })
			through(b, vs[n-1].Set, watched(b, last), 0)
		})
	}
}

// BenchmarkCombineGet is a Set of one source of a CombineAll and the Get that returns
// it. The slice is what the Get allocates for its result, and nothing else. What is left
// without the slice is measured by BenchmarkMergeGet, beside the code of CombineAll.
func BenchmarkCombineGet(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("sources=%d/op=get", n), func(b *testing.B) {
			vs, sources := make([]event.MemoryValue[int], n), make([]event.ValueWatch[int], n)
			for i := range vs {
				vs[i].Set(0)
				sources[i] = &vs[i]
			}
			w := watchedAll(b, event.CombineAll(sources...))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				vs[n-1].Set(i)
				if _, err := w.Get(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("sources=%d/op=slice", n), func(b *testing.B) {
			from := make([]int, n)
			b.ReportAllocs()
			for b.Loop() {
				sink = slices.Clone(from)
			}
		})
	}
}

var sink []int

func watchedAll(b *testing.B, v event.ValueWatch[[]int]) event.Watcher[[]int] {
	w := v.Watch()
	b.Cleanup(func() { _ = w.Close() })
	return w
}

func watched(b *testing.B, v event.ValueWatch[int]) event.Watcher[int] {
	w := v.Watch()
	b.Cleanup(func() { _ = w.Close() })
	return w
}

// through sets numbers and waits until each has arrived, with add added.
func through(b *testing.B, set func(int), w event.Watcher[int], add int) {
	ctx := b.Context()
	b.ReportAllocs()
	for i := 1; b.Loop(); i++ {
		set(i)
		for got := -1; got != i+add; {
			var err error
			if got, err = w.Get(ctx); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// background runs r until the benchmark ends.
func background(b *testing.B, r event.Runnable) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = r(ctx)
	}()
	b.Cleanup(func() { cancel(); <-ended })
}

// piped is a Map as it is written with a pipe, a goroutine and a value.
func piped(b *testing.B, v event.ValueWatch[int], f func(int) int) event.ValueWatch[int] {
	c, mapped := make(chan int), new(event.MemoryValue[int])
	background(b, event.Pipe(v, c))
	background(b, func(ctx context.Context) error {
		for {
			select {
			case n := <-c:
				mapped.Set(f(n))
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	return mapped
}

// gathered is all of the values, as it is written with pipes, a goroutine and a value:
// a slice for its readers, like that of CombineAll, each time that one is new.
func gathered(b *testing.B, vs []event.MemoryValue[int]) event.ValueWatch[[]int] {
	type numbered struct{ i, n int }
	c, whole := make(chan numbered), new(event.MemoryValue[[]int])
	for i := range vs {
		vs[i].Set(0)
		background(b, event.Pipe(event.Map(&vs[i], func(n int) numbered { return numbered{i, n} }), c))
	}
	background(b, func(ctx context.Context) error {
		all := make([]int, len(vs))
		for {
			select {
			case next := <-c:
				all[next.i] = next.n
				whole.Set(slices.Clone(all))
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	return whole
}
