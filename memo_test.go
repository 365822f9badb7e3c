package event_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/atomic"

	"github.com/eventvalue/event"
)

func TestMemoRunsItsFunctionOnceAVersion(t *testing.T) {
	var v event.MemoryValue[int]
	var calls []int
	view := event.Memo(&v, func(n int) int { calls = append(calls, n); return -n })
	ws := make([]event.Watcher[int], 3)
	for i := range ws {
		ws[i] = view.Watch()
		nothing(t, ws[i])
	}
	v.Set(1)
	v.Set(1)
	assert.Empty(t, calls, "nobody has looked")
	for _, w := range ws {
		has(t, w, -1)
	}
	has(t, view.Watch(), -1)
	load(t, "Memo", view, -1, true)
	assert.Equal(t, []int{1}, calls)
	v.Set(1) // Equal, and another version.
	load(t, "Memo", view, -1, true)
	for _, w := range ws {
		has(t, w, -1)
	}
	assert.Equal(t, []int{1, 1}, calls)
	v.Set(2)
	_ = v.Close()
	for _, w := range ws {
		n, err := now(t, w)
		assert.NoError(t, err)
		assert.Equal(t, -2, n)
		_, err = now(t, w)
		assert.Equal(t, event.ErrClosed, err)
		assert.False(t, opened(w.Changed()))
	}
	assert.Equal(t, []int{1, 1, 2}, calls)
}

func TestMemoFiltersRunOnResults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		calls := 0
		w := event.Memo(&v, func(n int) int { calls++; return 10 * n }).Watch()
		atLeast := func(least int) event.GetOption[int] {
			return event.Filter(func(n int) bool { return n >= least })
		}
		v.Set(1)
		_, err := now(t, w, atLeast(20))
		assert.Equal(t, event.BacklogDone, err)
		nothing(t, w) // It is passed.
		got := make(chan int, 1)
		go func() { n, _ := w.Get(t.Context(), atLeast(30)); got <- n }()
		for n := 2; n <= 3; n++ {
			synctest.Wait()
			require.Empty(t, got)
			v.Set(n)
		}
		assert.Equal(t, 30, <-got)
		assert.Equal(t, 3, calls)
	})
}

func TestMemoOverAndUnderOtherViews(t *testing.T) {
	var v, other event.MemoryValue[int]
	calls := 0
	count := func(n int) int { calls++; return 10 * n }
	base := event.Memo(event.Where(event.Map(&v, func(n int) int { return n + 1 }), func(n int) bool { return n != 3 }), count)
	top := event.Memo(base, func(n int) int { return n + 1 })
	sum := event.Combine(top, &other, func(a, b int) int { return a + b })
	a, b := sum.Watch(), sum.Watch()
	other.Set(100)
	v.Set(0)
	has(t, a, 111)
	has(t, b, 111)
	assert.Equal(t, 1, calls)
	v.Set(2) // Becomes 3, which is left out.
	nothing(t, a)
	v.Set(3)
	has(t, a, 141)
	has(t, b, 141)
	assert.Equal(t, 2, calls)

	calls = 0
	none := event.Memo(event.Combine(&v, &other, func(a, b int) int { return a + b }), count)
	has(t, none.Watch(), 1030)
	has(t, none.Watch(), 1030)
	load(t, "Memo of a Combine", none, 1030, true)
	assert.Equal(t, 3, calls, "a Combine has no versions")
	external := event.Memo[int](unloadable{&v}, count)
	has(t, external.Watch(), 30)
	assert.NotImplements(t, (*event.Loader[int])(nil), external)
}

func TestMemoHasTheVersionsOfItsSource(t *testing.T) {
	var v event.MemoryValue[int]
	view := event.Memo(event.Where(&v, isOdd), func(n int) int { return -n })
	w := view.Watch()
	assert.Zero(t, version(t, w))
	v.Set(1)
	v.Set(3)
	assert.Equal(t, 2, behind(t, w))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := w.Get(ctx, event.Filter(func(int) bool { cancel(); return true }))
	assert.Equal(t, context.Canceled, err)
	assert.Zero(t, version(t, w), "a Get that fails passes nothing")
	assert.Equal(t, 2, behind(t, w), "what was taken and not returned counts")
	v.Set(5)
	has(t, w, -5)
	assert.Equal(t, 3, version(t, w))
	v.Set(6)
	assert.Equal(t, 1, behind(t, w))
	nothing(t, w)
	assert.Equal(t, 4, version(t, w), "what Where leaves out is passed")
	assert.Zero(t, behind(t, w))
	v.Set(7)
	_, err = w.Get(ctx)
	assert.Equal(t, context.Canceled, err)
	assert.Equal(t, 4, version(t, w))
	assert.NoError(t, w.Close())
	assert.Zero(t, behind(t, w))

	loaded := event.Memo(&v, func(n int) int { return -n })
	n, at, ok := event.LoadVersion(loaded)
	assert.Equal(t, []any{-7, uint64(5), true}, []any{n, at, ok})
}

