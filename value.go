package event

import (
	"errors"

	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/park"
)

// A Value is a state that changes: it is set from anywhere and watched by many. All methods
// may be called concurrently. What else an implementation offers, Load, Update or Close, is
// its own affair.
type Value[T any] interface {
	// Set makes val the newest value. It never blocks, and notifies also if val
	// equals what was there.
	Set(val T)
	ValueWatch[T]
}

// A ValueWatch is the side of a [Value] that its consumers get.
type ValueWatch[T any] interface {
	// Watch returns a new watcher, which has seen nothing yet: its first Get
	// returns the current value, if there is one. It does not wait, and may be called
	// concurrently. Close the watcher when it is of no more use.
	Watch() Watcher[T]
}

// MemoryValue is a [Value] in the memory of this process.
//
// The zero MemoryValue is ready and holds no data. It must not be copied after first
// use. All methods may be called concurrently.
//
// The Sets and successful Updates of one MemoryValue are totally ordered. In the
// terminology of the Go memory model, each synchronizes before the Get, Load or Update
// that observes its value or a later one, and before the close of every Changed channel
// that it closes; and a Close synchronizes before every [ErrClosed] that it causes.
//
// A MemoryValue holds the newest value and nothing of older ones: those are garbage once
// no call is returning them. Values are shared, not copied: what a value refers to must
// not be modified once it has been set.
type MemoryValue[T any] struct {
	// head is the newest snapshot. It is nil until the first Set, Update, Watch or Close;
	// written by compare-and-swap only, by these; read by all.
	// Its version grows by one step from a value to the next. A final snapshot stays.
	head atomicPtr[snapshot[T]]

	// end is why the value has ended. It goes from nil to the first Close's, by
	// compare-and-swap, before that Close makes the head final: who sees a final
	// head finds it here.
	end atomic.Pointer[error]

	// contexts are those under which watchers wait.
	contexts park.Contexts

	// watchers is the number of open watchers.
	watchers watcherCount
}

// A snapshot is one state of a value. It does not change once it is the head.
type snapshot[T any] struct {
	// version is the number of the state, shifted to where a watcherState has it:
	// 0 for no data, then 1, 2, 3 and so on. Close adds the final bit.
	version uint64

	// superseded fires when the snapshot has been replaced as the head.
	//
	// Invariant: a fired broadcast is never the head's. That of a final snapshot
	// never fires, and no watcher waits on it.
	superseded park.Broadcast
	val        T
}

const (
	final = 1 << 0 // in a snapshot's version; in a watcherState this bit means busy
	step  = 1 << versionShift
)

func (s *snapshot[T]) final() bool { return s.version&final != 0 }

// data reports whether a value was set.
func (s *snapshot[T]) data() bool { return s.version > final }

// seenState returns the state of an idle watcher that has seen s. It does not have
// the final bit: Close does not make a new version.
func (s *snapshot[T]) seenState() uint64 { return s.version &^ final }

// current returns the head, which it makes if there is none.
func (v *MemoryValue[T]) current() *snapshot[T] {
	if s := v.head.Load(); s != nil {
		return s
	}
	v.head.CompareAndSwap(nil, new(snapshot[T]))
	return v.head.Load()
}

// replace makes next, with the given version, the head in place of old. It reports
// false if old is not the head.
func (v *MemoryValue[T]) replace(old, next *snapshot[T], version uint64) bool {
	next.version = version
	// Publish before waking. If old fired first, a woken or arriving watcher would
	// still find old at the head: nothing new, and a fired broadcast that it cannot
	// wait on. A goroutine that is preempted between the two steps delays the
	// watchers that wait on old; all others see next already.
	if !v.head.CompareAndSwap(old, next) {
		return false
	}
	old.superseded.Fire()
	return true
}

