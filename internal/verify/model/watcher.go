package model

import (
	"context"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
)

// A Watcher is the model of a watcher. All its fields but v are guarded by v's mutex.
type Watcher[T any] struct {
	v      *Value[T]
	seen   int           // The version that was returned or passed last.
	get    *get[T]       // The Get in progress; nil if there is none.
	closed chan struct{} // Closed by Close.
}

// A get is a Get in progress.
type get[T any] struct {
	ctx     context.Context
	preds   []func(T) bool
	backlog bool
	looked  int  // The version that the predicates were asked about last.
	asked   bool // Whether they were.
}

// A Result is what a Get does: it returns Val and Err, or it waits.
type Result[T any] struct {
	Val     T
	Err     error
	Blocked bool

	wake <-chan struct{} // If Blocked: closed when the value changes.
}

// Start begins a Get and returns what it does. If that is to wait, then the Get is in
// progress from now on, and [Watcher.Resume] says how it goes on. A panic of a
// predicate ends the Get and reaches the caller.
func (w *Watcher[T]) Start(ctx context.Context, opts ...event.GetOption[T]) Result[T] {
	w.v.mu.Lock()
	defer w.v.mu.Unlock()
	if err := w.hindrance(ctx); err != nil {
		return Result[T]{Err: err}
	}
	if w.get != nil {
		return Result[T]{Err: event.ErrConcurrentGet}
	}
	g := &get[T]{ctx: ctx, looked: w.seen}
	for _, o := range opts {
		g.backlog = g.backlog || o.BacklogOnly
		if o.Predicate != nil {
			g.preds = append(g.preds, o.Predicate)
		}
	}
	w.get = g
	return w.advance(g)
}

// Resume returns what the Get in progress does now.
func (w *Watcher[T]) Resume() Result[T] {
	w.v.mu.Lock()
	defer w.v.mu.Unlock()
	return w.advance(w.get)
}

// advance takes g as far as it goes without waiting; the caller holds the mutex.
func (w *Watcher[T]) advance(g *get[T]) (r Result[T]) {
	defer func() {
		if !r.Blocked { // So it is after a panic, too.
			w.get = nil
		}
	}()
	v := w.v
	for {
		if err := w.hindrance(g.ctx); err != nil {
			return Result[T]{Err: err}
		}
		switch unseen := v.version > g.looked; {
		case unseen && !(g.backlog && g.asked): // Backlog: one question only.
			version, val := v.version, v.val
			g.looked, g.asked = version, true
			if !w.accepts(g, val) {
				continue
			}
			// A predicate may have ended the one or the other.
			if err := w.hindrance(g.ctx); err != nil {
				return Result[T]{Err: err}
			}
			w.seen = version
			return Result[T]{Val: val}
		case !unseen && v.end != nil:
			w.seen = g.looked
			return Result[T]{Err: v.end}
		case g.backlog:
			w.seen = g.looked
			return Result[T]{Err: event.BacklogDone}
		default:
			return Result[T]{Blocked: true, wake: v.wait()}
		}
	}
}

// accepts asks the predicates, without the mutex: they may call back.
func (w *Watcher[T]) accepts(g *get[T], val T) bool {
	w.v.mu.Unlock()
	defer w.v.mu.Lock()
	for _, pred := range g.preds {
		if !pred(val) {
			return false
		}
	}
	return true
}

// hindrance returns the error that a Get returns even if there is a value.
func (w *Watcher[T]) hindrance(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-w.closed:
		return event.ErrWatcherClosed
	default:
		return nil
	}
}

// Get is Start and then, each time that something happens, Resume.
func (w *Watcher[T]) Get(ctx context.Context, opts ...event.GetOption[T]) (T, error) {
	if ctx == nil {
		panic("model: Watcher.Get: nil context")
	}
	r := w.Start(ctx, opts...)
	for r.Blocked {
		select {
		case <-ctx.Done():
		case <-w.closed:
		case <-r.wake:
		}
		r = w.Resume()
	}
	return r.Val, r.Err
}

// Changed returns a channel that is closed unless there is something to wait for.
func (w *Watcher[T]) Changed() <-chan struct{} {
	w.v.mu.Lock()
	defer w.v.mu.Unlock()
	if w.hindrance(context.Background()) != nil || w.v.version > w.seen || w.v.end != nil {
		return testkit.Closed
	}
	return w.v.wait()
}

// Close closes the watcher.
func (w *Watcher[T]) Close() error {
	w.v.mu.Lock()
	defer w.v.mu.Unlock()
	if w.hindrance(context.Background()) == nil {
		close(w.closed)
	}
	return nil
}
