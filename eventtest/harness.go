package eventtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
)

// patience is how long, in real time, nothing may happen that ought to. Only what is broken
// takes as long, or a machine that does not get to it.
var patience = time.Minute

const (
	// grace is for what ought not to happen, in real time: too short a time overlooks
	// what is broken, but fails nothing that is not.
	grace = 20 * time.Millisecond
	// delay is after what time, in a bubble, a value that is let through late has been.
	delay = time.Hour
	// many is more than an implementation will treat one by one.
	many = 1000
)

// A harness is a test in progress: its Subject and ways to ask what that does.
type harness struct {
	testing.TB
	Subject
	over       *gate
	newSubject func(testing.TB) Subject
	bubble     bool // in one
	late       bool // Immediate is lacking
	missing    []Capability
	running    sync.WaitGroup
	reads      atomic.Int64 // what produce goes by
}

func newHarness(t testing.TB, over *gate, newSubject func(testing.TB) Subject, lacks []Capability, bubble bool) *harness {
	h := &harness{
		TB:         t,
		over:       over,
		newSubject: newSubject,
		bubble:     bubble,
		late:       slices.Contains(lacks, Immediate),
		missing:    lacks,
	}
	// The first cleanup to be registered is the last to run: by then all has been
	// released, and what the next test counts is not disturbed by this one's goroutines.
	t.Cleanup(h.join)
	h.Subject = newSubject(t)
	return h
}

// join ends the test and waits, unless it has failed, for its goroutines.
func (h *harness) join() {
	defer h.over.close()
	if h.bubble || h.Failed() {
		return // Bubbles wait by themselves.
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.running.Wait()
	}()
	if !h.over.awaits(done, patience) {
		h.Error("a call does not return, though its context has ended")
	}
}

// lacks reports whether one of the capabilities is lacking.
func (h *harness) lacks(c ...Capability) bool {
	return slices.ContainsFunc(h.missing, func(m Capability) bool { return slices.Contains(c, m) })
}

// rounds is how often to repeat what depends on schedules.
func (h *harness) rounds() int {
	switch {
	case h.lacks(Bubble) || h.late:
		return 20
	case testkit.RaceEnabled || testing.Short():
		return 500
	}
	return 3000
}

// settle lets everything happen that is about to; in real time, a part of it.
func (h *harness) settle() {
	if !h.bubble {
		time.Sleep(grace)
		return
	}
	if h.late {
		time.Sleep(delay)
	}
	synctest.Wait()
}

// A call is something that runs on a goroutine of its own, for it may never return.
type call struct {
	h    *harness
	what string
	done chan struct{}
}

func (h *harness) do(what string, f func()) *call {
	c := &call{h: h, what: what, done: make(chan struct{})}
	h.running.Add(1)
	go func() {
		defer h.running.Done()
		defer close(c.done)
		defer func() {
			if p := recover(); p != nil {
				h.Errorf("%s panics: %v", what, p)
			}
		}()
		f()
	}()
	return c
}

// returns fails the test unless the call returns, without anything else happening.
func (c *call) returns() {
	c.h.Helper()
	defer c.h.over.moves.Add(1)
	if c.h.bubble {
		c.h.settle()
		if !testkit.IsClosed(c.done) {
			c.h.Fatalf("%s does not return", c.what)
		}
		return
	}
	if !c.h.over.awaits(c.done, patience) {
		c.h.Fatalf("%s does not return", c.what)
	}
}

// waits fails the test if the call returns.
func (c *call) waits() {
	c.h.Helper()
	c.h.settle()
	if testkit.IsClosed(c.done) {
		c.h.Fatalf("%s returns, though it has nothing to return for", c.what)
	}
}

// A getCall is a Get in progress.
type getCall struct {
	*call
	item *Item
	err  error
}

func (h *harness) startGet(ctx context.Context, w event.Watcher[*Item], opts ...event.GetOption[*Item]) *getCall {
	g := new(getCall)
	g.call = h.do("Get", func() { g.item, g.err = w.Get(ctx, opts...) })
	return g
}

// parked starts a Get and makes sure that it waits.
func (h *harness) parked(ctx context.Context, w event.Watcher[*Item], opts ...event.GetOption[*Item]) *getCall {
	h.Helper()
	g := h.startGet(ctx, w, opts...)
	g.waits()
	return g
}

