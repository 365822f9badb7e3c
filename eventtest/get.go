package eventtest

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/eventvalue/event"
)

// gets returns guarantees 12 to 16.
func gets() []guarantee {
	return []guarantee{
		{"G12_EndedContextWins", []rule{
			{name: "BeforeGet", test: endedBeforeGet},
			{name: "WhileWaiting", test: endsWhileWaiting},
			{name: "OfADeadline", test: deadlineEndsWait},
			{name: "NothingThatWasSetAfterwards", test: nothingSetAfterTheEnd},
			{name: "NothingThatWasSetAfterwardsUnderLoad", test: nothingSetAfterTheEndUnderLoad, needs: needs(Immediate), mode: realTime},
			{name: "SetThenCancel", test: setThenCancel},
			{name: "RejectedStaysUnseen", test: rejectedStaysUnseen, needs: needs(Filters)},
			{name: "EndedByAPredicate", test: endedByAPredicate, needs: needs(Filters)},
			{name: "WhatElseWins", test: precedence},
		}},
		{"G13_ConcurrentGets", []rule{
			{name: "TheLaterFails", test: intruderFails, needs: needs(ConcurrentGets)},
			{name: "FromItsOwnPredicate", test: getInPredicate, needs: needs(ConcurrentGets, Filters)},
			{name: "EachValueOnce", test: concurrentGetsShare, needs: needs(ConcurrentGets), mode: realTime},
			{name: "HandedOver", test: handedOver, mode: realTime},
		}},
		{"G14_Filter", filterRules()},
		{"G15_BacklogOnly", backlogRules()},
		{"G16_Changed", changedRules()},
	}
}

func endedBeforeGet(h *harness) {
	w := h.watch()
	h.getFails(h.ended(), w, context.Canceled)
	h.set(1)
	h.getFails(h.ended(), w, context.Canceled)
	h.get(w, 1)
	h.getFails(h.ended(), w, context.Canceled)
	if !h.lacks(Filters) {
		h.set(2)
		h.getFails(h.ended(), w, context.Canceled, only(2))
		h.get(w, 2)
	}
	if !h.lacks(Backlog) {
		h.set(3)
		h.getFails(h.ended(), w, context.Canceled, backlog())
		h.get(w, 3)
		h.getFails(h.ended(), w, context.Canceled, backlog())
	}
}

func endsWhileWaiting(h *harness) {
	w := h.watch()
	for n := range 3 {
		ctx, cancel := context.WithCancel(h.Context())
		for i := range 3 { // The context is used several times.
			g := h.parked(ctx, w)
			h.set(10*n + i)
			g.gets(10*n + i)
		}
		g := h.parked(ctx, w)
		cancel()
		g.fails(context.Canceled)
	}
	h.set(100)
	h.get(w, 100)
}

func deadlineEndsWait(h *harness) {
	w := h.watch()
	timeout := 100 * delay
	if !h.bubble {
		timeout = grace
	}
	ctx, cancel := context.WithTimeout(h.Context(), timeout)
	defer cancel()
	if err := h.waitFor(ctx, w); !errors.Is(err, context.DeadlineExceeded) {
		h.Fatalf("Get returns %v at the deadline, want %v", err, context.DeadlineExceeded)
	}
	h.set(1)
	h.get(w, 1)
}

// waitFor returns the error of a Get that only the end of ctx can end.
func (h *harness) waitFor(ctx context.Context, w event.Watcher[*Item]) error {
	g := h.startGet(ctx, w)
	select {
	case <-g.done:
	case <-h.Context().Done():
	}
	return g.err
}

// nothingSetAfterTheEnd sets a value before the Get in progress has had a
// chance to run.
func nothingSetAfterTheEnd(h *harness) {
	w := h.watch()
	for n := range 10 {
		ctx, cancel := context.WithCancel(h.Context())
		g := h.parked(ctx, w)
		cancel()
		h.Set(&Item{N: n})
		g.fails(context.Canceled)
		h.arrives(n)
		h.get(w, n)
	}
}

