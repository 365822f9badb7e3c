package eventtest

import (
	"context"
	"errors"
	"slices"

	"github.com/eventvalue/event"
)

func filterRules() []rule {
	f := needs(Filters)
	return []rule{
		{name: "SkipsWhatIsRejected", test: filterSkips, needs: f},
		{name: "WaitsForWhatIsAccepted", test: filterWaits, needs: f},
		{name: "SeveralMustAllAccept", test: allFiltersMustAccept, needs: f},
		{name: "OncePerValue", test: predicateSeesAValueOnce, needs: f},
		{name: "ReturnsWhatWasAccepted", test: acceptedIsReturned, needs: f},
		{name: "NilIsAskedAbout", test: nilIsAskedAbout, needs: f},
		{name: "HoldsForOneGet", test: filterHoldsForOneGet, needs: f},
		{name: "MayCallBack", test: predicateMayCallBack, needs: f, mode: realTime},
		{name: "MayPanic", test: predicateMayPanic, needs: f},
		{name: "ZeroOptionDoesNothing", test: zeroOptionDoesNothing},
	}
}

func filterSkips(h *harness) {
	w := h.watch()
	h.set(1, 2)
	h.get(w, 2, only(2))
	g := h.parked(h.Context(), w, only(5))
	h.set(3)
	g.waits()
	h.set(5)
	g.gets(5)
	h.getWaits(w)
}

func filterWaits(h *harness) {
	w := h.watch()
	h.set(1)
	g := h.parked(h.Context(), w, only(4))
	for n := range 4 {
		h.set(n)
		g.waits()
	}
	h.set(4)
	g.gets(4)
}

func allFiltersMustAccept(h *harness) {
	w := h.watch()
	for i, opts := range [][]event.GetOption[*Item]{
		{only(1, 9), only(2, 9)},
		{only(2, 9), only(1, 9)},
		{only(1, 2, 9), only(9), only(1, 2, 9)},
		{only(9), {}, only(1, 2, 9)},
	} {
		h.set(0)
		g := h.parked(h.Context(), w, opts...)
		h.set(1)
		g.waits()
		h.set(2)
		g.waits()
		h.set(9)
		if g.returns(); g.err != nil || g.item.number() != 9 {
			h.Fatalf("Get with the filters number %d returns %s", i, describe(g.item, g.err))
		}
	}
}

func predicateSeesAValueOnce(h *harness) {
	w := h.watch()
	var called []int
	look := filter(func(n int) bool {
		called = append(called, n)
		return n == 9
	})
	h.set(1)
	g := h.parked(h.Context(), w, look)
	h.set(2)
	g.waits()
	h.set(3)
	g.waits()
	h.set(9)
	g.gets(9)
	if want := []int{1, 2, 3, 9}; !slices.Equal(called, want) {
		h.Fatalf("one Get calls its predicate with %v, want %v", called, want)
	}
}

func acceptedIsReturned(h *harness) {
	w := h.watch()
	h.set(1)
	var accepted *Item
	got := h.get(w, 1, event.Filter(func(item *Item) bool {
		accepted = item
		h.Set(&Item{N: item.number() + 1})
		return true
	}))
	if got != accepted {
		h.Fatal("Get returns another Item than its predicate accepted")
	}
	h.arrives(2)
	h.get(w, 2)
}

func nilIsAskedAbout(h *harness) {
	w := h.watch()
	h.Set(nil)
	h.startGet(h.Context(), h.watch()).getsNil()
	h.startGet(h.Context(), w, event.Filter(func(item *Item) bool { return item == nil })).getsNil()
	h.getWaits(w)
}

func filterHoldsForOneGet(h *harness) {
	w := h.watch()
	h.set(1)
	h.get(w, 1, only(1))
	h.set(2)
	h.get(w, 2)
}

// predicateMayCallBack runs in real time, because an implementation that holds
// a mutex while it calls the predicate hangs.
func predicateMayCallBack(h *harness) {
	w, other := h.watch(), h.watch()
	h.set(1)
	n := 1
	g := h.startGet(h.Context(), w, event.Filter(func(*Item) bool {
		if n++; n > 4 {
			return true
		}
		h.Set(&Item{N: n})
		_, _ = other.Get(h.Context())
		_, _ = getOnce(h.Context(), h.Watch())
		if h.Load != nil {
			h.Load()
		}
		if h.Update != nil {
			h.Update(func(*Item, bool) (*Item, bool) { return nil, false })
		}
		if !h.lacks(Changes) {
			w.Changed()
		}
		return false
	}))
	g.gets(4)
}

