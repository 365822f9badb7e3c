package eventtest

import (
	"context"
	"errors"

	"github.com/eventvalue/event"
)

// composition returns guarantees 20 to 23 and the tests of bad use. They test
// functions of package event over watchers of the subject. The functions work
// only if the watchers keep their promises.
func composition() []guarantee {
	pipe, end := needs(Changes, Backlog), needs(Changes, Backlog, canClose)
	return []guarantee{
		{"G20_Pipe", []rule{
			{name: "CurrentThenNewer", test: pipeSends, needs: pipe},
			{name: "OffersTheNewest", test: pipeOffersNewest, needs: pipe},
			{name: "RejectedDoesNotWithdraw", test: pipeKeepsOffer, needs: needs(Changes, Backlog, Filters)},
			{name: "ContextEndsIt", test: contextEndsPipe, needs: pipe},
			{name: "LastOfferStands", test: lastOfferStands, needs: end},
			{name: "ContextEndsTheLastOffer", test: contextEndsLastOffer, needs: end},
			{name: "ValueEndsIt", test: endOfValueEndsPipe, needs: end},
			{name: "BacklogOnly", test: pipeOfBacklog, needs: pipe},
			{name: "BeginsAnew", test: pipeBeginsAnew, needs: pipe},
		}},
		{"G21_Views", viewRules()},
		{"G22_All", []rule{
			{name: "YieldsValuesThenTheEnd", test: allYields, needs: needs(canClose)},
			{name: "ContextEndsIt", test: contextEndsAll},
			{name: "BacklogOnly", test: allOfBacklog, needs: needs(Backlog)},
			{name: "BreakClosesTheWatcher", test: breakClosesWatcher, needs: needs(ClosingWatchers)},
			{name: "OtherErrorsDoNotEndIt", test: allGoesOn},
		}},
		{"G23_RunWhile", runRules()},
		{"BadUse", []rule{
			{name: "NilContextOfGet", test: nilContextOfGet},
		}},
	}
}

// watched is a subject as a ValueWatch.
type watched func() event.Watcher[*Item]

func (w watched) Watch() event.Watcher[*Item] { return w() }

func (h *harness) value() event.ValueWatch[*Item] { return watched(h.Watch) }

// A piped is a run of a Pipe over the subject.
type piped struct {
	*call
	c      chan *Item
	cancel func()
	err    error
}

func (h *harness) pipe(opts ...event.GetOption[*Item]) *piped {
	p := &piped{c: make(chan *Item)}
	p.start(h, event.Pipe(h.value(), p.c, opts...))
	return p
}

func (p *piped) start(h *harness, r event.Runnable) {
	ctx, cancel := context.WithCancel(h.Context())
	h.Cleanup(cancel)
	p.cancel = cancel
	p.call = h.do("the Runnable of a Pipe", func() { p.err = r.Serve(ctx) })
	h.waitIdle()
}

// sends fails the test unless the Item n is on offer.
func (p *piped) sends(n int) {
	p.h.Helper()
	var item *Item
	p.h.do("a receive from a Pipe", func() {
		select {
		case item = <-p.c:
		case <-p.h.Context().Done():
		}
	}).returns()
	if item == nil || item.number() != n {
		p.h.Fatalf("a Pipe sends %s, want item %d", describe(item, nil), n)
	}
	p.h.waitIdle()
}

// silent fails the test if something is on offer, or if the channel is closed.
func (p *piped) silent() {
	p.h.Helper()
	p.h.waitIdle()
	select {
	case item, open := <-p.c:
		p.h.Fatalf("a Pipe sends %s (or has closed its channel: %t)", describe(item, nil), !open)
	default:
	}
}

// fails fails the test unless the Runnable returns the error want.
func (p *piped) fails(want error) {
	p.h.Helper()
	if p.returns(); !errors.Is(p.err, want) {
		p.h.Fatalf("the Runnable of a Pipe returns %v, want %v", p.err, want)
	}
	p.silent()
}

func pipeSends(h *harness) {
	h.set(1)
	p := h.pipe()
	p.sends(1)
	p.silent()
	h.set(2)
	p.sends(2)
	p.silent()
	h.set(3, 4)
	h.waitIdle()
	p.sends(4)
	p.silent()
}

func pipeOffersNewest(h *harness) {
	p := h.pipe()
	p.silent()
	for n := 1; n <= 3; n++ {
		h.set(n)
		h.waitIdle()
	}
	p.sends(3)
	p.silent()
}

func pipeKeepsOffer(h *harness) {
	h.set(1)
	p := h.pipe(only(1, 4))
	for n := 2; n <= 3; n++ {
		h.set(n)
		h.waitIdle()
	}
	p.sends(1)
	p.silent()
	h.set(4)
	h.waitIdle()
	h.set(5)
	h.waitIdle()
	p.sends(4)
	p.silent()
}

