package event_test

import (
	"context"
	"reflect"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

// slack is by how much the heap may grow for reasons that are not ours. What the tests
// look for would be far more.
const slack = 512 << 10

// liveHeap returns the bytes of the objects that are reachable.
func liveHeap() int {
	// Twice: what the first cycle finalizes or leaves in pools, the second frees.
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// heapWithin fails the test unless the heap gets back to at most limit bytes above base.
func heapWithin(t *testing.T, base, limit int) {
	t.Helper()
	var now int
	if !eventually(func() bool { now = liveHeap(); return now-base <= limit }) {
		t.Errorf("the heap has grown by %d bytes, allowed %d", now-base, limit)
	}
}

// giveUp has the watchers wait and give up, all at once, the given number of times. In one
// half of the rounds a timeout ends the waits, for which the clock of the bubble
// advances only if all of them do wait.
func giveUp(t *testing.T, watchers []event.Watcher[int], times int) {
	t.Helper()
	for i := range times {
		ctx, cancel := context.WithCancel(context.Background())
		if i%2 == 0 {
			ctx, cancel = context.WithTimeout(context.Background(), time.Second)
		}
		var all sync.WaitGroup
		for _, w := range watchers {
			all.Go(func() {
				if _, err := w.Get(ctx); err == nil || err != ctx.Err() {
					t.Errorf("Get returns %v, want its context's end", err)
				}
			})
		}
		if i%2 == 1 {
			synctest.Wait()
			cancel()
		}
		all.Wait()
		cancel()
	}
}

// TestGivingUpLeavesNothing has a million Gets end with their contexts, on a value that
// nobody sets. (Under the race detector it is a fifth of that.)
func TestGivingUpLeavesNothing(t *testing.T) {
	const watchers = 100
	watchdog(t)
	noLeak(t)
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		ws := make([]event.Watcher[int], watchers)
		for i := range ws {
			ws[i] = v.Watch()
		}
		giveUp(t, ws, 10) // From now on the watchers have what they keep.
		base, goroutines := liveHeap(), runtime.NumGoroutine()
		giveUp(t, ws, sized(1_000_000/watchers))
		heapWithin(t, base, slack)
		require.True(t, eventually(func() bool { return runtime.NumGoroutine() <= goroutines }))
		for _, w := range ws {
			require.NoError(t, w.Close())
		}
		runtime.KeepAlive(&v)
	})
}

// TestWatchersComeAndGo has watchers made, wait, and closed or dropped. A value that
// is not set must not remember them.
func TestWatchersComeAndGo(t *testing.T) {
	const watchers = 100
	watchdog(t)
	noLeak(t)
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		comeAndGo := func(times int) {
			for range times {
				ws := make([]event.Watcher[int], watchers)
				for i := range ws {
					ws[i] = v.Watch()
					ws[i].Changed()
				}
				giveUp(t, ws, 2)
				for _, w := range ws[:watchers/2] {
					require.NoError(t, w.Close())
				}
			}
		}
		comeAndGo(10)
		base := liveHeap()
		comeAndGo(sized(2_000))
		heapWithin(t, base, slack)
		runtime.KeepAlive(&v)
	})
}

// A payload is what is to become garbage.
type payload struct{ _ [64]byte }

// garbage fails the test unless what p points to is collected.
func garbage[T any](t *testing.T, what string, p weak.Pointer[T]) {
	t.Helper()
	if !eventually(func() bool { return p.Value() == nil }) {
		t.Errorf("%s is still held", what)
	}
}

type payloadWatcher = event.Watcher[*payload]

