package eventtest

import (
	"context"

	"github.com/eventvalue/event"
)

// noContext is a variable for the sake of tools that know that nil is no context.
var noContext context.Context

func nilContextOfGet(h *harness) {
	w := h.watch()
	for n := range 2 {
		if panics(func() { _, _ = w.Get(noContext) }) == nil {
			h.Error("Get under a nil context does not panic")
		}
		g := h.parked(h.Context(), w)
		h.set(n)
		g.gets(n)
		h.set(10 + n)
		if panics(func() { _, _ = w.Get(noContext) }) == nil {
			h.Error("Get under a nil context does not panic if there is a value")
		}
		h.get(w, 10+n)
	}
	_ = w.Close()
	if panics(func() { _, _ = w.Get(noContext) }) == nil {
		h.Error("Get under a nil context does not panic once the watcher is closed")
	}
}

func nilContexts(h *harness) {
	accept := func(*Item) bool { return true }
	c := make(chan *Item)
	h.panicsWith("event: Wait: nil context", func() { _, _ = event.Wait(noContext, h.value(), accept) })
	h.panicsWith("event: All: nil context", func() { event.All(noContext, h.value()) })
	h.panicsWith("event: Pipe: nil context", func() { _ = event.Pipe(h.value(), c)(noContext) })
	h.panicsWith("event: Runnable.Serve: nil context", func() { _ = event.Pipe(h.value(), c).Serve(noContext) })
}

func nilValues(h *harness) {
	accept := func(*Item) bool { return true }
	h.panicsWith("event: Wait: nil value", func() { _, _ = event.Wait(h.Context(), nil, accept) })
	h.panicsWith("event: All: nil value", func() { event.All[*Item](h.Context(), nil) })
	h.panicsWith("event: Pipe: nil value", func() { event.Pipe(nil, make(chan *Item)) })
}

func nilFunctions(h *harness) {
	h.panicsWith("event: Pipe: nil channel", func() { event.Pipe(h.value(), nil) })
	h.panicsWith("event: Wait: nil predicate", func() { _, _ = event.Wait(h.Context(), h.value(), nil) })
	h.panicsWith("event: Runnable.Serve: nil function", func() { _ = event.Runnable(nil).Serve(h.Context()) })
}
