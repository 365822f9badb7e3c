package event_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
)

// tried is the three results of a TryGet.
type tried struct {
	val any
	ok  bool
	err error
}

func try[T any](t *testing.T, w event.Watcher[T], opts ...event.GetOption[T]) tried {
	val, ok, err := event.TryGet(t.Context(), w, opts...)
	return tried{val, ok, err}
}

// TestTryGet is each result of a TryGet, on each kind of watcher.
func TestTryGet(t *testing.T) {
	for name, view := range map[string]func(*event.MemoryValue[int]) event.ValueWatch[int]{
		"MemoryValue": func(v *event.MemoryValue[int]) event.ValueWatch[int] { return v },
		"Map": func(v *event.MemoryValue[int]) event.ValueWatch[int] {
			return event.Map(v, func(n int) int { return n })
		},
		"Distinct": func(v *event.MemoryValue[int]) event.ValueWatch[int] { return event.Distinct(v) },
		"Combine": func(v *event.MemoryValue[int]) event.ValueWatch[int] {
			return event.Combine(v, v, func(a, _ int) int { return a })
		},
		"Rate":      func(v *event.MemoryValue[int]) event.ValueWatch[int] { return event.Rate(v, 1) },
		"elsewhere": func(v *event.MemoryValue[int]) event.ValueWatch[int] { return unloadable{v} },
		"Map of elsewhere": func(v *event.MemoryValue[int]) event.ValueWatch[int] {
			return event.Map[int](unloadable{v}, func(n int) int { return n })
		},
		"Distinct of elsewhere": func(v *event.MemoryValue[int]) event.ValueWatch[int] { return event.Distinct[int](unloadable{v}) },
		"Rate of elsewhere":     func(v *event.MemoryValue[int]) event.ValueWatch[int] { return event.Rate[int](unloadable{v}, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var v event.MemoryValue[int]
				w := view(&v).Watch()
				defer w.Close()
				set := func(n int) { v.Set(n); time.Sleep(2 * time.Nanosecond) } // A Rate holds nothing back then.
				assert.Equal(t, tried{0, false, nil}, try(t, w), "no data")
				set(1)
				assert.Equal(t, tried{1, true, nil}, try(t, w))
				assert.Equal(t, tried{0, false, nil}, try(t, w), "nothing new")
				set(2)
				odd := event.Filter(func(n int) bool { return n%2 == 1 })
				assert.Equal(t, tried{0, false, nil}, try(t, w, odd))
				assert.Equal(t, tried{0, false, nil}, try(t, w), "what was rejected counts as seen")
				set(3)
				assert.Equal(t, tried{3, true, nil}, try(t, w, odd, event.BacklogOnly[int]()))

				ended, cancel := context.WithCancel(t.Context())
				cancel()
				set(4)
				_, ok, err := event.TryGet(ended, w)
				assert.False(t, ok)
				assert.Equal(t, context.Canceled, err)
				_ = v.Close()
				assert.Equal(t, tried{4, true, nil}, try(t, w), "not consumed by what failed")
				time.Sleep(2 * time.Nanosecond)
				assert.Equal(t, tried{0, false, event.ErrClosed}, try(t, w))
				_ = w.Close()
				assert.Equal(t, tried{0, false, event.ErrWatcherClosed}, try(t, w))
			})
		})
	}
}

// TestTryGetAfterGet checks that a watcher that was asked without waiting waits again.
func TestTryGetAfterGet(t *testing.T) {
	for _, kind := range viewKinds {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var a, b event.MemoryValue[int]
				w := viewOfKind(kind, &a, &b).Watch()
				assert.Equal(t, tried{0, false, nil}, try(t, w))
				go func() { synctest.Wait(); a.Set(1); b.Set(2) }()
				_, err := w.Get(t.Context())
				assert.NoError(t, err)
				assert.Equal(t, tried{0, false, nil}, try(t, w))
			})
		})
	}
}

func TestTryGetLeavesTheOptionsAlone(t *testing.T) {
	v := event.New(1)
	opts := make([]event.GetOption[int], 1, 4)
	opts[0] = event.Filter(func(int) bool { return true })
	for _, w := range []event.Watcher[int]{v.Watch(), unloadable{v}.Watch(), event.Distinct(v).Watch()} {
		assert.Equal(t, tried{1, true, nil}, try(t, w, opts...))
		assert.False(t, opts[:2][1].BacklogOnly)
		assert.False(t, opts[0].BacklogOnly)
	}
}

func ExampleTryGet() {
	var limit event.MemoryValue[int]
	w := limit.Watch()
	defer w.Close()

	ctx := context.Background()
	fmt.Println(event.TryGet(ctx, w))
	limit.Set(10)
	fmt.Println(event.TryGet(ctx, w))
	fmt.Println(event.TryGet(ctx, w))
	limit.Close()
	fmt.Println(event.TryGet(ctx, w))
	// Output:
	// 0 false <nil>
	// 10 true <nil>
	// 0 false <nil>
	// 0 false event: value closed
}