// uses are what a watcher may do with a value. Each is called while that is the current
// one, in a bubble. What it sets itself is no garbage yet when it returns.
var uses = map[string]func(context.Context, *testing.T, *event.MemoryValue[*payload], payloadWatcher){
	"not seen": func(context.Context, *testing.T, *event.MemoryValue[*payload], payloadWatcher) {},
	"seen": func(ctx context.Context, t *testing.T, _ *event.MemoryValue[*payload], w payloadWatcher) {
		getAny(ctx, t, w)
	},
	"selected on": func(ctx context.Context, t *testing.T, _ *event.MemoryValue[*payload], w payloadWatcher) {
		w.Changed()
		getAny(ctx, t, w)
		w.Changed()
	},
	"waited on": func(ctx context.Context, t *testing.T, v *event.MemoryValue[*payload], w payloadWatcher) {
		for range 3 { // By select first and by registration then.
			getAny(ctx, t, w)
			var waiting sync.WaitGroup
			waiting.Go(func() { getAny(ctx, t, w) })
			synctest.Wait()
			v.Set(new(payload))
			waiting.Wait()
			v.Set(new(payload))
		}
	},
	"given up on": func(ctx context.Context, t *testing.T, _ *event.MemoryValue[*payload], w payloadWatcher) {
		getAny(ctx, t, w)
		for range 3 {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			_, err := w.Get(ctx)
			require.Equal(t, context.DeadlineExceeded, err)
			cancel()
		}
	},
	"rejected": func(ctx context.Context, t *testing.T, _ *event.MemoryValue[*payload], w payloadWatcher) {
		none := event.Filter(func(*payload) bool { return false })
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err := w.Get(ctx, none)
		require.Equal(t, context.DeadlineExceeded, err)
		_, err = w.Get(context.Background(), none, event.BacklogOnly[*payload]())
		require.Equal(t, event.BacklogDone, err)
	},
}

func getAny(ctx context.Context, t *testing.T, w payloadWatcher) {
	_, err := w.Get(ctx)
	require.NoError(t, err)
}

// TestOldValuesAreGarbage: whatever a watcher has done with a value, once it is replaced
// nothing refers to it.
func TestOldValuesAreGarbage(t *testing.T) {
	for name, use := range uses {
		t.Run(name, func(t *testing.T) {
			watchdog(t)
			noLeak(t)
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var v event.MemoryValue[*payload]
				first, w := new(payload), v.Watch()
				defer w.Close()
				v.Set(first)
				old := weak.Make(first)
				first = nil
				use(ctx, t, &v, w)
				current, _ := v.Load()
				last := weak.Make(current)
				current = nil
				v.Set(new(payload))
				garbage(t, "the first value", old)
				garbage(t, "the last value", last)
				// The idle watcher is still there and does not refer to them.
				runtime.KeepAlive(w)
			})
		})
	}
}

// A tracked context can be told to be collected or not.
type tracked struct{ context.Context }

// TestClosedWatcherHoldsNothing: neither the value nor the context.
func TestClosedWatcherHoldsNothing(t *testing.T) {
	watchdog(t)
	noLeak(t)
	synctest.Test(t, func(t *testing.T) {
		root, cancel := context.WithCancel(context.Background())
		defer cancel() // It has not ended when the watcher is closed.
		v := new(event.MemoryValue[int])
		ctx := &tracked{root}
		w := v.Watch()
		waitOn(t, v, w, ctx, 3)
		require.NoError(t, w.Close())
		value, context := weak.Make(v), weak.Make(ctx)
		v, ctx = nil, nil
		garbage(t, "the value of a closed watcher", value)
		garbage(t, "the context of a closed watcher", context)
		runtime.KeepAlive(w)
	})
}

// waitOn has w wait under ctx so many times; from the second on it is registered with it.
func waitOn(t *testing.T, v *event.MemoryValue[int], w event.Watcher[int], ctx context.Context, times int) {
	t.Helper()
	for i := range times {
		var waiting sync.WaitGroup
		waiting.Go(func() {
			got, err := w.Get(ctx)
			if err != nil || got != i {
				t.Errorf("Get returns %d, %v", got, err)
			}
		})
		synctest.Wait()
		v.Set(i)
		waiting.Wait()
	}
}

// giveUpUnder has a Get under ctx wait until it is cancelled.
func giveUpUnder(t *testing.T, w event.Watcher[int], ctx context.Context, cancel func()) {
	t.Helper()
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if _, err := w.Get(ctx); err != context.Canceled {
			t.Errorf("Get returns %v, want its context's end", err)
		}
	})
	synctest.Wait()
	cancel()
	waiting.Wait()
}

