package eventtest

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/eventvalue/event"
)

// viewRules returns the rules of guarantee 21, with the subject as a source of
// the views. A view keeps its promises only if its sources do.
func viewRules() []rule {
	b := needs(Backlog, Filters)
	return []rule{
		{name: "MapCallsItsFunctionOnceForEachValue", test: mapOnce, needs: b},
		{name: "MapNotifiesOfEqualValues", test: mapOfEqual, needs: needs(Backlog, Filters, EqualValues)},
		{name: "DistinctComparesWithWhatWasReturned", test: distinctCompares, needs: b},
		{name: "CombineWaitsForAll", test: combineWaits, needs: needs(Backlog, Filters, Changes)},
		{name: "CombineLosesNoPart", test: combineLosesNothing, needs: b},
		{name: "CombineIsNeverLate", test: combineIsNeverLate, needs: needs(Backlog, Filters, Changes), mode: realTime},
		{name: "CombineEndsWithASource", test: combineEnds, needs: needs(Backlog, Filters, Changes, canClose)},
		{name: "CombineOutlivesASource", test: combineOutlives, needs: needs(Backlog, Filters, Changes, canClose)},
		{name: "CombineEndsWithTheLast", test: combineEndsWithTheLast, needs: needs(Backlog, Filters, Changes, canClose)},
		{name: "RateHoldsBack", test: rateHoldsBack, needs: needs(Backlog, Changes, Bubble, Immediate)},
		{name: "PanicsConsumeNothing", test: viewPanics, needs: b},
		{name: "LeaveNothing", test: viewsLeaveNothing, needs: needs(Backlog, Changes, ClosingWatchers)},
	}
}

func mapOnce(h *harness) {
	var calls []int
	double := event.Map(h.value(), func(i *Item) *Item {
		calls = append(calls, i.number())
		return &Item{N: 2 * i.number()}
	})
	w := double.Watch()
	h.Cleanup(func() { _ = w.Close() })
	h.set(1)
	h.get(w, 2, filter(func(n int) bool { return n == 2 }), filter(func(int) bool { return true }))
	h.set(2)
	h.getFails(h.Context(), w, event.BacklogDone, backlog(), only(2)) // The Filter gets the result of f, which is 4.
	h.set(3)
	h.get(w, 6)
	if len(calls) != 3 || calls[0] != 1 || calls[1] != 2 || calls[2] != 3 {
		h.Fatalf("Map calls its function with %v, want once with each of 1, 2 and 3", calls)
	}
}

func mapOfEqual(h *harness) {
	w := event.Map(h.value(), func(*Item) *Item { return &Item{N: 7} }).Watch()
	h.Cleanup(func() { _ = w.Close() })
	for range 3 {
		h.set(7)
		h.get(w, 7)
		h.getWaits(w)
	}
}

func distinctCompares(h *harness) {
	w := event.DistinctFunc(h.value(), func(last, next *Item) bool { return last.N/10 == next.N/10 }).Watch()
	h.Cleanup(func() { _ = w.Close() })
	h.set(1)
	h.get(w, 1)
	h.set(2)
	h.getFails(h.Context(), w, event.BacklogDone, backlog())
	h.set(11)
	h.getFails(h.Context(), w, event.BacklogDone, backlog(), only(12))
	h.set(3)
	g := h.parked(h.Context(), w) // 11 was not returned.
	h.set(12)
	g.gets(12)
	h.set(19)
	h.getWaits(w)
}

// sum returns a watcher of a Combine of the subject with another value.
func (h *harness) sum(other event.ValueWatch[int]) event.Watcher[*Item] {
	w := event.Combine(h.value(), other, func(i *Item, n int) *Item { return &Item{N: i.number() + n} }).Watch()
	h.Cleanup(func() { _ = w.Close() })
	return w
}

func combineWaits(h *harness) {
	var other event.MemoryValue[int]
	w := h.sum(&other)
	g := h.parked(h.Context(), w)
	h.set(1)
	g.waits()
	other.Set(10)
	g.gets(11)
	g = h.parked(h.Context(), w)
	h.set(2)
	g.gets(12)
	g = h.parked(h.Context(), w)
	other.Set(20)
	g.gets(22)
	h.getWaits(w)
}

func combineLosesNothing(h *harness) {
	var other event.MemoryValue[int]
	w := h.sum(&other)
	h.set(1)
	other.Set(10)
	for n := 1; n < 4; n++ {
		ctx, cancel := context.WithCancel(h.Context())
		h.getFails(ctx, w, context.Canceled, filter(func(int) bool { cancel(); return true }))
		h.get(w, 10+n)
		h.set(n + 1)
	}
}