func predicateMayPanic(h *harness) {
	w := h.watch()
	h.set(1)
	boom := event.Filter(func(*Item) bool { panic("boom") })
	for range 3 {
		if p := panics(func() { _, _ = w.Get(h.Context(), boom) }); p != "boom" {
			h.Fatalf("Get panics with %v, want what its predicate panics with", p)
		}
	}
	h.get(w, 1)
	g := h.parked(h.Context(), w)
	h.set(2)
	g.gets(2)
}

func zeroOptionDoesNothing(h *harness) {
	w := h.watch()
	h.set(1)
	h.get(w, 1, event.GetOption[*Item]{})
	g := h.parked(h.Context(), w, event.GetOption[*Item]{}, event.GetOption[*Item]{})
	h.set(2)
	g.gets(2)
}

func backlogRules() []rule {
	b := needs(Backlog)
	return []rule{
		{name: "WhatIsUnseenElseDone", test: backlogThenDone, needs: b},
		{name: "MovesPastWhatIsRejected", test: backlogMovesPast, needs: needs(Backlog, Filters)},
		{name: "NotPastWhatIsNewer", test: backlogNotPastNewer, needs: needs(Backlog, Filters, Immediate)},
		{name: "DoesNotChaseAProducer", test: backlogDoesNotChase, needs: needs(Backlog, Filters)},
		{name: "HoldsForOneGet", test: backlogHoldsForOneGet, needs: b},
		{name: "TryGetIsAGetWithIt", test: tryGetIsBacklog, needs: needs(Backlog, Filters)},
	}
}

func backlogThenDone(h *harness) {
	w := h.watch()
	h.getFails(h.Context(), w, event.BacklogDone, backlog())
	for n := range 3 {
		h.set(n, n+10)
		h.get(w, n+10, backlog())
		h.getFails(h.Context(), w, event.BacklogDone, backlog())
		h.getFails(h.Context(), w, event.BacklogDone, backlog(), event.GetOption[*Item]{})
	}
}

func backlogMovesPast(h *harness) {
	w := h.watch()
	for _, opts := range [][]event.GetOption[*Item]{{only(9), backlog()}, {backlog(), only(9)}} {
		h.set(1)
		h.getFails(h.Context(), w, event.BacklogDone, opts...)
		h.getFails(h.Context(), w, event.BacklogDone, backlog())
		h.getWaits(w)
		h.set(9)
		h.get(w, 9, opts...)
	}
}

// backlogNotPastNewer sets a value while the predicate rejects the value
// before.
func backlogNotPastNewer(h *harness) {
	w := h.watch()
	h.set(1)
	last := 0 // the last argument of the predicate
	h.getFails(h.Context(), w, event.BacklogDone, backlog(), event.Filter(func(item *Item) bool {
		if last = item.number(); last == 1 {
			h.Set(&Item{N: 2})
		}
		return false
	}))
	if last == 1 { // Otherwise the Get has rejected the newer value, too.
		h.get(w, 2, backlog())
	}
}

// backlogDoesNotChase uses a predicate that is slower than the producer.
func backlogDoesNotChase(h *harness) {
	w := h.watch()
	h.set(0)
	calls := 0
	h.getFails(h.Context(), w, event.BacklogDone, backlog(), event.Filter(func(*Item) bool {
		calls++
		h.Set(&Item{N: calls})
		return calls > many
	}))
	h.arrives(calls)
	h.get(w, calls)
}

func backlogHoldsForOneGet(h *harness) {
	w := h.watch()
	h.getFails(h.Context(), w, event.BacklogDone, backlog())
	g := h.parked(h.Context(), w)
	h.set(1)
	g.gets(1)
}

// tryGetIsBacklog calls TryGet, for which watchers of package event have a method of
// their own.
func tryGetIsBacklog(h *harness) {
	w := h.watch()
	try := func(ctx context.Context, want int, wantOK bool, wantErr error, opts ...event.GetOption[*Item]) {
		h.Helper()
		h.do("TryGet", func() {
			item, ok, err := event.TryGet(ctx, w, opts...)
			if ok != wantOK || !errors.Is(err, wantErr) || ok && item.number() != want || !ok && item != nil {
				h.Errorf("TryGet returns %s and %t, want item %d, %t and %v", describe(item, err), ok, want, wantOK, wantErr)
			}
		}).returns()
	}
	try(h.Context(), 0, false, nil)
	h.set(1, 2)
	try(h.ended(), 0, false, context.Canceled)
	try(h.Context(), 2, true, nil)
	try(h.Context(), 0, false, nil)
	h.set(3)
	try(h.Context(), 0, false, nil, only(4))
	try(h.Context(), 0, false, nil)
	h.set(4)
	try(h.Context(), 4, true, nil, only(4), backlog())
	h.getWaits(w)
}