// TestDroppedWatcherIsGarbage checks that a dropped watcher is collected without a
// Close, once its last context has ended and the value was set.
func TestDroppedWatcherIsGarbage(t *testing.T) {
	watchdog(t)
	noLeak(t)
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		ctx, cancel := context.WithCancel(context.Background())
		w := v.Watch()
		waitOn(t, &v, w, ctx, 3)
		w.Changed()
		ended, cancelled := context.WithCancel(ctx)
		giveUpUnder(t, w, ended, cancelled)
		dropped := weak.Make((*byte)(reflect.ValueOf(w).UnsafePointer()))
		w = nil
		cancel()
		v.Set(100)
		garbage(t, "a dropped watcher", dropped)
		runtime.KeepAlive(&v)
	})
}

// amongOthers returns a watcher that has waited among n others, several times in a row, at
// last until a Set, or until all had given up and then there was a Set.
func amongOthers(t *testing.T, n int, set bool) event.Watcher[int] {
	t.Helper()
	var v event.MemoryValue[int]
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var waiting sync.WaitGroup
	ws := make([]event.Watcher[int], n)
	const times = 3
	for i := range ws {
		ws[i] = v.Watch()
		waiting.Go(func() {
			for range times {
				if _, err := ws[i].Get(ctx); set && err != nil {
					t.Errorf("Get returns %v", err)
				}
			}
		})
	}
	for range times - 1 {
		synctest.Wait()
		v.Set(1)
	}
	synctest.Wait()
	if !set {
		cancel()
		waiting.Wait()
	}
	v.Set(1)
	waiting.Wait()
	return ws[n/2]
}

// TestIdleWatcherHoldsNoOthers: a watcher that has waited among many others, and has seen
// nothing of them since, does not keep what they left behind.
func TestIdleWatcherHoldsNoOthers(t *testing.T) {
	const others = 10_000
	for _, set := range []bool{true, false} {
		watchdog(t)
		noLeak(t)
		synctest.Test(t, func(t *testing.T) {
			amongOthers(t, others, set) // The runtime keeps what goroutines are made of.
			base := liveHeap()
			idle := amongOthers(t, others, set)
			heapWithin(t, base, slack)
			runtime.KeepAlive(idle)
		})
	}
}

// TestManyWatchersOnACombineAll checks that a view keeps nothing of the waiters that
// have gone.
func TestManyWatchersOnACombineAll(t *testing.T) {
	watchdog(t)
	noLeak(t)
	const watchers, sources = 1000, 10
	vs := make([]*event.MemoryValue[int], sources)
	of := make([]event.ValueWatch[int], sources)
	for i := range vs {
		vs[i] = new(event.MemoryValue[int])
		vs[i].Set(0)
		of[i] = vs[i]
	}
	view := event.CombineAll(of...)
	target := 0
	round := func() {
		target += sources
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var got, ended sync.WaitGroup
		got.Add(watchers)
		for range watchers {
			ended.Go(func() {
				w := view.Watch()
				defer w.Close()
				for sum := -1; ; {
					ns, err := w.Get(ctx)
					if err != nil {
						return
					}
					next := 0
					for _, n := range ns {
						next += n
					}
					if next <= sum {
						t.Errorf("%d after %d", next, sum)
					}
					if sum = next; sum == target {
						got.Done()
					}
					w.Changed() // It is left open, or soon to be replaced.
				}
			})
		}
		for _, v := range vs {
			v.Update(func(n int, _ bool) (int, bool) { return n + 1, true })
			runtime.Gosched()
		}
		got.Wait()
		cancel()
		ended.Wait()
	}
	round()
	base := liveHeap()
	for range max(sized(10), 2) {
		round()
	}
	heapWithin(t, base, 100_000)
}

func TestGivenUpGetsOfACombineLeaveNothing(t *testing.T) {
	var a, b event.MemoryValue[int]
	view := event.Combine(&a, &b, paired)
	round := func() {
		w := view.Watch()
		w.Changed()
		ctx, cancel := context.WithCancel(t.Context())
		go cancel()
		_, err := w.Get(ctx)
		assert.Equal(t, context.Canceled, err)
		_ = w.Close()
	}
	for range 1000 {
		round()
	}
	base := liveHeap()
	for range sized(10_000) {
		round()
	}
	heapWithin(t, base, 20_000)
}