// Set makes val the newest value and wakes those who wait for one. After Close it does
// nothing.
//
// Set is lock-free, and waits neither for watchers nor for code of theirs. It allocates
// the snapshot, of the size of a T and 16 bytes (12 where pointers have 32 bits), and the first
// use of a value an empty one besides. Its cost does not grow with the number of watchers: if up
// to four wait it wakes them, and else leaves that to a
// goroutine that it starts for it, which costs one small object more.
func (v *MemoryValue[T]) Set(val T) {
	next := &snapshot[T]{val: val}
	for {
		// This is current and replace by hand, the order included (see there). Calling
		// them makes a Set that wakes nobody a tenth slower, for neither is inlined.
		old := v.head.Load()
		if old == nil {
			old = v.current()
		}
		if old.final() {
			return
		}
		next.version = old.version + step
		if v.head.CompareAndSwap(old, next) {
			old.superseded.Fire()
			return
		}
	}
}

// Update replaces the value by what f makes of it. It calls f with the newest value and
// true, or with zero and false while there is no data. If f returns true, what it
// returned becomes the newest value, provided that old still is; else f is called
// again with what is newest now. If f returns false, the value is left as it is and
// nobody is woken.
//
// Update returns what it published and true, or what f was last called with and false.
// After Close it does not call f and returns the final value and false.
//
// Each attempt to publish allocates one object, as a Set does, and waking is as for Set.
// Update is lock-free, like Set, but for f itself, which runs on the caller's goroutine
// without a lock, perhaps more than once. Only what the last call returned is published.
// If f panics, nothing is published and the panic reaches the caller. f must not modify
// what old refers to, and must not Set or Update the same value: Update might never end.
// Update panics if f is nil.
func (v *MemoryValue[T]) Update(f func(old T, ok bool) (T, bool)) (T, bool) {
	if f == nil {
		panic("event: MemoryValue.Update: nil function")
	}
	for {
		old := v.current()
		if old.final() {
			return old.val, false
		}
		val, changed := f(old.val, old.data())
		if !changed {
			return old.val, false
		}
		if v.replace(old, &snapshot[T]{val: val}, old.version+step) {
			return val, true
		}
	}
}

// Load returns the newest value and true, or zero and false while there is no data. After
// Close it goes on returning the final value. Load is wait-free: one atomic load.
func (v *MemoryValue[T]) Load() (val T, ok bool) {
	if s := v.head.Load(); s != nil {
		return s.val, s.data()
	}
	return val, false
}

// Watch returns a new watcher, which has seen nothing yet. It allocates one object; the first
// on a value that holds no data one more. A watcher costs nothing to those of others, nor to
// Set. The value refers to it while a Get waits, and from the second wait under one context
// until a Get under another, the watcher's Close or the end of that context.
func (v *MemoryValue[T]) Watch() Watcher[T] {
	v.current()
	w := new(watcher[T])
	w.value.Store(v)
	v.watchers.add(1)
	return w
}

// Close ends the value: it is CloseWithError(nil).
func (v *MemoryValue[T]) Close() error { return v.CloseWithError(nil) }

// CloseWithError ends the value. Each watcher, even one that is made later, still
// gets the final value if it has not seen it, and then the end, permanently. The
// end depends on cause:
//
//   - nil or [ErrClosed]: the end is ErrClosed itself.
//   - an error in which [errors.Is] finds ErrClosed, such as the end of another
//     value: the end is that error itself. An end can so be passed from value to
//     value, and its text does not grow.
//   - any other error: the end is an error that wraps ErrClosed and cause.
//
// A later Set or Update is dropped. The first Close wins; later ones do nothing.
// CloseWithError always returns nil. It is lock-free and wakes as a Set does.
//
// Cost: the objects of a Set, and the error.
func (v *MemoryValue[T]) CloseWithError(cause error) error {
	end := cause
	switch {
	case cause == nil:
		end = ErrClosed
	case !errors.Is(cause, ErrClosed):
		end = &closedError{cause}
	}
	v.end.CompareAndSwap(nil, &end)
	// A Close that lost helps the winner, so that the value has ended when it returns.
	next := new(snapshot[T])
	for {
		old := v.current()
		if old.final() {
			return nil
		}
		next.val = old.val
		if v.replace(old, next, old.version|final) {
			return nil
		}
	}
}