// combineIsNeverLate sets one source or the other as soon as the last value has
// arrived.
func combineIsNeverLate(h *harness) {
	var other event.MemoryValue[int]
	w := h.sum(&other)
	n := h.rounds()
	h.Set(&Item{N: 0})
	other.Set(0)
	c := h.do("a watcher of two values, one of which was set while it took Changed", func() {
		for a, b := 0, 0; a+b < n; {
			item, err := w.Get(h.Context(), backlog())
			switch {
			case errors.Is(err, event.BacklogDone):
				select {
				case <-w.Changed():
				case <-h.Context().Done():
					return
				}
			case err != nil:
				h.Errorf("Get returns %v", err)
				return
			case item.number() == a+b: // All that was set has arrived.
				if a <= b {
					a++
					go h.Set(&Item{N: a})
				} else {
					b++
					go other.Set(b)
				}
				runtime.Gosched()
			}
		}
	})
	c.returns()
}

func combineEnds(h *harness) {
	var other event.MemoryValue[int]
	w := h.sum(&other)
	h.set(1)
	h.getFails(h.Context(), w, event.BacklogDone, backlog())
	other.Set(10)
	h.closeValue(reason{1})
	h.get(w, 11)
	for range 2 {
		h.getFails(h.Context(), w, reason{1})
		h.closes(w.Changed())
		other.Set(20)
	}
	h.getFails(h.Context(), h.sum(new(event.MemoryValue[int])), reason{1}) // It fails at once, because it can never have all parts.
}

// combineOutlives closes the subject without a cause. A Combine keeps its last value.
func combineOutlives(h *harness) {
	var other event.MemoryValue[int]
	w := h.sum(&other)
	h.set(1)
	other.Set(10)
	h.get(w, 11)
	h.set(2)
	h.closeValue(nil)
	h.get(w, 12)
	for n := range 2 {
		h.getFails(h.Context(), w, event.BacklogDone, backlog())
		changed := w.Changed()
		h.open(changed)
		other.Set(20 + n)
		h.closes(changed)
		h.get(w, 22+n)
	}
	_ = other.CloseWithError(reason{1})
	h.getFails(h.Context(), w, reason{1})
}

// combineEndsWithTheLast closes the subject last of two sources, and without a cause.
func combineEndsWithTheLast(h *harness) {
	var other event.MemoryValue[int]
	w := h.sum(&other)
	h.set(1)
	other.Set(10)
	h.get(w, 11)
	_ = other.Close()
	h.set(2)
	h.get(w, 12)
	h.set(3)
	h.closeValue(nil)
	h.get(w, 13)
	for range 2 {
		g := h.do("Get", func() {
			if _, err := w.Get(h.Context()); err != event.ErrClosed {
				h.Errorf("Get returns %v, want ErrClosed itself", err)
			}
		})
		g.returns()
		h.closes(w.Changed())
	}
}

func rateHoldsBack(h *harness) {
	const every = 10 * time.Second
	w := event.Rate(h.value(), every).Watch()
	h.Cleanup(func() { _ = w.Close() })
	h.set(1)
	start := time.Now()
	h.get(w, 1)
	h.set(2)
	h.getFails(h.Context(), w, event.BacklogDone, backlog())
	changed := w.Changed()
	h.open(changed)
	h.set(3)
	item, err := w.Get(h.Context())
	if err != nil || item.number() != 3 || time.Since(start) != every {
		h.Fatalf("a Get of a Rate returns %s after %v, want item 3 after %v", describe(item, err), time.Since(start), every)
	}
	h.closes(changed)
}

func viewPanics(h *harness) {
	broken := true
	boom := func() {
		if broken {
			panic("boom")
		}
	}
	var other event.MemoryValue[int]
	other.Set(1)
	for name, w := range map[string]event.Watcher[*Item]{
		"Map": event.Map(h.value(), func(i *Item) *Item { boom(); return i }).Watch(),
		"Combine": event.Combine(h.value(), &other, func(i *Item, _ int) *Item {
			boom()
			return i
		}).Watch(),
	} {
		h.Cleanup(func() { _ = w.Close() })
		h.set(1)
		broken = true
		for range 2 {
			if p := panics(func() { _, _ = w.Get(h.Context()) }); p != "boom" {
				h.Fatalf("a Get of a %s panics with %v, want what its function panics with", name, p)
			}
		}
		broken = false
		h.get(w, 1)
	}
}

func viewsLeaveNothing(h *harness) {
	var other event.MemoryValue[int]
	other.Set(1)
	h.bounded("watchers of a Combine that waited, took Changed and were closed", func() {
		w := event.Combine(h.value(), &other, func(i *Item, _ int) *Item { return i }).Watch()
		w.Changed()
		h.giveUp(w, 1)
		_ = w.Close()
	})
}
