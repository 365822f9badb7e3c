package eventtest

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/eventvalue/event"
)

// progress returns guarantees 8 to 11.
func progress() []guarantee {
	return []guarantee{
		{"G08_SetNeverBlocks", []rule{
			{name: "WhileAPredicateRuns", test: setWhileAPredicateRuns, needs: needs(NonBlockingSet, Filters), mode: realTime},
			{name: "WhileNobodyReads", test: setWhileNobodyReads, needs: needs(NonBlockingSet), mode: realTime},
			{name: "WhileManyAreParked", test: setWhileManyAreParked, needs: needs(NonBlockingSet), mode: realTime},
			{name: "WhileManySelect", test: setWhileManySelect, needs: needs(NonBlockingSet, Changes), mode: realTime},
		}},
		{"G09_GetAllocatesNothing", []rule{
			{name: "Plain", test: getAllocatesNothing, needs: needs(NoAllocation), mode: noRace},
			{name: "KeptOptions", test: getWithOptionsAllocatesNothing, needs: needs(NoAllocation, Filters, Backlog), mode: noRace},
			{name: "AmongMany", test: getAmongManyAllocatesNothing, needs: needs(NoAllocation), mode: noRace},
		}},
		{"G10_ParkedGet", []rule{
			{name: "HoldsNoGoroutine", test: parkedGetHoldsNoGoroutine, needs: needs(NoGoroutine)},
			{name: "GivesBackWhatItHeld", test: parkedGetGivesBack},
			{name: "GivenUpGetsLeaveNothing", test: givenUpGetsLeaveNothing},
			{name: "GoneWatchersLeaveNothing", test: goneWatchersLeaveNothing},
			{name: "TakenChannelsLeaveNothing", test: takenChannelsLeaveNothing, needs: needs(Changes)},
		}},
		{"G11_OldValuesAreGarbage", garbageRules()},
	}
}

func setWhileAPredicateRuns(h *harness) {
	w := h.watch()
	h.set(1)
	entered, leave := make(chan struct{}, 1), make(chan struct{})
	h.Cleanup(func() { close(leave) })
	h.startGet(h.Context(), w, event.Filter(func(*Item) bool {
		select {
		case entered <- struct{}{}:
		default:
		}
		<-leave
		return true
	}))
	h.do("the call of a predicate", func() { <-entered }).returns()
	h.do("Set during a predicate", func() { h.setUpTo(many) }).returns()
}

// setUpTo sets the Items 1 to n without a pause.
func (h *harness) setUpTo(n int) {
	for i := range n {
		h.Set(&Item{N: i + 1})
	}
}

func setWhileNobodyReads(h *harness) {
	for range many {
		h.watch()
	}
	seen := h.watch()
	h.do("Set without readers", func() { h.setUpTo(100) }).returns()
	h.arrives(100)
	h.get(seen, 100)
	h.do("Set without readers", func() { h.setUpTo(100) }).returns()
}

func setWhileManyAreParked(h *harness) {
	var gets []*getCall
	for range 3 * many {
		gets = append(gets, h.startGet(h.Context(), h.watch()))
	}
	h.waitIdle()
	h.do("Set while many wait", func() { h.setUpTo(10) }).returns()
	for _, g := range gets {
		g.returns()
	}
}

// setWhileManySelect has callers of Changed that do not receive from the
// channel.
func setWhileManySelect(h *harness) {
	for range 3 * many {
		h.watch().Changed()
	}
	h.do("Set while many have called Changed", func() { h.setUpTo(10) }).returns()
}

// allocatesNothing fails the test if get allocates on a watcher that has a
// value to return.
func (h *harness) allocatesNothing(get func(event.Watcher[*Item]) error) {
	const runs = 100
	watchers := make([]event.Watcher[*Item], 0, runs+1) // One for the warm-up.
	for range runs + 1 {
		watchers = append(watchers, h.watch())
	}
	measure := func() float64 {
		i := 0
		return testing.AllocsPerRun(runs, func() {
			if err := get(watchers[i]); err != nil {
				h.Error(err)
			}
			i++
		})
	}
	for n := 1; n <= 2; n++ {
		h.set(n)
		if allocs := measure(); allocs > 0 {
			h.Fatalf("Get number %d of a watcher allocates %v times", n, allocs)
		}
	}
}

