package event

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/get"
	"github.com/eventvalue/event/internal/park"
)

// A mergeWatcher is the watcher of a [Combine] or [CombineAll]. Its Get takes what is
// new from the sources that have changed, and builds a value from what was taken.
type mergeWatcher[T any] struct {
	sources  []source
	build    func() T // builds a value from what was taken
	external bool     // there is an external source
	waiter   park.Waiter
	contexts *park.Contexts
	changes  changeSet

	// armed reports that the hooks of all sources were armed. Until then a Get looks
	// at every source, so that a watcher of one Get arms none. It goes from false to
	// true, under armMu.
	armed atomic.Bool

	// armMu guards the relays of the hooks, loose and awaited.
	armMu sync.Mutex

	// loose is the sources that are not armed, although all were once. A Get that
	// takes from a source leaves it loose, because the next Get may come before
	// anyone waits. Each look checks the loose sources itself.
	//
	// Invariant: once armed is true, a source that has not ended is armed, loose, or
	// in the batch of the Get in progress.
	loose []*source

	// awaited is the signal that a goroutine waits for, or whose channel a caller has. While it
	// has not fired, no source becomes loose.
	awaited *park.Broadcast

	// pending reports that Get has something to return that no source reports any
	// more: a complete value that was taken and not returned, or an end. Get stores
	// it, when it ends and before it waits. Changed loads it.
	pending atomic.Bool

	// followed is the signal for which Changed follows the external sources.
	followed atomic.Pointer[park.Broadcast]

	guard getGuard // guards the fields below, and the sources

	// version is the number of values taken, and seen the version that was returned
	// or passed last.
	version, seen uint64

	again   bool      // there was a Get before
	missing int       // the number of sources of which no value was taken
	live    int       // the number of sources that have not ended
	fatal   int       // the number of sources whose end ends the view
	batch   []*source // the sources that the look in progress has yet to look at
	end     error     // what every later Get returns
	failed  error     // the error of a source that ends the Get in progress
}

// scanMax is the number of sources up to which each Get looks at all of them. Of more
// sources it looks at those that are marked.
//
// A look at all sources finds what was published by a Set that has not fired yet,
// and so never returns an older value of a source than another reader has returned
// before.
const scanMax = 16

// init prepares w, whose sources have their readers. The caller then publishes w.
func (w *mergeWatcher[T]) init(contexts *park.Contexts, build func() T) {
	w.contexts, w.build = contexts, build
	w.missing, w.live = len(w.sources), len(w.sources)
	w.changes.signal.Store(new(park.Broadcast))
	for i := range w.sources {
		s := &w.sources[i]
		s.hook.set, s.hook.index = &w.changes, i
		s.signaler = capability.Of(s.reader.watcher()).Signaler
		w.external = w.external || s.signaler == nil
	}
}

// Get implements [Watcher].
func (w *mergeWatcher[T]) Get(ctx context.Context, opts ...GetOption[T]) (T, error) {
	mustBeContext(ctx)
	return w.get(ctx, opts, get.BacklogOnly(opts))
}

// GetBacklog implements [backlogGetter].
func (w *mergeWatcher[T]) GetBacklog(ctx context.Context, opts []GetOption[T]) (T, error) {
	return w.get(ctx, opts, true)
}

func (w *mergeWatcher[T]) get(ctx context.Context, opts []GetOption[T], backlog bool) (val T, err error) {
	if err := w.guard.acquire(ctx); err != nil {
		return val, err
	}
	defer w.endGet() // Deferred, because user code may panic: w.seen has not moved then.
	w.waiter.UnregisterElsewhere(ctx)
	if w.again && len(w.sources) > scanMax {
		w.arm()
	}
	w.again, w.failed = true, nil
	at := mergePosition{looked: w.seen, backlog: backlog}
	val, at, err = get.Next(ctx, (*busyMerge[T])(w), at, opts)
	w.seen = at.looked
	switch {
	case err == nil:
		w.end = at.end
	case at.ended:
		w.end = err
	}
	return val, err
}