type large [1 << 20]byte

func TestClosedCombineReleasesItsParts(t *testing.T) {
	for _, busy := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			base := liveHeap()
			w := closedOfLarge(t, busy)
			heapWithin(t, base, 1<<19)
			runtime.KeepAlive(w)
		})
	}
}

// closedOfLarge returns a watcher that was closed after it had got large values, whose sources
// nobody keeps.
//
//go:noinline
func closedOfLarge(t *testing.T, busy bool) event.Watcher[int] {
	var a, b event.MemoryValue[*large]
	w := event.Combine(&a, event.DistinctFunc(&b, func(a, b *large) bool { return false }), func(_, _ *large) int { return 0 }).Watch()
	a.Set(new(large))
	b.Set(new(large))
	_, err := w.Get(t.Context())
	require.NoError(t, err)
	done := make(chan error, 1)
	if busy {
		go func() { _, err := w.Get(t.Context()); done <- err }()
		synctest.Wait()
	}
	assert.NoError(t, w.Close())
	if busy {
		assert.Equal(t, event.ErrWatcherClosed, <-done)
	}
	return w
}

func TestDistinctKeepsNoOptions(t *testing.T) {
	var v event.MemoryValue[int]
	v.Set(1)
	w := event.Distinct(&v).Watch()
	option := getWithPayload(t, w)
	garbage(t, "what a Filter of an earlier Get refers to", option)
	runtime.KeepAlive(w)
}

// getWithPayload gets with a Filter that refers to what is returned.
//
//go:noinline
func getWithPayload(t *testing.T, w event.Watcher[int]) weak.Pointer[payload] {
	p := new(payload)
	_, err := w.Get(t.Context(), event.Filter(func(int) bool { return p != nil }))
	require.NoError(t, err)
	return weak.Make(p)
}

func TestWhereKeepsNoOptions(t *testing.T) {
	var v event.MemoryValue[int]
	v.Set(1)
	w := event.Where(&v, func(int) bool { return true }).Watch()
	option := getWithPayload(t, w)
	garbage(t, "what a Filter of an earlier Get refers to", option)
	runtime.KeepAlive(w)
}

// A watcher of a Memo keeps no value that it has returned.
func TestMemoWatcherKeepsNoReturnedValue(t *testing.T) {
	var v event.MemoryValue[*payload]
	w := event.Memo(&v, func(*payload) *payload { return nil }).Watch()
	last := setAndReturn(t, &v, w)
	v.Set(nil)
	garbage(t, "a value that a watcher of a Memo has returned", last)
	runtime.KeepAlive(w)
}

//go:noinline
func setAndReturn(t *testing.T, v *event.MemoryValue[*payload], w payloadWatcher) weak.Pointer[payload] {
	p := new(payload)
	v.Set(p)
	_, err := w.Get(t.Context())
	require.NoError(t, err)
	return weak.Make(p)
}

// What a Get has taken and not returned is dropped by Close, which may come during the
// Get.
func TestClosedViewsKeepNothingThatTheyHaveTaken(t *testing.T) {
	for name, over := range map[string]func(event.ValueWatch[*payload]) event.ValueWatch[*payload]{
		"Memo": func(v event.ValueWatch[*payload]) event.ValueWatch[*payload] { return event.Memo(v, nothingOf) },
		"Debounce": func(v event.ValueWatch[*payload]) event.ValueWatch[*payload] {
			return event.Debounce(v, time.Nanosecond)
		},
		"Rate": func(v event.ValueWatch[*payload]) event.ValueWatch[*payload] { return event.Rate(v, time.Nanosecond) },
	} {
		for _, during := range []bool{false, true} {
			var v event.MemoryValue[*payload]
			w := over(&v).Watch()
			taken := setAndFail(t, &v, w, during)
			v.Set(nil)
			assert.NoError(t, w.Close())
			garbage(t, "what was taken by a watcher of a "+name+" that was closed", taken)
			runtime.KeepAlive(w)
		}
	}
}

func nothingOf(*payload) *payload { return nil }