func TestMemoLoadOfNoData(t *testing.T) {
	var v event.MemoryValue[int]
	load(t, "Memo", event.Memo(&v, func(n int) int { return n + 1 }), nil, false)
}

// A gated function is one that a test lets go on.
type gated struct {
	begun chan int      // its arguments
	end   chan struct{} // lets one call return
	calls atomic.Int32
}

func newGated() *gated { return &gated{begun: make(chan int, 100), end: make(chan struct{})} }

func (g *gated) double(n int) int {
	g.calls.Inc()
	g.begun <- n
	<-g.end
	return 2 * n
}

// A getting is a Get in progress.
type getting struct {
	n    int
	err  error
	done chan struct{}
}

func get(ctx context.Context, w event.Watcher[int], opts ...event.GetOption[int]) *getting {
	g := &getting{done: make(chan struct{})}
	go func() {
		defer close(g.done)
		g.n, g.err = w.Get(ctx, opts...)
	}()
	synctest.Wait()
	return g
}

func (g *getting) has(t *testing.T, want int) {
	t.Helper()
	<-g.done
	assert.NoError(t, g.err)
	assert.Equal(t, want, g.n)
}

func (g *getting) fails(t *testing.T, want error) {
	t.Helper()
	<-g.done
	assert.Equal(t, want, g.err)
}

func TestMemoOthersWaitUnderTheirContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		f := newGated()
		view := event.Memo(&v, f.double)
		v.Set(1)
		first, second, third, fourth := view.Watch(), view.Watch(), view.Watch(), view.Watch()
		ctx, cancel := context.WithCancel(t.Context())
		running := get(t.Context(), first)
		waiting := get(t.Context(), second)
		tried := get(ctx, third, event.BacklogOnly[int]())
		closing := get(t.Context(), fourth)
		loaded := make(chan int, 1)
		go func() { n, _ := view.(event.Loader[int]).Load(); loaded <- n }()
		synctest.Wait()
		for _, g := range []*getting{running, waiting, tried, closing} {
			assert.True(t, opened(g.done))
		}
		assert.Empty(t, loaded)
		cancel()
		tried.fails(t, context.Canceled)
		_ = fourth.Close()
		closing.fails(t, event.ErrWatcherClosed)
		assert.False(t, opened(third.Changed()), "what it has taken is unseen")
		f.end <- struct{}{}
		running.has(t, 2)
		waiting.has(t, 2)
		assert.Equal(t, 2, <-loaded)
		has(t, third, 2)
		assert.EqualValues(t, 1, f.calls.Load())
	})
}

// The end of the context or the Close of the watcher that runs f comes after f.
func TestMemoEndsDoNotStopTheFunction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		f := newGated()
		view := event.Memo(&v, f.double)
		for n, end := range []func(cancel func(), w event.Watcher[int]) error{
			func(cancel func(), _ event.Watcher[int]) error { cancel(); return context.Canceled },
			func(_ func(), w event.Watcher[int]) error { _ = w.Close(); return event.ErrWatcherClosed },
		} {
			v.Set(n)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			w, other := view.Watch(), view.Watch()
			running, waiting := get(ctx, w), get(t.Context(), other)
			want := end(cancel, w)
			synctest.Wait()
			assert.True(t, opened(running.done))
			assert.True(t, opened(waiting.done))
			f.end <- struct{}{}
			running.fails(t, want)
			waiting.has(t, 2*n)
			if n == 0 {
				has(t, w, 2*n)
			}
			assert.EqualValues(t, n+1, f.calls.Load())
		}
	})
}