// endGet ends a Get, even one that panics.
func (w *mergeWatcher[T]) endGet() {
	for _, s := range w.batch { // The look has failed before it reached them.
		s.queued = false
		if w.armed.Load() && s.signaler != nil {
			s.hook.Fire()
		}
	}
	w.batch = w.batch[:0]
	w.publishPending()
	if w.guard.release() {
		w.clear()
	}
}

// A mergePosition is the position of a Get in the values that a mergeWatcher builds.
type mergePosition struct {
	looked  uint64 // the version that the Get has looked at
	backlog bool   // the Get must not wait
	end     error  // what follows the value that the Get has looked at
	ended   bool   // the Get returns the end of the view
}

// A busyMerge is a mergeWatcher during a Get: the source of [get.Next].
type busyMerge[T any] mergeWatcher[T]

// Look takes what is new and builds a value from it. A Get with BacklogOnly looks at
// one value only, for the reason that a MemoryValue's does.
func (b *busyMerge[T]) Look(ctx context.Context, at mergePosition) (val T, next mergePosition, found bool, end error) {
	w := (*mergeWatcher[T])(b)
	if end := cmp.Or(w.end, at.end); end != nil { // What followed a value that was rejected is final, too.
		at.ended = true
		return val, at, false, end
	}
	end, w.failed = w.takeNewest(ctx)
	if w.failed != nil {
		return val, at, false, nil
	}
	unseen := w.missing == 0 && w.version != at.looked
	switch {
	case unseen && !(at.backlog && at.looked != w.seen):
		at.looked, at.end = w.version, end
		return w.build(), at, true, nil
	case end != nil && !unseen:
		at.ended = true
		return val, at, false, end
	case at.backlog:
		return val, at, false, BacklogDone
	}
	return val, at, false, nil
}

// Abort returns the error that a Get must return even if there is a value.
func (b *busyMerge[T]) Abort(ctx context.Context) error {
	if err := b.guard.abortErr(ctx); err != nil {
		return err
	}
	return b.failed
}

// Wait waits until a source has something new.
func (b *busyMerge[T]) Wait(ctx context.Context, _ mergePosition) {
	w := (*mergeWatcher[T])(b)
	w.publishPending()
	signal := w.await()
	if w.changes.marked.Load() != nil {
		return // by chance: a hook was marked since the look
	}
	if w.external {
		w.parkExternal(ctx, signal)
	} else {
		w.waiter.Park(ctx, signal, w.contexts)
	}
}

// parkExternal is the end of Wait where there is an external source.
//
//explore:skip selects by reflection
func (w *mergeWatcher[T]) parkExternal(ctx context.Context, signal *park.Broadcast) {
	stop := make(chan struct{})
	defer close(stop)
	if followExternal(w.sources, signal, stop) {
		w.waiter.Park(ctx, signal, w.contexts)
	}
}

// takeNewest takes what is new. It returns the end of the view, if a source has ended
// that ends it, or if all have ended.
//
// A source whose end ends the view may have ended after another was looked at that
// changed before that. takeNewest therefore looks again after each such end. Its
// last look finds none: what is taken then is the newest value before the end, and
// the sources that have ended are those that had ended when that look began.
func (w *mergeWatcher[T]) takeNewest(ctx context.Context) (end, err error) {
	for before := -1; before != w.fatal; {
		before = w.fatal
		if err := w.look(ctx); err != nil {
			return nil, err
		}
	}
	switch {
	case w.fatal > 0:
		return w.firstEnd(), nil
	case w.live == 0:
		return ErrClosed, nil
	}
	return nil, nil
}

// firstEnd returns the end of the source with the lowest index among those whose end
// ends the view.
func (w *mergeWatcher[T]) firstEnd() error {
	for i := range w.sources {
		if end := w.sources[i].end; end != nil {
			return &SourceError{Index: i, Err: end}
		}
	}
	return nil // uncovered: there is one
}