func nothingSetAfterTheEndUnderLoad(h *harness) {
	w := h.watch()
	for n := range h.rounds() {
		ctx, cancel := context.WithCancel(h.Context())
		g := h.startGet(ctx, w)
		for range n % 4 {
			runtime.Gosched()
		}
		cancel()
		h.Set(&Item{N: n})
		g.fails(context.Canceled)
		h.get(w, n)
	}
}

// setThenCancel accepts either result of Get. If Get does not return the value,
// the value must stay unseen.
func setThenCancel(h *harness) {
	w := h.watch()
	for n := range 10 {
		ctx, cancel := context.WithCancel(h.Context())
		g := h.parked(ctx, w)
		h.Set(&Item{N: n})
		cancel()
		g.returns()
		h.arrives(n)
		if g.err == nil {
			g.gets(n)
			h.getWaits(w)
		} else {
			g.fails(context.Canceled)
			h.get(w, n)
		}
	}
}

func rejectedStaysUnseen(h *harness) {
	w := h.watch()
	h.set(1)
	ctx, cancel := context.WithCancel(h.Context())
	g := h.parked(ctx, w, only(3))
	h.set(2)
	g.waits()
	cancel()
	g.fails(context.Canceled)
	h.get(w, 2)
	h.getWaits(w)
}

func endedByAPredicate(h *harness) {
	w := h.watch()
	h.set(1)
	ctx, cancel := context.WithCancel(h.Context())
	h.getFails(ctx, w, context.Canceled, filter(func(int) bool {
		cancel()
		return true
	}))
	h.get(w, 1)
}

func intruderFails(h *harness) {
	w := h.watch()
	for n := range 3 {
		g := h.parked(h.Context(), w)
		for range 3 {
			h.getFails(h.Context(), w, event.ErrConcurrentGet)
			if !h.lacks(Backlog) {
				h.getFails(h.Context(), w, event.ErrConcurrentGet, backlog())
			}
		}
		g.waits()
		h.set(n)
		g.gets(n)
		h.set(10 + n)
		h.get(w, 10+n)
	}
}

func getInPredicate(h *harness) {
	w := h.watch()
	h.set(1)
	var inner error
	h.get(w, 1, filter(func(int) bool {
		_, inner = w.Get(h.Context())
		return true
	}))
	if !errors.Is(inner, event.ErrConcurrentGet) {
		h.Fatalf("Get returns %v during another one, want %v", inner, event.ErrConcurrentGet)
	}
	h.getWaits(w)
}

// concurrentGetsShare lets several goroutines get from one watcher. No value
// may be returned twice, even if there are errors.
func concurrentGetsShare(h *harness) {
	n := h.rounds()
	w := h.watch()
	ctx, cancel := context.WithCancel(h.Context())
	defer cancel()
	var mu sync.Mutex
	seen := make(map[int]bool)
	var calls []*call
	for range 3 {
		calls = append(calls, h.do("a Get among concurrent ones", func() {
			for {
				item, err := w.Get(ctx)
				if ctx.Err() != nil {
					return
				}
				if err != nil {
					if !errors.Is(err, event.ErrConcurrentGet) {
						h.Errorf("Get returns %v", err)
						return
					}
					runtime.Gosched()
					continue
				}
				h.reads.Add(1)
				mu.Lock()
				if seen[item.number()] {
					h.Errorf("two Gets of one watcher return item %d", item.number())
				}
				seen[item.number()] = true
				mu.Unlock()
				if item.number() == n {
					cancel()
				}
			}
		}))
	}
	h.do("Set", func() { h.produce(n) }).returns()
	for _, c := range calls {
		c.returns()
	}
}

// handedOver uses a watcher on one goroutine after another. The race detector
// may fail it, too.
func handedOver(h *harness) {
	w := h.watch()
	for n := range min(h.rounds(), 200) {
		g := h.startGet(h.Context(), w)
		h.Set(&Item{N: n})
		g.gets(n)
	}
}