func TestMemoOfANewerValueDuringTheFunction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		f := newGated()
		view := event.Memo(&v, func(n int) int {
			if n == 5 {
				return f.double(n)
			}
			return 2 * n
		})
		slow, waits, fast := view.Watch(), view.Watch(), view.Watch()
		v.Set(5)
		running, waiting := get(t.Context(), slow), get(t.Context(), waits)
		v.Set(6)
		has(t, fast, 12)
		load(t, "Memo", view, 12, true)
		assert.True(t, opened(waiting.done), "it began when 5 was the newest")
		f.end <- struct{}{}
		running.has(t, 10)
		waiting.has(t, 10)
		has(t, view.Watch(), 12) // The late result has not replaced it.
		has(t, slow, 12)
		has(t, waits, 12)
		assert.EqualValues(t, 1, f.calls.Load())
	})
}

// A Get that has failed keeps what it has taken. The next one returns what is newest.
func TestMemoOfAValueThatWasTakenBefore(t *testing.T) {
	var v event.MemoryValue[int]
	calls := map[int]int{}
	view := event.Memo(event.Distinct(&v), func(n int) int { calls[n]++; return -n })
	late := view.Watch()
	v.Set(1)
	has(t, late, -1)
	v.Set(2)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := late.Get(ctx, event.Filter(func(int) bool { cancel(); return true }))
	assert.Equal(t, context.Canceled, err)
	v.Set(2) // For late it is no change, for another watcher it is the first.
	has(t, view.Watch(), -2)
	has(t, late, -2)
	assert.Equal(t, map[int]int{1: 1, 2: 3}, calls)
}

func TestMemoOfAnEndDuringTheFunction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		f, cause := newGated(), errors.New("cause")
		view := event.Memo(&v, f.double)
		v.Set(1)
		w, other := view.Watch(), view.Watch()
		running, waiting := get(t.Context(), w), get(t.Context(), other)
		_ = v.CloseWithError(cause)
		f.end <- struct{}{}
		running.has(t, 2)
		waiting.has(t, 2)
		for _, w := range []event.Watcher[int]{w, other} {
			_, err := w.Get(t.Context())
			assert.ErrorIs(t, err, cause)
		}
		has := get(t.Context(), view.Watch())
		<-has.done
		assert.Equal(t, 2, has.n, "the final value, also for a later watcher")
		assert.EqualValues(t, 1, f.calls.Load())
	})
}

func TestMemoOfAFunctionThatFails(t *testing.T) {
	for name, fail := range map[string]func(){
		"panic":  func() { panic("boom") },
		"Goexit": runtime.Goexit,
	} {
		synctest.Test(t, func(t *testing.T) {
			var v event.MemoryValue[int]
			f := newGated()
			failures := 2
			view := event.Memo(&v, func(n int) int {
				n = f.double(n)
				if failures--; failures >= 0 {
					fail()
				}
				return n
			})
			v.Set(1)
			failed := make(chan any, 2)
			ws := []event.Watcher[int]{view.Watch(), view.Watch(), view.Watch(), view.Watch()}
			results := make(chan int, len(ws))
			for _, w := range ws {
				go func() {
					returned := false
					defer func() {
						if !returned {
							failed <- recover()
							assert.False(t, opened(w.Changed()), "its watcher has not moved")
						}
					}()
					n, err := w.Get(t.Context())
					returned = true
					assert.NoError(t, err)
					results <- n
				}()
			}
			for i := range 3 {
				synctest.Wait()
				assert.Len(t, f.begun, i+1, "one at a time")
				f.end <- struct{}{}
			}
			synctest.Wait()
			assert.Len(t, failed, 2)
			if name == "panic" {
				assert.Equal(t, "boom", <-failed)
			}
			assert.Len(t, results, 2)
			again := 0
			for _, w := range ws {
				if n, err := now(t, w); err == nil {
					assert.Equal(t, 2, n)
					again++
				}
			}
			assert.Equal(t, 2, again, "what failed is there for the next Get")
			assert.EqualValues(t, 3, f.calls.Load())
		})
	}
}

func TestMemoLoadOfAFunctionThatPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		f := newGated()
		broken := true
		view := event.Memo(&v, func(n int) int {
			n = f.double(n)
			if broken {
				panic("boom")
			}
			return n
		})
		v.Set(1)
		go func() {
			assert.PanicsWithValue(t, "boom", func() { view.(event.Loader[int]).Load() })
		}()
		synctest.Wait()
		loaded := make(chan int, 1)
		go func() { n, _ := view.(event.Loader[int]).Load(); loaded <- n }()
		synctest.Wait()
		f.end <- struct{}{}
		synctest.Wait()
		broken = false
		f.end <- struct{}{}
		assert.Equal(t, 2, <-loaded)
	})
}

// f must not use the Memo. What becomes of it if it does ends with the context, and
// breaks nothing. It may call back into the source.
func TestMemoOfAFunctionThatReenters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		var view event.ValueWatch[int]
		var w event.Watcher[int]
		view = event.Memo(&v, func(n int) int {
			switch n {
			case 1:
				_, err := w.Get(t.Context())
				assert.Equal(t, event.ErrConcurrentGet, err)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err = view.Watch().Get(ctx, event.BacklogOnly[int]())
				assert.Equal(t, context.DeadlineExceeded, err)
			case 2:
				v.Set(3)
				has(t, view.Watch(), 30) // Of another version.
			}
			return 10 * n
		})
		w = view.Watch()
		v.Set(1)
		has(t, w, 10)
		v.Set(2)
		n, err := now(t, w)
		assert.NoError(t, err)
		assert.Equal(t, 20, n)
		has(t, w, 30)
	})
}

// TestMemoUnderManyWatchers has a thousand watchers, a fast producer and a function
// that is slow, panics, ends its goroutine or sets the source.
func TestMemoUnderManyWatchers(t *testing.T) {
	watchdog(t)
	noLeak(t)
	const watchers = 1000
	last := sized(200)
	var v event.MemoryValue[int]
	counts := make([]atomic.Int32, last+1) // the calls that have returned, by argument
	view := event.Memo(&v, func(n int) int {
		switch rand.IntN(8) {
		case 0:
			panic("boom")
		case 1:
			runtime.Goexit()
		case 2:
			linger(100)
		case 3:
			v.Update(func(old int, _ bool) (int, bool) { return min(old+1, last), old < last })
		}
		counts[n].Inc()
		return -n
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all sync.WaitGroup
	for i := range watchers {
		all.Go(func() {
			w := view.Watch()
			defer func() { _ = w.Close() }()
			for seen := 0; seen < last; {
				n, err := unbroken(ctx, w, i)
				switch {
				case errors.Is(err, errBroken), err == event.BacklogDone, errors.Is(err, context.Canceled):
					runtime.Gosched()
				case err != nil:
					t.Errorf("Get returns %v", err)
					return
				case -n <= seen:
					t.Errorf("%d after %d", -n, seen)
					return
				default:
					seen = -n
				}
			}
		})
	}
	for {
		if n, _ := v.Update(func(old int, _ bool) (int, bool) { return old + 1, old < last }); n >= last {
			break
		}
		runtime.Gosched()
	}
	all.Wait()
	for n := range counts {
		assert.LessOrEqual(t, counts[n].Load(), int32(1), "the calls for %d", n)
	}
}

var errBroken = errors.New("the function has failed")

// unbroken is a Get that survives what the function does, in one of several ways.
func unbroken(ctx context.Context, w event.Watcher[int], i int) (n int, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }()
		n, err = 0, errBroken
		var cancel func()
		switch i % 3 {
		case 0:
			n, err = w.Get(ctx)
		case 1:
			n, err = w.Get(ctx, event.BacklogOnly[int]())
		case 2:
			ctx, cancel = context.WithCancel(ctx)
			defer cancel()
			if rand.IntN(4) == 0 {
				go cancel()
			}
			n, err = w.Get(ctx)
		}
	}()
	<-done
	return n, err
}

func ExampleMemo() {
	var members event.MemoryValue[[]string]
	encoded := event.Memo(&members, func(names []string) string {
		fmt.Println("encode", names) // Once for all streams.
		return strings.Join(names, ",")
	})
	members.Set([]string{"alice", "bob"})

	var streams sync.WaitGroup
	for range 3 {
		streams.Go(func() {
			w := encoded.Watch()
			defer w.Close()
			text, err := w.Get(context.Background())
			fmt.Println("send", text, err)
		})
	}
	streams.Wait()
	// Output:
	// encode [alice bob]
	// send alice,bob <nil>
	// send alice,bob <nil>
	// send alice,bob <nil>
}
