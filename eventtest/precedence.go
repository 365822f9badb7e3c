package eventtest

import (
	"context"

	"github.com/eventvalue/event"
)

// A situation is the state in which a Get is called, and the result that it
// must return.
type situation struct {
	name  string
	needs []Capability

	unseen, ended, concurrent, closed bool
	ctxEnded, backlog                 bool

	want error // nil means the value
}

// situations has one situation for each pair of results in the order of
// precedence. In it, the conditions of both results hold.
var situations = []situation{
	{name: "context over watcher's Close", needs: needs(ClosingWatchers), ctxEnded: true, closed: true, want: context.Canceled},
	{name: "context over concurrent Get", needs: needs(ConcurrentGets), ctxEnded: true, concurrent: true, want: context.Canceled},
	{name: "context over a value", ctxEnded: true, unseen: true, want: context.Canceled},
	{name: "context over the value's end", needs: needs(canClose), ctxEnded: true, ended: true, want: context.Canceled},
	{name: "context over BacklogDone", needs: needs(Backlog), ctxEnded: true, backlog: true, want: context.Canceled},
	{name: "watcher's Close over concurrent Get", needs: needs(ClosingWatchers, ConcurrentGets, Filters), closed: true, concurrent: true, want: event.ErrWatcherClosed},
	{name: "watcher's Close over a value", needs: needs(ClosingWatchers), closed: true, unseen: true, want: event.ErrWatcherClosed},
	{name: "watcher's Close over the value's end", needs: needs(ClosingWatchers, canClose), closed: true, ended: true, want: event.ErrWatcherClosed},
	{name: "watcher's Close over BacklogDone", needs: needs(ClosingWatchers, Backlog), closed: true, backlog: true, want: event.ErrWatcherClosed},
	{name: "concurrent Get over a value", needs: needs(ConcurrentGets, Filters), concurrent: true, unseen: true, want: event.ErrConcurrentGet},
	{name: "concurrent Get over the value's end", needs: needs(ConcurrentGets, Filters, canClose), concurrent: true, ended: true, want: event.ErrConcurrentGet},
	{name: "concurrent Get over BacklogDone", needs: needs(ConcurrentGets, Backlog), concurrent: true, backlog: true, want: event.ErrConcurrentGet},
	{name: "a value over the value's end", needs: needs(canClose), unseen: true, ended: true},
	{name: "a value over BacklogDone", needs: needs(Backlog), unseen: true, backlog: true},
	{name: "the value's end over BacklogDone", needs: needs(Backlog, canClose), ended: true, backlog: true, want: event.ErrClosed},
}

// precedence sets up each situation, calls Get and checks the result.
func precedence(h *harness) {
	for _, s := range situations {
		if !h.lacks(s.needs...) {
			h.Subject = h.newSubject(h.TB)
			h.checkSituation(s)
		}
	}
}

func (h *harness) checkSituation(s situation) {
	h.Helper()
	w := h.watch()
	ctx := h.Context()
	if s.ctxEnded {
		ctx = h.ended()
	}
	if s.concurrent {
		defer h.occupy(w, s.unseen || s.ended || s.closed)()
	}
	if s.unseen {
		h.set(1)
	}
	if s.ended {
		_ = h.Close(nil)
		h.waitIdle()
	}
	if s.closed {
		_ = w.Close()
	}
	var opts []event.GetOption[*Item]
	if s.backlog {
		opts = append(opts, backlog())
	}
	g := h.startGet(ctx, w, opts...)
	g.what = "Get, in the situation " + s.name + ","
	if s.want != nil {
		g.fails(s.want)
	} else {
		g.gets(1)
	}
}

// occupy starts a Get on w that stays in progress. If inPredicate is false, the
// Get waits. Otherwise the Get is in its predicate until release is called. Use
// that if the test does something that would end a wait.
func (h *harness) occupy(w event.Watcher[*Item], inPredicate bool) (release func()) {
	h.Helper()
	if !inPredicate {
		h.parked(h.Context(), w)
		return func() {}
	}
	h.set(0)
	leave := make(chan struct{})
	h.parked(h.Context(), w, event.Filter(func(*Item) bool {
		<-leave
		return true
	}))
	return func() { close(leave) }
}
