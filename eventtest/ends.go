package eventtest

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/eventvalue/event"
)

// closing returns guarantees 17 to 19.
func closing() []guarantee {
	closing, end := needs(ClosingWatchers), needs(canClose)
	return []guarantee{
		{"G17_WatcherClose", []rule{
			{name: "EndsLaterGets", test: closeEndsLaterGets, needs: closing},
			{name: "WakesParkedGet", test: closeWakesParkedGet, needs: closing},
			{name: "MayBeDoneTwice", test: closeIsIdempotent},
			{name: "FromAPredicate", test: closeInPredicate, needs: needs(ClosingWatchers, Filters)},
			{name: "LeavesOthersAlone", test: closeLeavesOthersAlone, needs: closing},
			{name: "MeetsGet", test: closeMeetsGet, needs: closing, mode: realTime},
		}},
		{"G18_ValueClose", []rule{
			{name: "FinalValueThenTheEnd", test: finalValueThenEnd, needs: end},
			{name: "WakesParkedGet", test: endWakesParkedGet, needs: end},
			{name: "WakesManyParked", test: endWakesManyParked, needs: end},
			{name: "WithoutData", test: endWithoutData, needs: end},
			{name: "LaterWatchersToo", test: endForLaterWatchers, needs: end},
			{name: "CauseIsFound", test: causeIsFound, needs: end},
			{name: "PlainWithoutCause", test: plainWithoutCause, needs: end},
			{name: "TheFirstWins", test: firstCloseWins, needs: end},
			{name: "SetAfterwardsIsDropped", test: setAfterCloseIsDropped, needs: end},
			{name: "LoadGoesOn", test: loadAfterClose, needs: needs(canClose, canLoad)},
			{name: "RejectedFinalValueIsPassed", test: rejectedFinalValue, needs: needs(canClose, Filters)},
			{name: "BacklogThenTheEnd", test: backlogThenEnd, needs: needs(canClose, Backlog)},
			{name: "ClosedWatcherStaysClosed", test: endOfClosedWatcher, needs: needs(canClose, ClosingWatchers)},
			{name: "MeetsSetAndGet", test: closeMeetsSetAndGet, needs: end, mode: realTime},
		}},
		{"G19_Update", updateRules()},
	}
}

func closeEndsLaterGets(h *harness) {
	fresh, unseen, seen := h.watch(), h.watch(), h.watch()
	_ = fresh.Close()
	h.getFails(h.Context(), fresh, event.ErrWatcherClosed)
	h.set(1)
	h.get(seen, 1)
	for _, w := range []event.Watcher[*Item]{fresh, unseen, seen} {
		_ = w.Close()
		for range 2 {
			h.getFails(h.Context(), w, event.ErrWatcherClosed)
		}
		if !h.lacks(Filters) {
			h.getFails(h.Context(), w, event.ErrWatcherClosed, only(1))
		}
		if !h.lacks(Backlog) {
			h.getFails(h.Context(), w, event.ErrWatcherClosed, backlog())
		}
	}
}

func closeWakesParkedGet(h *harness) {
	for waits := range 4 { // An implementation may treat the first waits differently.
		h.Subject = h.newSubject(h.TB)
		w := h.watch()
		for n := range waits {
			g := h.parked(h.Context(), w)
			h.set(n)
			g.gets(n)
		}
		g := h.parked(h.Context(), w)
		h.do("Close", func() { _ = w.Close() }).returns()
		g.fails(event.ErrWatcherClosed)
	}
}

func closeIsIdempotent(h *harness) {
	w := h.watch()
	h.set(1)
	h.get(w, 1)
	for range 3 {
		h.do("Close", func() {
			if err := w.Close(); err != nil {
				h.Errorf("Close of a watcher returns %v", err)
			}
		}).returns()
	}
}

func closeInPredicate(h *harness) {
	w := h.watch()
	h.set(1)
	h.getFails(h.Context(), w, event.ErrWatcherClosed, filter(func(int) bool {
		_ = w.Close()
		return true
	}))
	h.getFails(h.Context(), w, event.ErrWatcherClosed)
}

func closeLeavesOthersAlone(h *harness) {
	w, waiting, idle := h.watch(), h.watch(), h.watch()
	g, own := h.parked(h.Context(), waiting), h.parked(h.Context(), w)
	_ = w.Close()
	own.fails(event.ErrWatcherClosed)
	g.waits()
	h.set(1)
	g.gets(1)
	h.get(idle, 1)
	h.get(h.watch(), 1)
}

func closeMeetsGet(h *harness) {
	for n := range h.rounds() {
		w := h.Watch()
		g := h.startGet(h.Context(), w)
		for range n % 4 {
			runtime.Gosched()
		}
		_ = w.Close()
		g.fails(event.ErrWatcherClosed)
	}
}

// closeValue closes the value, and waits until that has reached the watchers.
func (h *harness) closeValue(cause error) {
	h.Helper()
	if err := h.Close(cause); err != nil {
		h.Errorf("Close of a value returns %v", err)
	}
	if h.late {
		h.waitIdle()
	}
}

func finalValueThenEnd(h *harness) {
	fresh, seen := h.watch(), h.watch()
	h.set(1)
	h.get(seen, 1)
	h.set(2)
	h.get(seen, 2)
	h.closeValue(nil)
	h.get(fresh, 2)
	for range 3 {
		h.getFails(h.Context(), fresh, event.ErrClosed)
		h.getFails(h.Context(), seen, event.ErrClosed)
	}
}