//go:noinline
func setAndFail(t *testing.T, v *event.MemoryValue[*payload], w payloadWatcher, closing bool) weak.Pointer[payload] {
	p := new(payload)
	v.Set(p)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := w.Get(ctx, event.Filter(func(*payload) bool {
		if closing {
			_ = w.Close()
		}
		cancel()
		return true
	}))
	require.Error(t, err)
	return weak.Make(p)
}

// TestClosedMemoWatcherKeepsNoResult checks that a closed watcher of a Memo does not keep
// the Memo and its last result.
func TestClosedMemoWatcherKeepsNoResult(t *testing.T) {
	var result weak.Pointer[[64]int]
	w := func() event.Watcher[*[64]int] {
		m := event.Memo(event.New(1), func(int) *[64]int { return new([64]int) })
		w := m.Watch()
		val, err := w.Get(t.Context())
		require.NoError(t, err)
		result = weak.Make(val)
		require.NoError(t, w.Close())
		return w
	}()
	require.Eventually(t, func() bool { runtime.GC(); return result.Value() == nil }, time.Minute, time.Millisecond)
	_, err := w.Get(t.Context())
	assert.Equal(t, event.ErrWatcherClosed, err)
}

// The last result of a Memo stays, even without watchers. One that a newer has
// replaced does not, and a closed watcher does not keep the Memo.
func TestMemoKeepsTheLastResultOnly(t *testing.T) {
	var v event.MemoryValue[int]
	calls := 0
	view := event.Memo(&v, func(int) *payload { calls++; return new(payload) })
	w := view.Watch()
	first, last := resultOf(t, &v, w), resultOf(t, &v, w)
	assert.NoError(t, w.Close())
	garbage(t, "a result that a newer has replaced", first)
	runtime.GC()
	assert.NotNil(t, last.Value())
	_, ok := event.Load(view)
	assert.True(t, ok)
	assert.Equal(t, 2, calls)
	runtime.KeepAlive(view)
}

//go:noinline
func resultOf(t *testing.T, v *event.MemoryValue[int], w payloadWatcher) weak.Pointer[payload] {
	v.Set(1)
	p, err := w.Get(t.Context())
	require.NoError(t, err)
	return weak.Make(p)
}

// The Close comes from a predicate: the Get that is in progress has the last value.
func TestDistinctClosedDuringAGetKeepsNothing(t *testing.T) {
	var v event.MemoryValue[*payload]
	w := event.DistinctFunc(&v, func(a, b *payload) bool { return a == b }).Watch()
	last := setAndGet(t, &v, w)
	v.Set(new(payload))
	_, err := w.Get(t.Context(), event.Filter(func(*payload) bool { _ = w.Close(); return true }))
	assert.Equal(t, event.ErrWatcherClosed, err)
	garbage(t, "the last value of a Distinct that was closed during a Get", last)
	runtime.KeepAlive(w)
}

//go:noinline
func setAndGet(t *testing.T, v *event.MemoryValue[*payload], w payloadWatcher) weak.Pointer[payload] {
	v.Set(new(payload))
	p, err := w.Get(t.Context())
	require.NoError(t, err)
	return weak.Make(p)
}

// A signal that hangs on a timer or on the source is kept by that.
func TestClosedRateLeavesNoSignal(t *testing.T) {
	for name, held := range map[string]bool{"Timer": true, "Source": false} {
		t.Run(name, func(t *testing.T) {
			var v event.MemoryValue[int]
			v.Set(1)
			w := event.Rate(&v, time.Hour).Watch()
			_, err := w.Get(t.Context())
			require.NoError(t, err)
			leavesNoSignal(t, &v, w, held)
		})
	}
}

func TestClosedDebounceLeavesNoSignal(t *testing.T) {
	for name, held := range map[string]bool{"TimerAndSource": true, "Source": false} {
		t.Run(name, func(t *testing.T) {
			var v event.MemoryValue[int]
			leavesNoSignal(t, &v, event.Debounce(&v, time.Hour).Watch(), held)
		})
	}
}

