package eventtest

import "context"

// noContext is nil. It is a variable because tools report a literal nil
// context.
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
