package linear_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/atomic"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/verify/linear"
)

// The values here are wrong, each in one way, most of them rarely.

type staleLoad struct {
	event.MemoryValue[int]
	last atomic.Int64
}

// Load returns what the last but one returned.
func (v *staleLoad) Load() (int, bool) {
	val, ok := v.MemoryValue.Load()
	if last := v.last.Swap(int64(val)); last != 0 {
		return int(last), true
	}
	return val, ok
}

type lostUpdate struct{ event.MemoryValue[int] }

// Update is no compare-and-swap.
func (v *lostUpdate) Update(f func(int, bool) (int, bool)) (int, bool) {
	old, ok := v.Load()
	val, change := f(old, ok)
	if !change {
		return old, false
	}
	v.Set(val)
	return val, true
}

type lateSet struct{ event.MemoryValue[int] }

// Set returns before the value is set.
func (v *lateSet) Set(val int) { go v.MemoryValue.Set(val) }

// wrapped is a value whose watchers are wrong.
type wrapped struct {
	event.MemoryValue[int]
	wrap func(event.Watcher[int]) event.Watcher[int]
}

func (v *wrapped) Watch() event.Watcher[int] { return v.wrap(v.MemoryValue.Watch()) }

type (
	deafToContext struct{ event.Watcher[int] }
	repeats       struct {
		event.Watcher[int]
		last int
	}
	doneTooEarly   struct{ event.Watcher[int] }
	lateClose      struct{ event.Watcher[int] }
	unfiltered     struct{ event.Watcher[int] }
	alwaysChanged  struct{ event.Watcher[int] }
	neverChanged   struct{ event.Watcher[int] }
	consumesOnFail struct{ event.Watcher[int] }
)

// Get takes a value if there is one, without a look at the context.
func (w deafToContext) Get(ctx context.Context, opts ...event.GetOption[int]) (int, error) {
	if val, err := w.Watcher.Get(context.Background(), append(opts, event.BacklogOnly[int]())...); err == nil {
		return val, nil
	}
	return w.Watcher.Get(ctx, opts...)
}

// Get returns once in a while what it has returned before.
func (w *repeats) Get(ctx context.Context, opts ...event.GetOption[int]) (int, error) {
	if w.last%5 == 3 && len(opts) == 0 && ctx.Err() == nil {
		return w.last, nil
	}
	val, err := w.Watcher.Get(ctx, opts...)
	w.last = val
	return val, err
}

// Get says that there is nothing more when it has skipped something.
func (w doneTooEarly) Get(ctx context.Context, opts ...event.GetOption[int]) (int, error) {
	val, err := w.Watcher.Get(ctx, opts...)
	if err == nil && val%5 == 3 && len(opts) > 0 {
		return 0, event.BacklogDone
	}
	return val, err
}

// Close returns before the watcher is closed.
func (w lateClose) Close() error { go w.Watcher.Close(); return nil }

func (w unfiltered) Get(ctx context.Context, opts ...event.GetOption[int]) (int, error) {
	for i := range opts {
		opts[i].Predicate = nil
	}
	return w.Watcher.Get(ctx, opts...)
}

func (w alwaysChanged) Changed() <-chan struct{} { c := make(chan struct{}); close(c); return c }

func (w neverChanged) Changed() <-chan struct{} { return nil }

// Get looks at what is there although it then returns an error.
func (w consumesOnFail) Get(ctx context.Context, opts ...event.GetOption[int]) (int, error) {
	if ctx.Err() != nil {
		_, _ = w.Watcher.Get(context.Background(), event.BacklogOnly[int]())
	}
	return w.Watcher.Get(ctx, opts...)
}

func watching(wrap func(event.Watcher[int]) event.Watcher[int]) func() linear.Value {
	return func() linear.Value { return &wrapped{wrap: wrap} }
}

// TestFindsBugs shows that each is found, and that its picture is kept.
func TestFindsBugs(t *testing.T) {
	for name, v := range map[string]func() linear.Value{
		"StaleLoad":      func() linear.Value { return new(staleLoad) },
		"LostUpdate":     func() linear.Value { return new(lostUpdate) },
		"LateSet":        func() linear.Value { return new(lateSet) },
		"DeafToContext":  watching(func(w event.Watcher[int]) event.Watcher[int] { return deafToContext{w} }),
		"Repeats":        watching(func(w event.Watcher[int]) event.Watcher[int] { return &repeats{Watcher: w} }),
		"DoneTooEarly":   watching(func(w event.Watcher[int]) event.Watcher[int] { return doneTooEarly{w} }),
		"LateClose":      watching(func(w event.Watcher[int]) event.Watcher[int] { return lateClose{w} }),
		"Unfiltered":     watching(func(w event.Watcher[int]) event.Watcher[int] { return unfiltered{w} }),
		"AlwaysChanged":  watching(func(w event.Watcher[int]) event.Watcher[int] { return alwaysChanged{w} }),
		"NeverChanged":   watching(func(w event.Watcher[int]) event.Watcher[int] { return neverChanged{w} }),
		"ConsumesOnFail": watching(func(w event.Watcher[int]) event.Watcher[int] { return consumesOnFail{w} }),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			seed := uint64(0)
			var err error
			for begin := time.Now(); err == nil && time.Since(begin) < time.Minute; seed++ {
				err = linear.Check(record(v(), seed), dir, name)
			}
			require.ErrorContains(t, err, "no order explains")
			page, err := os.ReadFile(filepath.Join(dir, name+".html"))
			require.NoError(t, err)
			require.Contains(t, string(page), "Get(")
			t.Logf("found by history %d", seed)
		})
	}
}