func contextEndsPipe(h *harness) {
	waiting := h.pipe()
	waiting.waits()
	waiting.cancel()
	waiting.fails(context.Canceled)
	h.set(1)
	offering := h.pipe()
	offering.waits()
	offering.cancel()
	offering.fails(context.Canceled)
	between := h.pipe()
	between.sends(1)
	between.cancel()
	between.fails(context.Canceled)
}

func lastOfferStands(h *harness) {
	h.set(1)
	p := h.pipe()
	h.set(2)
	h.waitIdle()
	h.closeValue(reason{1})
	p.waits()
	p.sends(2)
	p.fails(reason{1})
}

func contextEndsLastOffer(h *harness) {
	h.set(1)
	p := h.pipe()
	h.closeValue(nil)
	p.waits()
	p.cancel()
	p.fails(context.Canceled)
}

func endOfValueEndsPipe(h *harness) {
	waiting := h.pipe()
	waiting.waits()
	h.closeValue(reason{1})
	waiting.fails(reason{1})
	h.pipe().fails(event.ErrClosed)
}

func pipeOfBacklog(h *harness) {
	h.pipe(backlog()).fails(event.BacklogDone)
	h.set(1)
	p := h.pipe(backlog())
	h.set(2)
	p.waits()
	p.sends(2)
	p.fails(event.BacklogDone)
}

func pipeBeginsAnew(h *harness) {
	p := &piped{c: make(chan *Item)}
	r := event.Pipe(h.value(), p.c)
	h.set(1)
	for range 3 {
		p.start(h, r)
		p.sends(1)
		p.silent()
		p.cancel()
		p.fails(context.Canceled)
	}
}

// all ranges over All of v. It returns the numbers of the Items, and the
// errors. It calls f with each number.
func (h *harness) all(ctx context.Context, v event.ValueWatch[*Item], f func(n int), opts ...event.GetOption[*Item]) (ns []int, errs []error) {
	h.Helper()
	h.do("a loop over All", func() {
		for item, err := range event.All(ctx, v, opts...) {
			if len(ns)+len(errs) > 10 {
				return
			}
			if err != nil {
				errs = append(errs, err)
				continue
			}
			ns = append(ns, item.number())
			f(item.number())
		}
	}).returns()
	return ns, errs
}

// yielded fails the test unless ns and errs are as wanted.
func (h *harness) yielded(ns []int, errs []error, wantNs []int, wantErrs ...error) {
	h.Helper()
	ok := len(ns) == len(wantNs) && len(errs) == len(wantErrs)
	for i := range min(len(ns), len(wantNs)) {
		ok = ok && ns[i] == wantNs[i]
	}
	for i := range min(len(errs), len(wantErrs)) {
		ok = ok && errors.Is(errs[i], wantErrs[i])
	}
	if !ok {
		h.Fatalf("All yields %v and the errors %q, want %v and %q", ns, errs, wantNs, wantErrs)
	}
}

func allYields(h *harness) {
	h.set(1)
	ns, errs := h.all(h.Context(), h.value(), func(n int) {
		if n < 3 {
			h.Set(&Item{N: n + 1})
		} else {
			_ = h.Close(reason{1})
		}
	})
	h.yielded(ns, errs, []int{1, 2, 3}, reason{1})
}

func contextEndsAll(h *harness) {
	ctx, cancel := context.WithCancel(h.Context())
	h.set(1)
	ns, errs := h.all(ctx, h.value(), func(int) { cancel() })
	h.yielded(ns, errs, []int{1}, context.Canceled)
}

func allOfBacklog(h *harness) {
	h.set(1, 2)
	ns, errs := h.all(h.Context(), h.value(), func(int) {}, backlog())
	h.yielded(ns, errs, []int{2}, event.BacklogDone)
}

func breakClosesWatcher(h *harness) {
	w := h.watch()
	h.set(1)
	h.do("a loop over All", func() {
		for range event.All(h.Context(), watched(func() event.Watcher[*Item] { return w })) {
			break
		}
	}).returns()
	h.getFails(h.Context(), w, event.ErrWatcherClosed)
}

// A fickle watcher is a watcher whose first Get fails.
type fickle struct {
	event.Watcher[*Item]
	failed bool
}

var errFickle = errors.New("fickle")

func (f *fickle) Get(ctx context.Context, opts ...event.GetOption[*Item]) (*Item, error) {
	if !f.failed {
		f.failed = true
		return nil, errFickle
	}
	return f.Watcher.Get(ctx, opts...)
}

func allGoesOn(h *harness) {
	ctx, cancel := context.WithCancel(h.Context())
	h.set(1)
	v := watched(func() event.Watcher[*Item] { return &fickle{Watcher: h.Watch()} })
	ns, errs := h.all(ctx, v, func(int) { cancel() })
	h.yielded(ns, errs, []int{1}, errFickle, context.Canceled)
}
