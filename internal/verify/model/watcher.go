package model

import (
	"context"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
)

// A Watcher is the model of a watcher. The mutex of v guards all other fields.
type Watcher[T any] struct {
	v      *Value[T]
	seen   int           // The version that a Get returned or skipped last.
	get    *get[T]       // The Get in progress; nil if there is none.
	closed chan struct{} // Closed by Close.
}

// A get is a Get in progress.
type get[T any] struct {
	ctx     context.Context
	preds   []func(T) bool
	backlog bool
	looked  int  // The version for which the predicates were called last.
	called  bool // The predicates have been called.
}

// A Result is the result of a step of a Get. The Get returns Val and Err, or it
// waits.
type Result[T any] struct {
	Val     T
	Err     error
	Blocked bool

	wake <-chan struct{} // If Blocked: closed when the value changes.
}

// Start begins a Get and returns its result. If the Get waits, it stays in
// progress, and the result of [Watcher.Resume] is its next step. If a predicate
// panics, the Get ends and the panic continues in the caller of Start.
func (w *Watcher[T]) Start(ctx context.Context, opts ...event.GetOption[T]) Result[T] {
	w.v.mu.Lock()
	defer w.v.mu.Unlock()
	if err := w.abortErr(ctx); err != nil {
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

// Resume continues the Get in progress and returns its result.
func (w *Watcher[T]) Resume() Result[T] {
	w.v.mu.Lock()
	defer w.v.mu.Unlock()
	return w.advance(w.get)
}

// advance runs g until it returns or has to wait. The caller holds the mutex.
func (w *Watcher[T]) advance(g *get[T]) (r Result[T]) {
	defer func() {
		if !r.Blocked { // True after a panic, too.
			w.get = nil
		}
	}()
	v := w.v
	for {
		if err := w.abortErr(g.ctx); err != nil {
			return Result[T]{Err: err}
		}
		switch unseen := v.version > g.looked; {
		case unseen && !(g.backlog && g.called): // BacklogOnly: one value at most.
			version, val := v.version, v.val
			g.looked, g.called = version, true
			if !w.accepts(g, val) {
				continue
			}
			// A predicate may have ended the context or closed the watcher.
			if err := w.abortErr(g.ctx); err != nil {
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

// accepts reports whether all predicates accept val. It releases the mutex
// while it calls them, because they may use the value and the watcher.
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

// abortErr returns the error that a Get returns even if there is a value.
func (w *Watcher[T]) abortErr(ctx context.Context) error {
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

// Get calls Start, and calls Resume after each event until the Get returns.
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

// Changed returns a channel that is closed if a Get with BacklogOnly would
// return a value or an error other than BacklogDone. Otherwise the next change
// closes the channel.
func (w *Watcher[T]) Changed() <-chan struct{} {
	w.v.mu.Lock()
	defer w.v.mu.Unlock()
	if w.abortErr(context.Background()) != nil || w.v.version > w.seen || w.v.end != nil {
		return testkit.Closed
	}
	return w.v.wait()
}

// Close closes the watcher.
func (w *Watcher[T]) Close() error {
	w.v.mu.Lock()
	defer w.v.mu.Unlock()
	if w.abortErr(context.Background()) == nil {
		close(w.closed)
	}
	return nil
}
