package event

import (
	"errors"

	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/park"
)

// A Value is a state that changes. Any goroutine may set it, and any number of
// goroutines may watch it. All methods may be called concurrently. An implementation may
// offer more, for example Load, Update or Close.
type Value[T any] interface {
	// Set makes val the newest value. It never blocks, and notifies even if val equals
	// the value that it replaces.
	Set(val T)
	ValueWatch[T]
}

// A ValueWatch is the side of a [Value] that consumers get.
//
// A view is a ValueWatch that is computed from others. The views are [Map], [Memo],
// [Distinct], [DistinctFunc], [Where], [Combine], [CombineAll], [Rate], [Debounce] and
// [DebounceMax]. The guarantees have the numbers of the package comment:
//
//   - The guarantees 1 to 5, 7 and 12 to 18 hold for each watcher of a view, where newer
//     means newer and accepted.
//   - Guarantee 6 holds for Map, Memo and Where.
//   - For Combine and CombineAll, the guarantees 2 and 3 hold for each source. CombineAll
//     states a limit for many sources.
//
// A view conflates as its sources do. If its function panics, the panic reaches the
// caller and nothing is consumed.
//
// Cost: over values of this module no goroutine waits for a view. Without watchers, a
// view keeps nothing, except for the last result of a Memo. A watcher of a Distinct,
// DistinctFunc, Combine, CombineAll, Rate, Debounce or DebounceMax keeps values of its
// sources until it is closed.
type ValueWatch[T any] interface {
	// Watch returns a new watcher, which has seen nothing: its first Get returns the
	// current value, if there is one. Watch does not wait, and may be called
	// concurrently. Close the watcher when it is no longer needed.
	Watch() Watcher[T]
}

// MemoryValue is a [Value] in the memory of this process.
//
// The zero MemoryValue is ready and holds no data. Until the first Set or successful
// Update, Load returns false and Get waits. A MemoryValue must not be copied after first
// use. All methods may be called concurrently.
//
// The Sets and successful Updates of one MemoryValue are totally ordered. Once a Get, Load
// or Update has returned a value, none that begins later returns an older value. In the
// terminology of the Go memory model, each Set and successful Update synchronizes before
// the Get, Load or Update that observes its value or a later one, and before the close of
// every Changed channel that it closes. A Close synchronizes before every [ErrClosed] that
// it causes.
//
// A MemoryValue refers to the newest value only. An older one is garbage once no call is
// returning it. Values are shared, not copied: what a value refers to must not be
// modified once it has been set.
type MemoryValue[T any] struct {
	// head is the newest snapshot. It is nil until the first Set, Update, Watch or Close.
	// These write it by compare-and-swap. New stores the first one before the value is shared.
	// All methods read it. Its version grows by
	// one step from a value to the next. A final snapshot stays.
	head atomicPtr[snapshot[T]]

	// end is the error with which the value has ended. The first Close sets it, by
	// compare-and-swap from nil, before it makes the head final: a goroutine that loads a
	// final head finds the end here.
	end atomic.Pointer[error]

	// contexts holds the registrations of the watchers that wait.
	contexts park.Contexts

	// watchers is the number of open watchers.
	watchers watcherCount
}

// New returns a MemoryValue that holds val, as if after a Set of it. It is for a value
// that must never be without data. A value without data needs no New:
//
//	var v event.MemoryValue[string]
//
// Cost: the value, and its first snapshot.
func New[T any](val T) *MemoryValue[T] {
	v := new(MemoryValue[T])
	v.head.Store(&snapshot[T]{version: step, val: val})
	return v
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

// Set makes val the newest value and wakes the watchers that wait for one, even if val
// equals the value that it replaces. A nil or zero val is data, too. After Close, Set does
// nothing.
//
// Set never blocks: it is lock-free, and waits neither for watchers nor for their code.
//
// Cost: the snapshot, which has the size of a T and 16 bytes, or 12 with 32-bit pointers;
// for the first use of a value, an empty snapshot too. The cost does not grow with the
// number of watchers: Set wakes the waiters itself if at most four wait and at most four
// watchers have taken a Changed channel. Otherwise a goroutine wakes all, which costs two
// small objects. Set fires up to four signals of views and of [Until] itself. For more it
// starts another goroutine.
func (v *MemoryValue[T]) Set(val T) {
	next := &snapshot[T]{val: val}
	for {
		// This is what current and replace do, in the same order: see replace. Neither is
		// inlined, and the calls would make a Set slower that wakes no watcher.
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

// Update replaces the value by the result of f. It calls f with the newest value and
// true, or with zero and false while there is no data.
//
//   - If f returns true, its result becomes the newest value, provided that old still is;
//     otherwise Update calls f again with the newest value. Update returns the result and
//     true.
//   - If f returns false, the value stays as it is and no watcher is woken. Update returns
//     old and false.
//   - After Close, Update does not call f. It returns the final value and false.
//
// f runs on the caller's goroutine without a lock, perhaps more than once. Update publishes at
// most one result, that of the last call. If f panics, nothing is published and the panic reaches
// the caller. f must not modify what old refers to, and must not Set or Update the same
// value: Update might never end. Apart from f, Update is lock-free. It panics if f is nil.
//
// Cost: one object for each attempt to publish, and another for the first use of a value;
// waking costs what it costs in Set.
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
// Close it returns the final value. Load is wait-free: one atomic load.
func (v *MemoryValue[T]) Load() (val T, ok bool) {
	if s := v.head.Load(); s != nil {
		return s.val, s.data()
	}
	return val, false
}

// loadVersion is Load, with the version of the value.
func (v *MemoryValue[T]) loadVersion() (val T, version uint64, ok bool) {
	if s := v.head.Load(); s != nil {
		return s.val, s.version >> versionShift, s.data()
	}
	return val, 0, false
}

// Watch returns a new watcher, which has seen nothing: its first Get returns the current
// value, even if that was set before.
//
// A watcher refers to the value and at most to its last context, until its Close. The
// value refers to the watcher while a Get waits, and from its second wait in a row under
// one context until a Get under another context, its Close or the end of that context. So
// a watcher that is dropped without a Close can be collected once its last context has
// ended, and each value that it waited for, or had a Changed channel of, has been set;
// for a [Combine], each of its sources. Contexts are told apart by their Done channels:
// from the second wait on, the context that was registered first counts for all with the
// same channel. It is kept while any watcher of the value waits under that channel.
//
// Cost: one object; the first Watch of a value without data costs another. A watcher costs
// nothing to other watchers or to Set. The living watchers and a constant bound the memory,
// even if many Gets were cancelled and many watchers were closed.
//
// A Get with something to return takes no lock of this package and, with options that are
// kept in a slice, allocates nothing. The exception, for both, is a Get under another
// context than the last waits had: it takes a mutex that the watchers of the value share,
// for some instructions, and may allocate. The cost of a Get with something to return does
// not grow with the number of watchers.
//
// A Get that waits holds no goroutine except its caller's. A context of a type from outside
// package context may cost a goroutine until it ends or the watcher is closed.
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

// Err returns nil while v is open, and then the error with which v has ended: what its
// watchers get last. It is not nil exactly from the instant on from which Sets are
// dropped. So a Set has been published if Err returns nil after the Set has returned. A
// Set that is called after an Err that was not nil is dropped.
//
// Cost: an atomic load, and another after Close.
func (v *MemoryValue[T]) Err() error {
	// Load the head, then the end. The end is there a moment before the head is final,
	// and a Set in between is published.
	if s := v.head.Load(); s == nil || !s.final() {
		return nil
	}
	return *v.end.Load()
}
