package eventtest_test

import (
	"context"
	"runtime"
	"slices"
	"sync"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
)

// A refWatcher is the watcher of a reference.
type refWatcher struct {
	mu     sync.Mutex
	value  *reference // nil once closed
	seen   int
	busy   bool
	closed chan struct{}

	// For bugs:
	bug  bug
	opts []option
	ctxs []context.Context
}

func (w *refWatcher) is(bugs ...bug) bool { return slices.Contains(bugs, w.bug) }

func (w *refWatcher) Get(ctx context.Context, opts ...option) (*item, error) {
	r, err := w.acquire(ctx)
	if err != nil {
		return nil, err
	}
	if r.is(panicLeavesBusy) {
		x, err := w.next(ctx, r, opts)
		w.release()
		return x, err
	}
	defer w.release()
	return w.next(ctx, r, w.bugsBefore(ctx, r, opts))
}

func (w *refWatcher) acquire(ctx context.Context) (*reference, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.value
	if ctx == nil {
		if w.is(nilAllowed) {
			return nil, event.BacklogDone
		}
		panic("reference: nil context")
	}
	busy := w.busy && !w.is(concurrentUndetected)
	switch {
	case ctx.Err() != nil && !(w.is(contextLoses) && r != nil && r.state().version > w.seen):
		if w.is(consumesOnCancel) && r != nil {
			w.seen = r.state().version
		}
		return nil, ctx.Err()
	case busy && w.is(concurrentBeforeClosed):
		return nil, event.ErrConcurrentGet
	case testkit.IsClosed(w.closed):
		if w.is(endBeforeClosed) && r.state().end != nil {
			return nil, r.state().end
		}
		return nil, event.ErrWatcherClosed
	case busy:
		return nil, event.ErrConcurrentGet
	}
	w.busy = true
	return r, nil
}

func (w *refWatcher) release() {
	if w.is(finishesLate) {
		go func() {
			runtime.Gosched()
			w.mu.Lock()
			defer w.mu.Unlock()
			w.busy = false
		}()
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = false
}

// next is the Get that owns the watcher. It moves the watcher.
func (w *refWatcher) next(ctx context.Context, r *reference, opts []option) (*item, error) {
	looked := w.position()
	waited := false
	var pinned []*item
	defer func() { runtime.KeepAlive(pinned) }()
	for {
		s := r.state()
		if err := w.abortErr(ctx); err != nil &&
			!(s.version > looked && (r.is(contextLoses) || r.is(takesAfterEnd) && waited)) {
			if r.is(rejectedIsSeen) {
				w.move(looked)
			}
			if r.is(movesFirst) {
				w.move(s.version)
			}
			return nil, err
		}
		if r.is(finalValueLost) && s.end != nil {
			return nil, s.end
		}
		if s.version == 0 && (r.is(getsBeforeData) || r.is(endNeedsData) && s.end != nil) {
			return nil, nil
		}
		if s.version > looked {
			if r.is(queues) {
				s.version = looked + 1
				s.item = r.kept[looked].(*item)
			}
			looked = s.version
			if w.accepts(r, opts, s.item) {
				if err := w.abortErr(ctx); err != nil && !r.is(predicateCannotEnd, takesAfterEnd, contextLoses) {
					return nil, err
				}
				if !(r.is(deliversTwice) && waited) {
					w.move(looked)
				}
				switch {
				case r.is(returnsNewest):
					return r.state().item, nil
				case r.is(getsOlder) && s.version%4 == 3 && r.before != nil:
					return r.before, nil
				}
				return s.item, nil
			}
			if r.is(rejectedPinned) {
				pinned = append(pinned, s.item)
			}
			if !backlogOnly(opts) || r.is(backlogChases) {
				continue
			}
		}
		if err := w.endErr(r, s, looked, opts); err != nil {
			return nil, err
		}
		waited = true
		w.wait(ctx, r, s)
	}
}

// endErr returns the error of a Get that has looked at all values, or nil if
// the Get has to wait.
func (w *refWatcher) endErr(r *reference, s refState, looked int, opts []option) error {
	backlog := backlogOnly(opts) && !r.is(backlogWaits)
	switch {
	case s.end != nil && !(backlog && r.is(endAfterBacklog)):
		if !r.is(rejectedFinalStays) {
			w.move(looked)
		}
		return s.end
	case backlog:
		switch {
		case r.is(backlogPassesNewer):
			looked = r.state().version
		case r.is(backlogStays):
			looked = w.position()
		}
		w.move(looked)
		return event.BacklogDone
	}
	return nil
}

func (w *refWatcher) wait(ctx context.Context, r *reference, s refState) {
	closed := w.closed
	switch {
	case r.is(closeSleeps):
		closed = nil
	case r.is(losesWakeUps):
		for range 3 {
			runtime.Gosched()
		}
		s.changed = r.state().changed
	case r.is(goroutinePerGet):
		done := make(chan struct{})
		defer close(done)
		go func() { <-done }()
	case r.is(leavesGoroutine):
		go func() { <-s.changed }()
	case r.is(keepsGivenUp, forgetsAfterMany, setWaitsForParked):
		r.keep(new([64]byte))
	}
	select {
	case <-s.changed:
	case <-ctx.Done():
	case <-closed:
	}
}

func (w *refWatcher) abortErr(ctx context.Context) error {
	switch {
	case ctx.Err() != nil && w.is(alwaysCanceled):
		return context.Canceled
	case ctx.Err() != nil:
		return ctx.Err()
	case testkit.IsClosed(w.closed):
		return event.ErrWatcherClosed
	}
	return nil
}

func (w *refWatcher) position() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.is(positionIsShared) {
		return w.value.position
	}
	return w.seen
}