// gets fails the test unless the Get returns the Item n.
func (g *getCall) gets(n int) *Item {
	g.h.Helper()
	g.returns()
	if got := describe(g.item, g.err); got != fmt.Sprint("item ", n) {
		g.h.Fatalf("%s returns %s, want item %d", g.what, got, n)
	}
	return g.item
}

// getsNil fails the test unless the Get returns nil and no error.
func (g *getCall) getsNil() {
	g.h.Helper()
	g.returns()
	if g.item != nil || g.err != nil {
		g.h.Fatalf("%s returns %s, want nil", g.what, describe(g.item, g.err))
	}
}

// fails fails the test unless the Get returns the error want and no value.
func (g *getCall) fails(want error) {
	g.h.Helper()
	g.returns()
	if !errors.Is(g.err, want) {
		g.h.Fatalf("%s returns %s, want %v", g.what, describe(g.item, g.err), want)
	}
	if g.item != nil {
		g.h.Fatalf("%s returns %v together with %v", g.what, g.item, g.err)
	}
}

func describe(item *Item, err error) string {
	switch {
	case err != nil:
		return fmt.Sprintf("the error %q", err)
	case item == nil:
		return "nil"
	}
	return fmt.Sprint("item ", item.N)
}

// get fails the test unless a Get on w returns the Item n.
func (h *harness) get(w event.Watcher[*Item], n int, opts ...event.GetOption[*Item]) *Item {
	h.Helper()
	return h.startGet(h.Context(), w, opts...).gets(n)
}

// getFails fails the test unless a Get on w returns the error want.
func (h *harness) getFails(ctx context.Context, w event.Watcher[*Item], want error, opts ...event.GetOption[*Item]) {
	h.Helper()
	h.startGet(ctx, w, opts...).fails(want)
}

// nothing fails the test unless a Get on w waits.
func (h *harness) nothing(w event.Watcher[*Item]) {
	h.Helper()
	ctx, cancel := context.WithCancel(h.Context())
	g := h.parked(ctx, w)
	cancel()
	g.fails(context.Canceled)
}

// set sets Items with these numbers, and returns when the last can be seen.
func (h *harness) set(ns ...int) {
	h.Helper()
	for _, n := range ns {
		h.Set(&Item{N: n})
	}
	h.arrives(ns[len(ns)-1])
}

// arrives returns when the Item n, which is the newest, can be seen.
func (h *harness) arrives(n int) {
	h.Helper()
	switch {
	case h.late && h.bubble:
		h.settle()
	case h.late:
		h.do("the arrival of a value", func() {
			w := h.Watch()
			defer w.Close()
			for {
				if item, err := w.Get(h.Context()); err != nil || item != nil && item.N == n {
					return
				}
			}
		}).returns()
	}
}

// watch returns a new watcher and the means to end the Gets on it.
func (h *harness) watch() event.Watcher[*Item] {
	w := h.Watch()
	h.Cleanup(func() { _ = w.Close() })
	return w
}

func (h *harness) ended() context.Context {
	ctx, cancel := context.WithCancel(h.Context())
	cancel()
	return ctx
}

// closes fails the test unless c closes, without anything else happening.
func (h *harness) closes(c <-chan struct{}) {
	h.Helper()
	h.do("a receive from Changed", func() {
		select {
		case <-c:
		case <-h.Context().Done():
		}
	}).returns()
}

// open fails the test if c closes.
func (h *harness) open(c <-chan struct{}) {
	h.Helper()
	h.settle()
	if testkit.IsClosed(c) {
		h.Fatal("Changed is closed, though nothing has changed")
	}
}

// panics returns what f panics with, or nil.
func panics(f func()) (p any) {
	defer func() { p = recover() }()
	f()
	return nil
}

func filter(pred func(n int) bool) event.GetOption[*Item] {
	return event.Filter(func(item *Item) bool { return item != nil && pred(item.N) })
}

// only accepts the Items with these numbers.
func only(ns ...int) event.GetOption[*Item] {
	return filter(func(n int) bool { return slices.Contains(ns, n) })
}

func backlog() event.GetOption[*Item] { return event.BacklogOnly[*Item]() }
