package eventtest

import (
	"context"
	"errors"

	"github.com/eventvalue/event"
)

// runRules returns the rules of guarantee 23.
func runRules() []rule {
	f := needs(Filters, Backlog)
	return []rule{
		{name: "RunsAnewWithTheNewest", test: runsAnew, needs: f},
		{name: "KeepsARun", test: keepsRun, needs: f},
		{name: "NilWaitsForTheNext", test: nilWaits, needs: f},
		{name: "AnErrorEndsIt", test: errorEndsRun, needs: f},
		{name: "ContextEndsIt", test: contextEndsRun, needs: f},
		{name: "ValueEndsIt", test: valueEndsRun, needs: needs(Filters, Backlog, canClose)},
	}
}

// A runs is a RunWhile over the subject. A run continues as long as the number
// of the Item divided by ten stays the same.
type runs struct {
	*call
	began  chan int
	causes chan error
	finish chan error    // a run returns the error
	stop   chan struct{} // a canceled run returns
	err    error
}

func (h *harness) runWhile(ctx context.Context) *runs {
	r := &runs{began: make(chan int, 10), causes: make(chan error, 10), finish: make(chan error, 1), stop: make(chan struct{}, 10)}
	r.call = h.do("RunWhile", func() {
		r.err = event.RunWhile(ctx, h.value(), func(old, next *Item) bool { return old.number()/10 == next.number()/10 },
			func(ctx context.Context, i *Item) error {
				r.began <- i.number()
				select {
				case err := <-r.finish:
					return err
				case <-ctx.Done():
				}
				r.causes <- context.Cause(ctx)
				<-r.stop
				return ctx.Err()
			})
	})
	return r
}

// runs fails the test unless a run with the Item n begins.
func (r *runs) runs(n int) {
	r.h.Helper()
	r.h.do("the begin of a run", func() {
		select {
		case got := <-r.began:
			if got != n {
				r.h.Errorf("RunWhile runs with item %d, want %d", got, n)
			}
		case <-r.h.Context().Done():
		}
	}).returns()
}

// cancelled fails the test unless the run is cancelled for this cause.
func (r *runs) cancelled(want error) {
	r.h.Helper()
	r.h.do("the cancel of a run", func() {
		select {
		case err := <-r.causes:
			if !errors.Is(err, want) {
				r.h.Errorf("RunWhile cancels a run with the cause %v, want %v", err, want)
			}
		case <-r.h.Context().Done():
		}
	}).returns()
}

// fails fails the test unless RunWhile returns the error want.
func (r *runs) fails(want error) {
	r.h.Helper()
	if r.returns(); !errors.Is(r.err, want) {
		r.h.Fatalf("RunWhile returns %v, want %v", r.err, want)
	}
}

// idle fails the test if a run begins or is cancelled.
func (r *runs) idle() {
	r.h.Helper()
	if r.waits(); len(r.began) > 0 || len(r.causes) > 0 {
		r.h.Fatal("RunWhile has begun or cancelled a run, though nothing has changed")
	}
}

func (h *harness) cancellable() (context.Context, func()) {
	ctx, cancel := context.WithCancel(h.Context())
	h.Cleanup(cancel)
	return ctx, cancel
}

func runsAnew(h *harness) {
	ctx, cancel := h.cancellable()
	r := h.runWhile(ctx)
	r.idle()
	h.set(1)
	r.runs(1)
	h.set(11)
	r.cancelled(event.ErrChanged)
	h.set(21)
	r.idle() // RunWhile waits until run returns.
	r.stop <- struct{}{}
	r.runs(21)
	cancel()
	r.stop <- struct{}{}
	r.fails(context.Canceled)
}

func keepsRun(h *harness) {
	ctx, cancel := h.cancellable()
	h.set(1)
	r := h.runWhile(ctx)
	r.runs(1)
	h.set(2, 3)
	r.idle()
	cancel()
	r.stop <- struct{}{}
	r.fails(context.Canceled)
}

func nilWaits(h *harness) {
	ctx, cancel := h.cancellable()
	h.set(1)
	r := h.runWhile(ctx)
	r.runs(1)
	r.finish <- nil
	r.idle()
	h.set(2)
	r.idle()
	h.set(11)
	r.runs(11)
	r.finish <- nil
	r.idle()
	cancel()
	r.fails(context.Canceled)
}

func errorEndsRun(h *harness) {
	ctx, _ := h.cancellable()
	h.set(1)
	r := h.runWhile(ctx)
	r.runs(1)
	r.finish <- reason{1}
	r.fails(reason{1})
	r = h.runWhile(ctx)
	r.runs(1)
	r.finish <- context.Canceled // The context has not been canceled.
	r.fails(context.Canceled)
}

func contextEndsRun(h *harness) {
	ctx, cancel := h.cancellable()
	h.set(1)
	r := h.runWhile(ctx)
	r.runs(1)
	cancel()
	r.cancelled(context.Canceled)
	r.waits()
	r.stop <- struct{}{}
	r.fails(context.Canceled)
}

func valueEndsRun(h *harness) {
	ctx, _ := h.cancellable()
	h.set(1)
	r := h.runWhile(ctx)
	r.runs(1)
	h.closeValue(reason{1})
	r.cancelled(event.ErrClosed)
	r.waits()
	r.stop <- struct{}{}
	r.fails(reason{1})
}
