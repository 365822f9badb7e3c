package event

import (
	"context"

	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/park"
)

// Memo is [Map] with an f that is expensive: f runs once for each version of v that a
// watcher looks at, and all watchers get that one result. An encoding for ten thousand
// watchers costs as much as for one.
//
// The first Get that needs the result for a version runs f, on its goroutine, without a
// lock. A Get that needs the same result in the meantime waits for it:
//
//   - The end of its context and the Close of its watcher end the wait. A Get with
//     [BacklogOnly] waits, too, and so does [TryGet].
//   - A panic of f reaches the Get that runs f, and its watcher has not moved. The same
//     holds if f ends its goroutine by runtime.Goexit. One of the Gets and Loads
//     that wait then runs f again, and the others wait for it.
//   - The end of a context or a Close does not stop f. The Get that runs f returns the
//     error once f has returned. The result is kept for the others.
//
// If a newer value is set while f runs, a Get that begins after that does not wait: it
// runs f with the newer value, concurrently. A result for an older version does not
// replace one for a newer.
//
// Results are shared: what they refer to must not be modified. The result of f must
// depend on its argument alone. f may call back into v. It must not use the Memo: a Get
// within f would wait for itself until its context ends, and a Load without end.
//
// Memo is Map where the watchers of v have no versions: see [Version]. A [Combine] has
// none, for example. f then runs for each watcher. Put the Memo below such a view.
//
// The view is a [Loader] if v is one. Its Load runs f or waits for the f that is
// running, as a Get does but without an end, and shares the result. The view has the
// versions of v. Over a Loader of a type from another module, each Load runs f.
//
// Memo panics if v or f is nil, and if v is keyed, as a remote.Range is: its entries
// are of different keys and no version of each other.
//
// Cost: the view starts no goroutine over values of this module. It keeps the result
// for the newest version that a Get or Load has looked at, even without watchers, and the result for an older version while
// f runs. Otherwise it refers only to v and f. A watcher costs a watcher of v and two
// objects, and keeps no value that it has returned. A Get with something to return costs a
// Get of v's watcher. The first Get of a version costs one object more.
func Memo[T, U any](v ValueWatch[T], f func(T) U) ValueWatch[U] {
	if isNil(v) {
		panic("event: Memo: nil value")
	}
	if f == nil {
		panic("event: Memo: nil function")
	}
	if isKeyed(v) {
		panic("event: Memo: " + keyedValue)
	}
	m := &memo[T, U]{f: f, contexts: new(park.Contexts)}
	return newView(func() Watcher[U] { return m.watch(v.Watch()) }, m.loader(loaderOf(v)), capability.EndOf(v))
}

// A memo is the results that the watchers of a [Memo] share.
type memo[T, U any] struct {
	f        func(T) U
	contexts *park.Contexts // an object of its own, so that a closed watcher does not keep the memo

	// newest is the computation of the newest version for which f was run, or nil. A
	// Get or Load that is about to run f replaces an older one, by compare-and-swap.
	// One that finds a computation that has failed puts back, in the same way, the one
	// that it had replaced.
	newest atomic.Pointer[computation[U]]
}

// A computation is one run of f, and its result.
type computation[U any] struct {
	version uint64
	val     U              // the result, once ok is true
	ok      atomic.Bool    // f has returned. It goes from false to true, before over fires
	over    park.Broadcast // fires when f has returned or failed

	// before is the computation that this one has replaced, until f has returned. It
	// is read once f has failed.
	before *computation[U]
}

// failed reports whether f has panicked or ended its goroutine.
func (c *computation[U]) failed() bool { return c.over.Fired() && !c.ok.Load() }

// join returns the computation of the given version. mine reports that the caller has
// to run it. join returns nil if there is a computation of a newer version.
func (m *memo[T, U]) join(version uint64) (c *computation[U], mine bool) {
	for {
		newest := m.newest.Load()
		switch {
		case newest != nil && newest.failed():
			m.newest.CompareAndSwap(newest, newest.before)
		case newest == nil || newest.version < version:
			c = &computation[U]{version: version, before: newest}
			if m.newest.CompareAndSwap(newest, c) {
				return c, true
			}
		case newest.version > version:
			return nil, false
		default:
			return newest, false
		}
	}
}

// run runs f for c, with the value of c's version. It fires c even if f panics or ends
// its goroutine.
func (m *memo[T, U]) run(c *computation[U], val T) {
	defer c.over.Fire()
	c.val = m.f(val)
	c.before = nil
	c.ok.Store(true)
}

// loader returns the Load of the view. load is the Load of its source. Either may be
// nil.
func (m *memo[T, U]) loader(load loader[T]) loader[U] {
	if load == nil {
		return nil
	}
	return func() (result U, version uint64, ok bool) {
		for {
			val, version, ok := load()
			if !ok {
				return result, 0, false
			}
			if version == 0 {
				return m.f(val), 0, true
			}
			c, mine := m.join(version)
			switch {
			case c == nil:
				continue // by chance: a newer value was set since the load
			case mine:
				m.run(c, val)
			default:
				_ = c.over.Wait(context.Background())
			}
			if c.ok.Load() {
				return c.val, version, true
			}
		}
	}
}