func (w *refWatcher) move(version int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = version
	if w.is(positionIsShared) {
		w.value.position = version
	}
}

func (w *refWatcher) accepts(r *reference, opts []option, x *item) bool {
	if r.is(predicateLocks) {
		r.mu.Lock()
		defer r.mu.Unlock()
	}
	ok := true
	for _, o := range opts {
		switch {
		case r.is(filtersIgnored):
		case o.Predicate == nil:
			ok = ok && !(r.is(zeroOptionRejects) && !o.BacklogOnly)
		case r.is(lastFilterWins):
			ok = o.Predicate(x)
		case r.is(predicateTwice):
			ok = ok && o.Predicate(x) && o.Predicate(x)
		case r.is(nilNotAskedAbout) && x == nil:
			ok = false
		default:
			ok = ok && o.Predicate(x)
		}
	}
	return ok
}

func backlogOnly(opts []option) bool {
	for _, o := range opts {
		if o.BacklogOnly {
			return true
		}
	}
	return false
}

// bugsBefore does what some bugs do before a Get looks at the value.
func (w *refWatcher) bugsBefore(ctx context.Context, r *reference, opts []option) []option {
	switch {
	case r.is(allocates):
		sink = new([100]byte)
	case r.is(allocatesForOptions) && len(opts) > 0:
		sink = new([100]byte)
	case r.is(optionsStick):
		w.opts = append(w.opts, opts...)
		return w.opts
	case r.is(keepsContext, keepsWatchers):
		w.ctxs = []context.Context{ctx}
	case r.is(keepsAllContexts):
		w.ctxs = append(w.ctxs, ctx)
	}
	return opts
}

var sink any

func (w *refWatcher) Changed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if testkit.IsClosed(w.closed) {
		if w.is(changedForgetsClose) {
			return make(chan struct{})
		}
		return w.closed
	}
	r := w.value
	s := r.state()
	switch {
	case r.is(changedConsumes):
		defer func() { w.seen = s.version }()
	case r.is(changedIsKept, setWaitsForTakers):
		r.keep(new([64]byte))
	case r.is(changedAllocates):
		sink = new([100]byte)
	case r.is(changedOnlyNext), r.is(changedNotWhileBusy) && w.busy:
		return make(chan struct{})
	}
	switch {
	case s.version > w.seen:
		return testkit.Closed
	case r.is(changedIsRacy):
		runtime.Gosched()
		return r.state().changed
	case r.is(changedIsAlwaysNew) && s.end == nil:
		c := make(chan struct{})
		go func() {
			<-s.changed
			close(c)
		}()
		return c
	}
	return s.changed
}

func (w *refWatcher) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.is(closeForgotten):
		return nil
	case testkit.IsClosed(w.closed):
		if w.is(closeTwiceFails) {
			return event.ErrWatcherClosed
		}
		return nil
	case w.is(closeEndsValue):
		_ = w.value.CloseWithError(event.ErrWatcherClosed)
	}
	if !w.is(keepsValue, endBeforeClosed, positionIsShared) {
		w.value = nil
	}
	close(w.closed)
	return nil
}
