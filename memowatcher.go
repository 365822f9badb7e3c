package event

import (
	"context"

	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/get"
)

// A memoWatcher is a watcher of a [Memo] over a source with versions. Its Get takes
// what is new from the source, and returns the result for it: one that there is, one
// that another Get computes, or one that it computes itself.
type memoWatcher[T, U any] struct {
	// passed is the version of the newest value that the watcher has returned or
	// passed. Get stores it, Version and Behind load it. It comes first for its
	// alignment on 32-bit machines.
	passed atomic.Uint64

	intake[T] // taken and seen are versions; it is aligned, too

	// memo has the results. It is nil after Close. Close stores nil, Get loads it.
	memo atomic.Pointer[memo[T, U]]
}

// watch returns a watcher of the view, over a watcher of its source.
func (m *memo[T, U]) watch(source Watcher[T]) Watcher[U] {
	if _, ok := Version(source); !ok {
		return newMapWatcher(source, m.f)
	}
	w := new(memoWatcher[T, U])
	w.memo.Store(m)
	w.init(source, m.contexts)
	return w
}

// Get implements [Watcher].
func (w *memoWatcher[T, U]) Get(ctx context.Context, opts ...GetOption[U]) (U, error) {
	mustBeContext(ctx)
	return w.get(ctx, opts, get.BacklogOnly(opts))
}

// GetBacklog implements [backlogGetter].
func (w *memoWatcher[T, U]) GetBacklog(ctx context.Context, opts []GetOption[U]) (U, error) {
	return w.get(ctx, opts, true)
}

func (w *memoWatcher[T, U]) get(ctx context.Context, opts []GetOption[U], backlog bool) (val U, err error) {
	if err := w.guard.acquire(ctx); err != nil {
		return val, err
	}
	defer w.endGet() // Deferred, because user code may panic: w.seen has not moved then.
	w.waiter.UnregisterElsewhere(ctx)
	w.failed = nil
	at := memoPosition[U]{looked: w.seen, backlog: backlog}
	val, at, err = get.Next(ctx, (*busyMemo[T, U])(w), at, opts)
	w.seen = at.looked
	return val, err
}

// endGet ends a Get, even one that panics.
func (w *memoWatcher[T, U]) endGet() {
	passed := w.seen
	if w.taken == w.seen {
		w.clear() // What was returned is not kept.
		if version, _ := Version(w.source); version > passed {
			passed = version // The source has passed what a view below leaves out.
		}
	}
	w.passed.Store(max(passed, w.passed.Load()))
	w.intake.endGet()
}

// A memoPosition is the position of a Get in the versions of the source.
type memoPosition[U any] struct {
	looked  uint64          // the version that the Get has looked at
	backlog bool            // the Get must not wait for a value
	awaited *computation[U] // what the Get waits for, which another runs
}

// A busyMemo is a memoWatcher during a Get: the source of [get.Next].
type busyMemo[T, U any] memoWatcher[T, U]

// Look takes what is new, and computes the result for it unless another Get does. A Get
// with BacklogOnly looks at one value only: see [busyWatcher.Look].
//
// A Get that has waited for a computation returns its result, even if there is a newer
// value by then: otherwise it might wait for one computation after another.
func (b *busyMemo[T, U]) Look(ctx context.Context, at memoPosition[U]) (val U, next memoPosition[U], found bool, end error) {
	w := (*memoWatcher[T, U])(b)
	c := at.awaited
	at.awaited = nil
	if c == nil || c.failed() {
		w.takeNewest(ctx)
		unseen := w.taken != at.looked
		switch {
		case w.failed != nil:
			return val, at, false, nil
		case unseen && !(at.backlog && at.looked != w.seen):
			c = w.compute(ctx)
		case w.end != nil && !unseen:
			return val, at, false, w.end
		case at.backlog:
			return val, at, false, BacklogDone
		default:
			return val, at, false, nil
		}
	}
	if c == nil || !c.ok.Load() {
		at.awaited = c
		return val, at, false, nil
	}
	at.looked = c.version
	return c.val, at, true, nil
}

// takeNewest takes a value from the source if there is one, and then the end, if the
// source has ended.
func (w *memoWatcher[T, U]) takeNewest(ctx context.Context) {
	for range 2 {
		if !w.takeVersion(ctx) || !ready(w.source) {
			return
		}
	}
}

// takeVersion is take, with the version of what it takes.
func (w *memoWatcher[T, U]) takeVersion(ctx context.Context) (fresh bool) {
	if !w.take(ctx) {
		return false
	}
	w.taken, _ = Version(w.source)
	return true
}

// compute returns the computation of the version that was taken. It runs f if no other
// Get or Load has begun to. It returns nil if a source fails, and after Close.
func (w *memoWatcher[T, U]) compute(ctx context.Context) *computation[U] {
	m := w.memo.Load()
	if m == nil { // by chance: a Close since the Get began; Abort has the error
		return nil
	}
	for {
		c, mine := m.join(w.taken)
		if c == nil {
			// There is something newer. A Distinct below may leave it out for this watcher.
			if w.takeVersion(ctx) {
				continue
			}
			if w.failed != nil {
				return nil // uncovered: the source fails at this moment
			}
			c, mine = &computation[U]{version: w.taken}, true
		}
		if mine {
			m.run(c, *w.val)
		}
		return c
	}
}

// Abort returns the error that a Get must return even if there is a value.
func (b *busyMemo[T, U]) Abort(ctx context.Context) error { return b.abort(ctx) }

// Wait waits until the computation that another Get runs is over or, if there is none,
// until there is something to take.
func (b *busyMemo[T, U]) Wait(ctx context.Context, at memoPosition[U]) {
	if at.awaited == nil {
		b.wait(ctx, false)
		return
	}
	b.publishUnseen()
	b.waiter.Park(ctx, &at.awaited.over, b.contexts)
}

// Close implements [Watcher].
func (w *memoWatcher[T, U]) Close() error {
	err := w.intake.Close()
	w.memo.Store(nil)
	return err
}

// Version reports where w is: see [Version].
func (w *memoWatcher[T, U]) Version() (version uint64, ok bool) { return w.passed.Load(), true }

// Behind reports how far w is behind: see [Behind]. What was taken and not returned
// counts.
func (w *memoWatcher[T, U]) Behind() (versions uint64, ok bool) {
	for !w.guard.isClosed() {
		passed := w.passed.Load()
		at, _ := Version(w.source)
		behind, ok := Behind(w.source)
		if !ok {
			return 0, false
		}
		if again, _ := Version(w.source); again == at {
			return at + behind - passed, true
		}
	}
	return 0, true
}

// Capabilities reports to this module's packages what the watcher can do.
func (w *memoWatcher[T, U]) Capabilities() capability.Set {
	c := w.intake.Capabilities()
	c.Versioner = w
	if capability.Of(w.source).Lagger != nil {
		c.Lagger = w
	}
	return c
}