func getAllocatesNothing(h *harness) {
	ctx := h.Context()
	h.allocatesNothing(func(w event.Watcher[*Item]) error {
		_, err := w.Get(ctx)
		return err
	})
}

func getWithOptionsAllocatesNothing(h *harness) {
	ctx := h.Context()
	opts := []event.GetOption[*Item]{filter(func(n int) bool { return n > 0 }), backlog(), {}}
	h.allocatesNothing(func(w event.Watcher[*Item]) error {
		_, err := w.Get(ctx, opts...)
		return err
	})
}

func getAmongManyAllocatesNothing(h *harness) {
	for range many {
		h.watch()
	}
	getAllocatesNothing(h)
}

func parkedGetHoldsNoGoroutine(h *harness) {
	watchers := make([]event.Watcher[*Item], 100)
	for i := range watchers {
		watchers[i] = h.watch()
	}
	ctx, cancel := context.WithCancel(h.Context())
	defer cancel()
	for n := range 3 { // An implementation may treat the first Get differently.
		before := runtime.NumGoroutine()
		var gets []*getCall
		for _, w := range watchers {
			gets = append(gets, h.startGet(ctx, w))
		}
		h.waitIdle()
		if extra := h.extraGoroutines(before + len(gets)); extra > 0 {
			h.Fatalf("%d Gets that wait hold %d goroutines in addition to their callers'", len(gets), extra)
		}
		h.set(n)
		for _, g := range gets {
			g.gets(n)
		}
		h.waitIdle()
	}
}

// extraGoroutines returns the number of goroutines minus n. It counts several
// times and returns the minimum, because other goroutines of the process may be
// about to end.
func (h *harness) extraGoroutines(n int) int {
	extra := runtime.NumGoroutine() - n
	for range 20 {
		if extra <= 0 {
			break
		}
		runtime.GC()
		h.waitIdle()
		extra = min(extra, runtime.NumGoroutine()-n)
	}
	return extra
}

func parkedGetGivesBack(h *harness) {
	h.giveUp(h.watch(), 10) // The first use may start permanent goroutines.
	before := runtime.NumGoroutine()
	w := h.watch()
	h.giveUp(w, 200)
	_ = w.Close()
	h.waitIdle()
	if extra := h.extraGoroutines(before); extra > 5 {
		h.Fatalf("200 Gets that gave up have left %d goroutines", extra)
	}
}

// giveUp lets n Gets on w time out.
func (h *harness) giveUp(w event.Watcher[*Item], n int) {
	h.Helper()
	timeout := delay // The clock of a bubble advances as soon as the Get waits.
	if !h.bubble {
		timeout = 100 * time.Microsecond
	}
	for range n {
		ctx, cancel := context.WithTimeout(h.Context(), timeout)
		_, err := w.Get(ctx)
		cancel()
		if err == nil {
			h.Fatal("Get returns a value, though none was set")
		}
	}
}

// bounded fails the test if each call of f leaves memory behind.
func (h *harness) bounded(what string, f func()) {
	h.Helper()
	const each = 24 // Bytes. An object that is kept for each call takes more.
	n := 2 * many
	if !h.bubble {
		n = many // The calls take real time.
	}
	for range n / 4 {
		f()
	}
	before := heap()
	for range n {
		f()
	}
	if grown := heap() - before; grown > int64(n*each) {
		h.Fatalf("%d %s have left %d bytes", n, what, grown)
	}
}

// heap returns the number of reachable bytes.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func givenUpGetsLeaveNothing(h *harness) {
	w := h.watch()
	h.bounded("Gets that gave up", func() { h.giveUp(w, 1) })
}

func goneWatchersLeaveNothing(h *harness) {
	h.bounded("watchers that were closed", func() {
		w := h.Watch()
		h.giveUp(w, 1)
		_ = w.Close()
	})
}

func takenChannelsLeaveNothing(h *harness) {
	h.bounded("watchers that called Changed and were closed", func() {
		w := h.Watch()
		w.Changed()
		_ = w.Close()
	})
}