// look takes what is new from each source that may have changed.
func (w *mergeWatcher[T]) look(ctx context.Context) error {
	w.batch = w.batch[:0]
	armed := w.armed.Load()
	// Load RelaysPending before the marked hooks: if it is false, each Set that has
	// returned has marked its source.
	all := len(w.sources) <= scanMax || !armed || park.RelaysPending()
	if armed {
		for h := w.changes.take(); h != nil; {
			s := &w.sources[h.index]
			h = h.unmark()
			w.queue(s)
		}
	}
	w.changes.renew()
	if armed {
		w.queueLoose()
	}
	if all || w.external {
		for i := range w.sources {
			if s := &w.sources[i]; s.signaler == nil || all && s.ready() {
				w.queue(s)
			}
		}
	}
	for len(w.batch) > 0 {
		last := len(w.batch) - 1
		s := w.batch[last]
		before := w.version
		if err := w.takeFrom(ctx, s); err != nil {
			return err
		}
		if armed {
			w.loosen(s, w.version != before)
		}
		s.queued = false
		w.batch = w.batch[:last]
	}
	return nil
}

// queue adds s to the sources to look at.
func (w *mergeWatcher[T]) queue(s *source) {
	if !s.queued && !s.over.Load() {
		s.queued = true
		w.batch = append(w.batch, s)
	}
}

// queueLoose adds the loose sources that have something new to the sources to look
// at. They are loose no longer.
func (w *mergeWatcher[T]) queueLoose() {
	w.armMu.Lock()
	defer w.armMu.Unlock()
	w.loose = slices.DeleteFunc(w.loose, func(s *source) bool {
		if s.ready() {
			w.queue(s)
		}
		return s.queued
	})
}

// loosen makes s loose, which the look has taken from: a value, if fresh. It arms s
// instead if a goroutine waits, or if there are enough loose sources.
func (w *mergeWatcher[T]) loosen(s *source, fresh bool) {
	w.armMu.Lock()
	defer w.armMu.Unlock()
	if fresh && w.changes.signal.Load() == w.awaited {
		// The value may be newer than the signal's channel. Its owner must be told of
		// it, although this Get returns it.
		w.changes.fire()
		w.changes.renew()
	}
	// A Set that has published and not fired yet leaves the relay, although its value
	// was taken.
	s.disarm()
	switch {
	case s.over.Load() || s.signaler == nil:
	case w.changes.signal.Load() == w.awaited || len(w.loose) == maxLoose:
		s.arm()
	default:
		w.loose = append(w.loose, s)
	}
}

// maxLoose is the greatest number of loose sources. Each costs every Get a check.
const maxLoose = 4

// takeFrom takes what is new from s: a value, and then the end, if s has ended. It
// takes at most two values, so that it ends under a fast producer.
func (w *mergeWatcher[T]) takeFrom(ctx context.Context, s *source) error {
	for range 2 {
		fresh, err := s.reader.take(ctx)
		switch {
		case fresh:
			w.version++
			if !s.hasValue {
				s.hasValue = true
				w.missing--
			}
			if s.signaler == nil {
				// A goroutine that follows s is about to fire the signal. The next
				// Changed must not return that one.
				w.changes.fire()
				w.changes.renew()
			}
			if !s.ready() {
				return nil
			}
		case err == nil:
			return nil
		case !errors.Is(err, ErrClosed) || w.guard.abortErr(ctx) != nil:
			return err // It may be the error of ctx, whatever that is.
		default:
			w.endSource(s, err)
			return nil
		}
	}
	return nil
}

// endSource notes that s has ended with err. If s has a value and has ended without a
// cause, it keeps the value and the others go on.
func (w *mergeWatcher[T]) endSource(s *source, err error) {
	s.over.Store(true)
	w.live--
	if !s.hasValue || err != ErrClosed {
		s.end = err
		w.fatal++
	}
	w.armMu.Lock()
	s.disarm()
	w.armMu.Unlock()
	_ = s.reader.Close()
}

// await arms all sources and returns the signal, which fires when one of them has
// something new. The caller then checks whether a hook is marked.
func (w *mergeWatcher[T]) await() *park.Broadcast {
	w.armMu.Lock()
	defer w.armMu.Unlock()
	w.armFirst()
	for _, s := range w.loose {
		s.arm()
	}
	w.loose = w.loose[:0]
	w.awaited = w.changes.signal.Load()
	return w.awaited
}

