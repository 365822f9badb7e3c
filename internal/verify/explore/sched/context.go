package sched

import (
	"context"
	"time"
)

// A Context is a context that can be canceled. Each access to it is a step. Its
// operations have the same order as the operations of package context.
type Context struct {
	o      Object
	err    error
	done   chan struct{}
	closed bool
	after  []*after
}

type after struct {
	o       Object
	f       func()
	decided bool // f has been started, or will never be started.
	removed bool // The context does not have f any more.
}

// NewContext returns a context that has not ended.
func NewContext() *Context { return &Context{done: make(chan struct{})} }

// Deadline implements [context.Context].
func (c *Context) Deadline() (time.Time, bool) { return time.Time{}, false }

// itself is the key under which Value returns the Context itself. AfterFunc
// uses it to find the Context inside of another context.
type itself struct{}

// Value implements [context.Context].
func (c *Context) Value(key any) any {
	if key == any(itself{}) {
		return c
	}
	return nil
}

// Done implements [context.Context]. It is not a step, because it always
// returns the same channel.
func (c *Context) Done() <-chan struct{} { return c.done }

// Err implements [context.Context].
func (c *Context) Err() error {
	Step("Context.Err")
	err := c.err
	c.o.Read()
	if err != nil && !c.closed {
		// Err of package context waits too.
		Wait("Context.Err, of a context that is ending", func() bool { return c.closed })
		c.o.Read()
	}
	return err
}

// Cancel ends the context.
func (c *Context) Cancel() {
	Step("Context ends")
	if c.err != nil {
		c.o.Read()
		return
	}
	c.err = context.Canceled
	c.o.Write()
	Step("Context closes Done")
	c.closed = true
	close(c.done)
	if x.cur != nil {
		c.o.Write()
		object(pointer(c.done)).Write()
	}
	for _, a := range c.after {
		Step("Context starts what comes after")
		a.start()
	}
}

// Ended reports whether the context has ended. It is for checks: it takes no
// step.
func (c *Context) Ended() bool { return c.err != nil }

func (a *after) start() {
	if !a.decided {
		a.decided = true
		spawn("AfterFunc", a.f)
	}
	a.o.Write()
}

// AfterFunc is context.AfterFunc for a Context, for a context around a Context,
// and for a context that never ends. Like package context, it calls ctx.Value
// to find the Context inside, first to register f and again in stop to remove
// f. If ctx does not return the Context the second time, f stays registered.
func AfterFunc(ctx context.Context, f func()) (stop func() bool) {
	if ctx.Done() == nil {
		return func() bool { return true }
	}
	c, ok := ctx.Value(itself{}).(*Context)
	if !ok {
		panic("sched: AfterFunc: a context from elsewhere")
	}
	Step("context.AfterFunc")
	a := &after{f: f}
	if c.err != nil {
		a.start()
	} else {
		c.after = append(c.after, a)
	}
	c.o.Write()
	return func() bool {
		inside, ok := ctx.Value(itself{}).(*Context)
		Step("stop of an AfterFunc")
		stopped := !a.decided
		a.decided = true
		a.removed = ok && inside == c
		a.o.Write()
		return stopped
	}
}

// Registered returns the number of functions that are registered. It returns 0
// for a context that has ended.
func (c *Context) Registered() int {
	n := 0
	for _, a := range c.after {
		if !a.removed && c.err == nil {
			n++
		}
	}
	return n
}
