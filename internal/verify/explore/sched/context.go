package sched

import (
	"context"
	"time"
)

// A Context is a context that can be ended, of which each access is a step. It does in the same
// order what those of package context do.
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
	decided bool // f has been started, or will not be.
	gone    bool // The context has forgotten it.
}

// NewContext returns a context that has not ended.
func NewContext() *Context { return &Context{done: make(chan struct{})} }

// Deadline implements [context.Context].
func (c *Context) Deadline() (time.Time, bool) { return time.Time{}, false }

// itself is the key by which a Context has itself, for who finds it under another one.
type itself struct{}

// Value implements [context.Context].
func (c *Context) Value(key any) any {
	if key == any(itself{}) {
		return c
	}
	return nil
}

// Done implements [context.Context]. It is no step: it always returns the same.
func (c *Context) Done() <-chan struct{} { return c.done }

// Err implements [context.Context].
func (c *Context) Err() error {
	Step("Context.Err")
	err := c.err
	c.o.Read()
	if err != nil && !c.closed {
		// So do those of package context.
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

// Ended says, to who checks a run, whether the context has ended.
func (c *Context) Ended() bool { return c.err != nil }

func (a *after) start() {
	if !a.decided {
		a.decided = true
		spawn("AfterFunc", a.f)
	}
	a.o.Write()
}

// AfterFunc is context.AfterFunc for contexts made by NewContext, those around one, and those that never
// end. As package context does, it asks a context for the one inside it both to register f and to take it
// out again: who has no answer any more leaves f there.
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
		a.gone = ok && inside == c
		a.o.Write()
		return stopped
	}
}

// Registered returns how many functions the context has not forgotten, if it has not ended.
func (c *Context) Registered() int {
	n := 0
	for _, a := range c.after {
		if !a.gone && c.err == nil {
			n++
		}
	}
	return n
}