// arm arms the hooks of all sources, unless that was done before.
func (w *mergeWatcher[T]) arm() {
	if w.armed.Load() {
		return
	}
	w.armMu.Lock()
	defer w.armMu.Unlock()
	w.armFirst()
}

// armFirst is arm. The caller holds armMu.
func (w *mergeWatcher[T]) armFirst() {
	if w.armed.Load() || w.guard.isClosed() {
		return
	}
	for i := range w.sources {
		if s := &w.sources[i]; !s.over.Load() {
			s.arm()
		}
	}
	w.armed.Store(true)
}

// publishPending stores for Changed what Get has to return that no source reports
// any more. Changed loads the signal and then checks pending; publishPending stores
// pending and then fires the signal, so that one of the two sees the other.
func (w *mergeWatcher[T]) publishPending() {
	pending := w.end != nil || w.fatal > 0 || w.live == 0 || w.missing == 0 && w.version != w.seen
	if w.pending.Swap(pending) != pending && pending {
		w.changes.fire()
	}
}

// clear drops the values and disarms the hooks. The caller owns them: see getGuard.
func (w *mergeWatcher[T]) clear() {
	w.armMu.Lock()
	defer w.armMu.Unlock()
	for i := range w.sources {
		w.sources[i].reader.clear()
		w.sources[i].disarm()
	}
	w.loose = nil
}

// Ready reports whether the channel that Changed returns would be closed.
func (w *mergeWatcher[T]) Ready() bool {
	// Load armed and RelaysPending before the marked hooks, as look does.
	all := len(w.sources) <= scanMax || !w.armed.Load() || park.RelaysPending()
	if w.guard.isClosed() || w.pending.Load() || w.changes.marked.Load() != nil || !all && w.looseReady() {
		return true
	}
	if !all && !w.external {
		return false
	}
	for i := range w.sources {
		if s := &w.sources[i]; (all || s.signaler == nil) && s.ready() {
			return true
		}
	}
	return false
}

// looseReady reports whether a loose source has something new.
func (w *mergeWatcher[T]) looseReady() bool {
	w.armMu.Lock()
	defer w.armMu.Unlock()
	return slices.ContainsFunc(w.loose, (*source).ready)
}

// Subscribe makes target fire once the channel that Changed returns would be closed:
// see [capability.Signaler].
func (w *mergeWatcher[T]) Subscribe(target park.Target) *park.Relay {
	signal := w.pendingSignal()
	if signal == nil {
		target.Fire()
		return nil
	}
	// A Get replaces the signal only after it has fired, and then Relay fires target.
	return signal.Relay(target)
}

// Changed implements [Watcher].
func (w *mergeWatcher[T]) Changed() <-chan struct{} {
	if signal := w.pendingSignal(); signal != nil {
		return w.waiter.Done(signal)
	}
	return park.ClosedChan
}

// pendingSignal returns the signal that fires when there is something to look at, or
// nil if there is something now.
func (w *mergeWatcher[T]) pendingSignal() *park.Broadcast {
	if w.Ready() {
		return nil
	}
	signal := w.await()
	if w.external && w.followed.Load() != signal {
		if !followExternal(w.sources, signal, nil) { // It calls foreign code, which may panic.
			signal.Fire() // by chance: a source has changed since the check above
		}
		w.followed.Store(signal)
	}
	// Load the signal, then check: see publishPending.
	if w.Ready() { // by chance: something has changed since the check above
		if w.guard.isClosed() {
			signal.Fire() // by chance: a Close in between may have fired the one before it
		}
		return nil
	}
	return signal
}

// Capabilities reports to this module's packages what the watcher can do. With an
// external source it is external itself: Subscribe calls no foreign code.
func (w *mergeWatcher[T]) Capabilities() capability.Set {
	if w.external {
		return capability.Set{}
	}
	return capability.Set{Signaler: w}
}

// Close implements [Watcher].
func (w *mergeWatcher[T]) Close() error {
	first, clear := w.guard.close()
	if !first {
		return nil
	}
	if clear {
		w.clear()
	}
	for i := range w.sources {
		_ = w.sources[i].reader.Close()
	}
	w.changes.fire() // It ends the goroutines that follow external sources.
	w.waiter.Close()
	return nil
}
