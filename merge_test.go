package event_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
)

// A value that a failing Get has taken from a source is still there for the next
// Get.
func TestCombineLosesNoPart(t *testing.T) {
	for name, fail := range map[string]func(t *testing.T, w event.Watcher[pair], a, b *event.MemoryValue[int]){
		"ContextEndsDuringThePredicate": func(t *testing.T, w event.Watcher[pair], _, _ *event.MemoryValue[int]) {
			ctx, cancel := context.WithCancel(t.Context())
			_, err := w.Get(ctx, event.Filter(func(pair) bool { cancel(); return true }))
			assert.Equal(t, context.Canceled, err)
		},
		"ContextEndsDuringTheWait": func(t *testing.T, w event.Watcher[pair], _, _ *event.MemoryValue[int]) {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { _, err := w.Get(ctx, event.Filter(func(pair) bool { return false })); done <- err }()
			synctest.Wait()
			cancel()
			assert.Equal(t, context.Canceled, <-done)
		},
		"Panic": func(t *testing.T, w event.Watcher[pair], _, _ *event.MemoryValue[int]) {
			assert.Panics(t, func() {
				_, _ = w.Get(t.Context(), event.Filter(func(pair) bool { panic("boom") }))
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var a, b event.MemoryValue[int]
				w := event.Combine(&a, &b, paired).Watch()
				defer w.Close()
				a.Set(1)
				b.Set(2)
				fail(t, w, &a, &b)
				assert.False(t, opened(w.Changed()), "it is unseen")
				has(t, w, pair{1, 2})
				assert.True(t, opened(w.Changed()))
				b.Set(3)
				fail(t, w, &a, &b)
				a.Set(4)
				has(t, w, pair{4, 3})
			})
		})
	}
}

// moody is a value of which every other Get fails.
type moody struct{ event.ValueWatch[int] }

type moodyWatcher struct {
	event.Watcher[int]
	fails bool
}

var errStore = errors.New("store")

func (f moody) Watch() event.Watcher[int] { return &moodyWatcher{Watcher: f.ValueWatch.Watch()} }

func (w *moodyWatcher) Get(ctx context.Context, opts ...event.GetOption[int]) (int, error) {
	if w.fails = !w.fails; w.fails {
		return 0, errStore
	}
	return w.Watcher.Get(ctx, opts...)
}

func TestCombineReturnsTheErrorsOfItsSources(t *testing.T) {
	var a, b event.MemoryValue[int]
	w := event.Combine[int, int](&a, moody{&b}, paired).Watch()
	a.Set(1)
	b.Set(2)
	_, err := now(t, w)
	assert.Equal(t, errStore, err)
	p, err := now(t, w)
	assert.NoError(t, err)
	assert.Equal(t, pair{1, 2}, p, "what was taken from a is not lost")
}

// A Get without a wait finds what was set in a nested CombineAll of many sources, the
// hooks of which nothing has armed since the Get before.
func TestCombineOfLooseSources(t *testing.T) {
	var vs [40]event.MemoryValue[int]
	var sources []event.ValueWatch[int]
	for i := range vs {
		vs[i].Set(0)
		sources = append(sources, &vs[i])
	}
	w := event.Combine(event.CombineAll(sources...), &vs[0], func(all []int, _ int) int { return all[39] }).Watch()
	defer w.Close()
	for i := range 10 {
		vs[39].Set(i)
		got, err := w.Get(t.Context(), event.BacklogOnly[int]())
		assert.NoError(t, err)
		assert.Equal(t, i, got)
	}
}

// BenchmarkMergeGet is a Set of one source and the Get that returns it, without a slice
// of what was taken.
func BenchmarkMergeGet(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("sources=%d", n), func(b *testing.B) {
			vs, sources := make([]event.MemoryValue[int], n), make([]event.ValueWatch[int], n)
			for i := range vs {
				vs[i].Set(0)
				sources[i] = &vs[i]
			}
			w := event.CombineNothing(sources...).Watch()
			defer w.Close()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				vs[n-1].Set(i)
				if _, err := w.Get(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
