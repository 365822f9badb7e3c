package eventtest

import (
	"context"
	"runtime"
	"weak"

	"github.com/eventvalue/event"
)

func garbageRules() []rule {
	return []rule{
		{name: "OnceANewerIsSet", test: replacedIsGarbage, needs: needs(Collectable)},
		{name: "WhileAWatcherIsIdle", test: seenIsGarbage, needs: needs(Collectable)},
		{name: "WhileAGetWaits", test: rejectedIsGarbage, needs: needs(Collectable, Filters)},
		{name: "WhatAClosedWatcherWatched", test: closedWatcherKeepsNoValue, needs: needs(Collectable, ClosingWatchers)},
		{name: "TheContextOfAClosedWatcher", test: closedWatcherKeepsNoContext, needs: needs(Collectable, ClosingWatchers)},
		{name: "AllContextsButTheLast", test: watcherKeepsOneContext, needs: needs(Collectable)},
		{name: "TheValuesAddedToAContextThatNoWatcherUses", test: unusedSiblingIsGarbage, needs: needs(Collectable, ClosingWatchers)},
		{name: "ADroppedWatcher", test: droppedWatcherIsGarbage, needs: needs(Collectable)},
	}
}

// garbage fails the test unless the Item of p is collected.
func (h *harness) garbage(what string, p weak.Pointer[Item]) {
	h.Helper()
	h.waitIdle()
	for range 10 {
		runtime.GC()
		if p.Value() == nil {
			return
		}
		h.waitIdle()
	}
	h.Fatalf("%s is not collected", what)
}

// setWeak sets an Item to which the caller keeps no pointer.
//
//go:noinline
func setWeak(s Subject, n int) weak.Pointer[Item] {
	item := &Item{N: n}
	s.Set(item)
	return weak.Make(item)
}

func replacedIsGarbage(h *harness) {
	old := setWeak(h.Subject, 1)
	h.set(2)
	h.garbage("a value that was replaced", old)
	h.get(h.watch(), 2)
}

func seenIsGarbage(h *harness) {
	w, unseen, given := h.watch(), h.watch(), h.watch()
	old := setWeak(h.Subject, 1)
	h.arrives(1)
	h.do("Get", func() { _, _ = w.Get(h.Context()) }).returns()
	h.do("Get", func() { _, _ = given.Get(h.Context()) }).returns()
	h.getWaits(given)
	h.set(2)
	h.garbage("a value that a watcher has seen", old)
	h.get(w, 2)
	h.get(given, 2)
	h.get(unseen, 2)
}

// rejectedIsGarbage checks that a Get in progress does not keep a rejected
// value.
func rejectedIsGarbage(h *harness) {
	w := h.watch()
	old := setWeak(h.Subject, 1)
	g := h.parked(h.Context(), w, only(3))
	h.set(2)
	h.garbage("a value that a Get in progress has rejected", old)
	h.set(3)
	g.gets(3)
}

func closedWatcherKeepsNoValue(h *harness) {
	w, newest := watcherOfDropped(h)
	h.garbage("the value of a watcher that was closed", newest)
	runtime.KeepAlive(w)
}

//go:noinline
func watcherOfDropped(h *harness) (event.Watcher[*Item], weak.Pointer[Item]) {
	s := h.newSubject(h.TB)
	w := s.Watch()
	newest := setWeak(s, 1)
	h.do("Get", func() { _, _ = w.Get(h.Context()) }).returns()
	_ = w.Close()
	return w, newest
}

type payloadKey struct{}

// waitWeak runs several Gets on w that wait under one context. The caller keeps
// no pointer to the context. The result is a weak pointer to a value of the
// context.
//
//go:noinline
func (h *harness) waitWeak(w event.Watcher[*Item], stay bool) weak.Pointer[Item] {
	payload := new(Item)
	// A cleanup must not call cancel, because h would keep the context.
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), payloadKey{}, payload))
	for range 3 {
		g := h.parked(ctx, w)
		h.Set(&Item{})
		g.returns()
	}
	if !stay {
		g := h.parked(ctx, w)
		cancel()
		g.fails(context.Canceled)
	}
	runtime.KeepAlive(cancel)
	return weak.Make(payload)
}

func closedWatcherKeepsNoContext(h *harness) {
	w := h.watch()
	payload := h.waitWeak(w, true)
	_ = w.Close()
	h.garbage("the last context of a watcher that was closed", payload)
	runtime.KeepAlive(w)
}

func watcherKeepsOneContext(h *harness) {
	w := h.watch()
	payload := h.waitWeak(w, true)
	h.waitWeak(w, true)
	h.garbage("an earlier context of a watcher", payload)
	h.set(1)
	h.get(w, 1)
}

// waitUnderSibling runs Gets on w that wait under a child of h.Context(). The
// result is a weak pointer to a value of the child.
//
//go:noinline
func (h *harness) waitUnderSibling(w event.Watcher[*Item]) weak.Pointer[Item] {
	payload := new(Item)
	ctx := context.WithValue(h.Context(), payloadKey{}, payload)
	h.do("Get", func() { _, _ = w.Get(ctx, event.BacklogOnly[*Item]()) }).returns()
	for range 3 {
		g := h.parked(ctx, w)
		h.Set(&Item{})
		g.returns()
	}
	return weak.Make(payload)
}

// unusedSiblingIsGarbage lets two watchers wait under contexts with the same
// Done channel, and closes both. Such watchers may share a registration.
func unusedSiblingIsGarbage(h *harness) {
	w, other := h.watch(), h.watch()
	first := h.waitUnderSibling(w)
	second := h.waitUnderSibling(other)
	_ = w.Close()
	_ = other.Close()
	h.garbage("a value that was added to the first of the contexts", first)
	h.garbage("a value that was added to the second of the contexts", second)
	again := h.watch()
	h.set(1)
	h.get(again, 1)
}

func droppedWatcherIsGarbage(h *harness) {
	payload := h.waitWeak(h.Watch(), false)
	h.set(1)
	h.garbage("the last context, ended, of a watcher that was dropped", payload)
	h.get(h.watch(), 1)
}