// leavesNoSignal fails the test if w keeps a signal after its Close. A value is held
// back before, if held.
func leavesNoSignal(t *testing.T, v *event.MemoryValue[int], w event.Watcher[int], held bool) {
	if held {
		v.Set(2)
		nothing(t, w)
	}
	w.Changed()
	signal := event.OutSignal(w)
	require.NotNil(t, signal.Value())
	assert.NoError(t, w.Close())
	garbage(t, "the signal of a watcher that was closed", signal)
	runtime.KeepAlive(v)
}

// The newest state of a source refers to the watcher until it is closed.
func TestClosedCombineIsGarbage(t *testing.T) {
	var a, b event.MemoryValue[int]
	a.Set(1)
	b.Set(1)
	garbage(t, "a watcher of a Combine that was closed", closedCombine(t, &a, &b))
	runtime.KeepAlive(&a)
	runtime.KeepAlive(&b)
}

// closedCombine returns what the function of a Combine refers to, after a watcher of it
// was closed.
//
//go:noinline
func closedCombine(t *testing.T, a, b *event.MemoryValue[int]) weak.Pointer[payload] {
	p := new(payload)
	w := event.Combine(a, b, func(x, y int) bool { return p != nil }).Watch()
	_, err := w.Get(t.Context())
	require.NoError(t, err)
	require.True(t, opened(w.Changed()))
	require.NoError(t, w.Close())
	return weak.Make(p)
}

// combineOf returns a watcher of a Combine that has looked at both sources and whose
// hooks are armed, and what its function refers to.
//
//go:noinline
func combineOf(t *testing.T, a, b *event.MemoryValue[int]) (event.Watcher[bool], weak.Pointer[payload]) {
	p := new(payload)
	w := event.Combine(a, b, func(x, y int) bool { return p != nil }).Watch()
	_, err := w.Get(t.Context())
	require.NoError(t, err)
	require.True(t, opened(w.Changed()))
	return w, weak.Make(p)
}

// A hook may be marked after a Get has found the value: its relay on the newer state
// must not be lost.
func TestClosedCombinesOfOneSourceAreGarbage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a, b event.MemoryValue[int]
		a.Set(1)
		b.Set(1)
		for _, p := range closedCombines(t, &a, &b, 20) {
			garbage(t, "a watcher of a Combine that was closed", p)
		}
		runtime.KeepAlive(&a)
		runtime.KeepAlive(&b)
	})
}

//go:noinline
func closedCombines(t *testing.T, a, b *event.MemoryValue[int], n int) []weak.Pointer[payload] {
	ws, ps := make([]event.Watcher[bool], n), make([]weak.Pointer[payload], n)
	for i := range ws {
		ws[i], ps[i] = combineOf(t, a, b)
	}
	a.Set(2) // It leaves most hooks to a goroutine.
	for range 2 {
		for _, w := range ws {
			_, _ = w.Get(t.Context(), event.BacklogOnly[bool]())
		}
		synctest.Wait()
	}
	for _, w := range ws {
		require.NoError(t, w.Close())
	}
	return ps
}

// An idle watcher keeps the shared state of the broadcast that it waited on last, and
// with that the relays of others.
func TestIdleWatcherHoldsNoCombine(t *testing.T) {
	for _, closing := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var a, b event.MemoryValue[int]
			a.Set(1)
			b.Set(1)
			idle := a.Watch()
			getInt(t, idle)
			p := combineBeside(t, &a, &b, idle, closing)
			a.Set(3)
			b.Set(3)
			garbage(t, "a watcher of a Combine that an idle watcher was beside", p)
			runtime.KeepAlive(idle)
			runtime.KeepAlive(&a)
			runtime.KeepAlive(&b)
		})
	}
}

//go:noinline
func combineBeside(t *testing.T, a, b *event.MemoryValue[int], idle event.Watcher[int], closing bool) weak.Pointer[payload] {
	w, p := combineOf(t, a, b)
	changed := idle.Changed()
	a.Set(2)
	<-changed
	getInt(t, idle)
	if closing { // Otherwise it is dropped while its hook is marked.
		_, err := w.Get(t.Context())
		require.NoError(t, err)
		require.NoError(t, w.Close())
	}
	return p
}

func getInt(t *testing.T, w event.Watcher[int]) {
	_, err := w.Get(t.Context())
	require.NoError(t, err)
}