func endWakesParkedGet(h *harness) {
	for waits := range 4 {
		h.Subject = h.newSubject(h.TB)
		w := h.watch()
		for n := range waits {
			g := h.parked(h.Context(), w)
			h.set(n)
			g.gets(n)
		}
		g := h.parked(h.Context(), w)
		h.closeValue(nil)
		g.fails(event.ErrClosed)
	}
}

func endWakesManyParked(h *harness) {
	h.set(1)
	var gets []*getCall
	for range many {
		w := h.watch()
		h.startGet(h.Context(), w).returns()
		gets = append(gets, h.startGet(h.Context(), w))
	}
	h.waitIdle()
	h.closeValue(nil)
	for _, g := range gets {
		g.fails(event.ErrClosed)
	}
}

func endWithoutData(h *harness) {
	w := h.watch()
	h.closeValue(nil)
	h.getFails(h.Context(), w, event.ErrClosed)
	h.getFails(h.Context(), h.watch(), event.ErrClosed)
	if h.Load == nil {
		return
	}
	if item, ok := h.Load(); ok || item != nil {
		h.Fatalf("Load returns %v and %t, though there never was data", item, ok)
	}
}

func endForLaterWatchers(h *harness) {
	h.set(1)
	h.closeValue(nil)
	for range 2 {
		w := h.watch()
		h.get(w, 1)
		h.getFails(h.Context(), w, event.ErrClosed)
	}
}

// A reason is a cause that errors.As finds.
type reason struct{ n int }

func (r reason) Error() string { return fmt.Sprint("reason ", r.n) }

func causeIsFound(h *harness) {
	w := h.watch()
	g := h.parked(h.Context(), w)
	h.closeValue(reason{7})
	g.fails(event.ErrClosed)
	h.getFails(h.Context(), w, reason{7})
	if r := (reason{}); !errors.As(g.err, &r) || r.n != 7 {
		h.Fatalf("errors.As does not find the cause in %v", g.err)
	}
}

func plainWithoutCause(h *harness) {
	w := h.watch()
	h.set(1)
	h.get(w, 1)
	g := h.parked(h.Context(), w)
	h.closeValue(nil)
	g.fails(event.ErrClosed)
	if g.err != event.ErrClosed {
		h.Fatalf("Get returns %#v, want ErrClosed itself", g.err)
	}
}

func firstCloseWins(h *harness) {
	w := h.watch()
	h.set(1)
	h.closeValue(reason{1})
	h.closeValue(reason{2})
	h.closeValue(nil)
	h.get(w, 1)
	h.getFails(h.Context(), w, reason{1})
	h.getFails(h.Context(), w, event.ErrClosed)
}

func setAfterCloseIsDropped(h *harness) {
	w, seen := h.watch(), h.watch()
	h.set(1)
	h.get(seen, 1)
	h.closeValue(nil)
	h.Set(&Item{N: 2})
	h.waitIdle()
	h.getFails(h.Context(), seen, event.ErrClosed)
	h.get(w, 1)
	h.getFails(h.Context(), w, event.ErrClosed)
	h.get(h.watch(), 1)
}

func loadAfterClose(h *harness) {
	h.set(1)
	h.closeValue(nil)
	h.Set(&Item{N: 2})
	h.waitIdle()
	if item, ok := h.Load(); !ok || item.number() != 1 {
		h.Fatalf("Load returns %v and %t after Close, want item 1", item, ok)
	}
}

func rejectedFinalValue(h *harness) {
	w, waiting := h.watch(), h.watch()
	h.set(1)
	g := h.parked(h.Context(), waiting, only(9))
	h.closeValue(nil)
	g.fails(event.ErrClosed)
	h.getFails(h.Context(), w, event.ErrClosed, only(9))
	h.getFails(h.Context(), w, event.ErrClosed)
	h.getFails(h.Context(), waiting, event.ErrClosed)
}

func backlogThenEnd(h *harness) {
	w := h.watch()
	h.set(1)
	h.closeValue(nil)
	h.get(w, 1, backlog())
	h.getFails(h.Context(), w, event.ErrClosed, backlog())
	h.getFails(h.Context(), w, event.ErrClosed)
}

func endOfClosedWatcher(h *harness) {
	w := h.watch()
	h.set(1)
	_ = w.Close()
	h.closeValue(nil)
	h.getFails(h.Context(), w, event.ErrWatcherClosed)
}

// closeMeetsSetAndGet closes a value while watchers follow it. Each watcher
// must return the final value.
func closeMeetsSetAndGet(h *harness) {
	for range min(h.rounds(), 300) {
		s := h.newSubject(h.TB)
		var calls []*call
		for range 2 {
			w := s.Watch()
			calls = append(calls, h.do("a watcher whose value has ended", func() {
				defer w.Close()
				h.followToTheEnd(h.Context(), w, 5)
			}))
		}
		for n := 1; n <= 5; n++ {
			s.Set(&Item{N: n})
			runtime.Gosched()
		}
		_ = s.Close(nil)
		for _, c := range calls {
			c.returns()
		}
	}
}

// followToTheEnd calls Get until it fails. The error must be ErrClosed, and the
// value before it must be last.
func (h *harness) followToTheEnd(ctx context.Context, w event.Watcher[*Item], last int) {
	seen := 0
	for {
		item, err := w.Get(ctx)
		if err == nil {
			seen = item.number()
			continue
		}
		if !errors.Is(err, event.ErrClosed) || seen != last {
			h.Errorf("Get returns %v after item %d, want ErrClosed after item %d", err, seen, last)
		}
		return
	}
}
