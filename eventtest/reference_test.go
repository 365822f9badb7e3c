package eventtest_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/eventtest"
)

type (
	item   = eventtest.Item
	option = event.GetOption[*item]
)

// A reference is a value that is meant to be obviously right: one mutex, and a
// channel that is closed and replaced by each change. With a bug it is wrong in
// one way.
type reference struct {
	bug bug

	mu sync.Mutex
	refState

	// For bugs:
	before   *item
	kept     []any
	position int
}

// A refState is what a reference holds. What was copied under the lock belongs
// together.
type refState struct {
	version int // 0 is no data
	item    *item
	end     error
	changed chan struct{} // closed when this is not the newest state, or the final one
}

func newReference(b bug) *reference {
	return &reference{bug: b, refState: refState{changed: newChanged()}}
}

// newChanged has capacity for bugs that send where they should close.
func newChanged() chan struct{} { return make(chan struct{}, 1) }

func (r *reference) is(bugs ...bug) bool { return slices.Contains(bugs, r.bug) }

func (r *reference) state() refState {
	if r.is(racy) {
		return r.refState
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refState
}

// keep keeps x for ever.
func (r *reference) keep(x any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept = append(r.kept, x)
}

func (r *reference) Set(x *item) {
	if r.is(setWaitsForSlow, setWaitsForParked, setWaitsForTakers) {
		r.mu.Lock()
		n := len(r.kept)
		r.mu.Unlock()
		if n > 2*many {
			<-make(chan struct{})
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.set(x)
}

// many is fewer than the suite has watchers where it has many.
const many = 500

// set is called with the lock.
func (r *reference) set(x *item) {
	switch {
	case r.end != nil && !r.is(setAfterClose),
		r.is(nilIsNoData) && x == nil,
		r.is(zeroIsNoData) && x != nil && x.N == 0,
		r.is(equalDropped) && x != nil && r.item != nil && x.N == r.item.N:
		return
	case r.is(retainsOld, queues):
		r.kept = append(r.kept, x)
	case r.is(getsOlder, loadsOlder) && r.version%8 == 0:
		r.before = r.item
	}
	r.version++
	r.item = x
	if r.end != nil {
		return
	}
	r.wake()
	r.changed = newChanged()
}

func (r *reference) wake() {
	switch {
	case r.is(wakesOne):
		r.changed <- struct{}{}
	case r.is(changedLate):
		go close(r.changed)
	case r.is(forgetsAfterMany) && len(r.kept) > many:
	default:
		close(r.changed)
	}
}

func (r *reference) Load() (*item, bool) {
	switch {
	case r.is(loadsOlder) && r.state().version%2 == 1 && r.before != nil:
		return r.before, true
	case r.is(loadsAlways):
		return r.state().item, true
	case r.is(loadsNonNil):
		return r.state().item, r.state().item != nil
	case r.is(loadEndsWithClose) && r.state().end != nil:
		return nil, false
	}
	s := r.state()
	return s.item, s.version > 0
}

func (r *reference) Update(f func(*item, bool) (*item, bool)) (*item, bool) {
	if f == nil {
		if r.is(nilAllowed) {
			return nil, false
		}
		panic("reference: nil function")
	}
	if r.is(updateLocks) {
		r.mu.Lock()
		defer r.mu.Unlock()
		x, ok := f(r.item, r.version > 0)
		if ok {
			r.set(x)
		}
		return x, ok
	}
	if r.is(updatePanicsPublish) {
		defer func() {
			if p := recover(); p != nil {
				r.Set(nil)
				panic(p)
			}
		}()
	}
	for {
		s := r.state()
		if s.end != nil && !r.is(updateAfterClose) {
			return s.item, false
		}
		x, ok := f(s.item, s.version > 0)
		switch {
		case s.end != nil:
			return s.item, false
		case r.is(updateReturnsOld) && ok:
			r.Set(x)
			return s.item, true
		case r.is(updatePublishesAlways) && !ok:
			r.Set(x)
			return s.item, false
		case r.is(updateWakesAlways) && !ok:
			r.Set(s.item)
			return s.item, false
		case !ok:
			return s.item, false
		case r.is(updateNotAtomic):
			runtime.Gosched()
			r.Set(x)
			return x, true
		}
		if r.setAfter(s.version, x) {
			return x, true
		}
	}
}

// setAfter sets x if the version is the newest.
func (r *reference) setAfter(version int, x *item) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.version != version || r.end != nil {
		return false
	}
	if r.is(updateSleeps) {
		r.version, r.item = version+1, x
		return true
	}
	r.set(x)
	return true
}

func (r *reference) CloseWithError(cause error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	first := r.end == nil
	switch {
	case !first && !r.is(lastCloseWins):
		return nil
	case cause == nil && r.is(endIsWrapped):
		r.end = fmt.Errorf("it is over: %w", event.ErrClosed)
	case cause == nil || r.is(causeLost):
		r.end = event.ErrClosed
	case r.is(onlyCause):
		r.end = cause
	default:
		r.end = errors.Join(event.ErrClosed, cause)
	}
	switch {
	case !first || r.is(endSleeps):
	case r.is(endWakesOne):
		r.changed <- struct{}{}
	default:
		close(r.changed)
	}
	if r.is(changedForgetsEnd) {
		r.changed = make(chan struct{})
	}
	return nil
}

func (r *reference) Watch() event.Watcher[*item] {
	w := &refWatcher{bug: r.bug, value: r, closed: make(chan struct{})}
	switch {
	case r.is(firstGetWaits), r.is(endedIsOver) && r.state().end != nil:
		w.seen = r.state().version
	case r.is(firstSetMissed) && r.state().version == 0:
		w.seen = 1
	case r.is(keepsWatchers, setWaitsForSlow):
		r.keep(w)
	}
	return w
}

func TestReference(t *testing.T) {
	eventtest.Run(t, func(testing.TB) eventtest.Subject {
		return eventtest.Of(newReference(""))
	})
}
