// Package event provides Event Values. An Event Value is a state that any goroutine sets without
// ever blocking, and that any number of goroutines watch. Each watcher sees the newest state, and
// none holds up another. Tokio has this as its watch channel, Kotlin as StateFlow.
//
// A [MemoryValue] is such a state in the memory of a process. [MemoryValue.Set] replaces it.
// [MemoryValue.Watch] returns a [Watcher], whose Get returns the newest value at once if the
// watcher has not seen it, and otherwise waits for the next, or for the end of its context:
//
//	var leader event.MemoryValue[string]
//
//	w := leader.Watch()
//	defer w.Close()
//	for {
//		name, err := w.Get(ctx)
//		if err != nil {
//			return err
//		}
//		follow(name)
//	}
//
// A view is computed from other values and is watched like them: [Map], [Where], [Distinct],
// [Combine], [Rate] and others, which [ValueWatch] lists.
//
// # When not to use it
//
// An Event Value is NOT a message queue: a slow watcher skips the values that were replaced.
//
//   - If every item must be processed, or one goroutine hands an item to another, use a channel.
//   - If waiters compete for something that only one of them can have, use [sync.Cond], a mutex
//     or a semaphore. A Set causes all waiters to be woken.
//   - If goroutines only read and never wait, use an atomic.Pointer.
//
// # Guarantees
//
// Tests and the conformance suite, package eventtest, refer to these numbers. They hold for
// MemoryValue, and for every other implementation except where its documentation differs. The
// details are with the identifiers.
//
// State:
//
//  1. No data first: before the first Set, [MemoryValue.Load] returns false and Get waits. A nil or
//     zero value that was set is data, and values are shared: do not modify what you have set.
//  2. One order: all Sets of a value and all Updates that publish are totally ordered, and a
//     watcher sees a subsequence, strictly forward. Once a reader has returned a value, no read
//     that begins later returns an older value: see [MemoryValue].
//  3. Newest wins: [Watcher].Get returns a value that was the newest at some instant of the call.
//     Nothing queues, and a slow watcher delays neither another watcher nor a producer.
//  4. No lost wake-up: once a Set has returned, each [Watcher] gets the value that was set, or a
//     newer one, without a further Set. The exception is a value that the watcher's Filters reject.
//  5. First Get: the first Get of a watcher returns the current value, even if that was set before
//     [MemoryValue.Watch].
//  6. Equal values count: every [MemoryValue.Set] notifies, whether or not the data differ.
//  7. Memory model: a Set synchronizes before each call that observes its value or a later one. See
//     [MemoryValue].
//
// Progress and cost:
//
//  8. Set never blocks: it is lock-free and waits for no watcher. Its cost does not grow with the
//     number of watchers: see [MemoryValue.Set].
//  9. A Get with something to return takes no lock of this package and allocates nothing, with
//     the exceptions that [MemoryValue.Watch] lists. Its cost does not grow with the number of
//     watchers.
//  10. A Get that waits holds no goroutine except its caller's, and the living watchers and a
//     constant bound the memory. See [MemoryValue.Watch] for both, and for foreign contexts.
//  11. An old value of a [MemoryValue] is garbage once a newer one is set and no call is returning
//     it: see [ValueWatch] for views. A closed watcher refers neither to its value nor to a
//     context: see [MemoryValue.Watch] for a watcher that is dropped.
//
// Get:
//
//  12. An ended context takes precedence over a value and ends a wait, and Get returns no value
//     that was set after that. Only a returned value, [BacklogDone] and the value's end move the
//     watcher: see [Watcher] for the order of all results.
//  13. While a Get waits or runs a predicate, another Get on its watcher returns
//     [ErrConcurrentGet] at once and leaves the first one alone. Changed and Close may be called
//     during a Get.
//  14. [Filter] skips the values that its predicate rejects, and all of several Filters must accept
//     a value. If a predicate panics, the watcher has not moved.
//  15. A Get with [BacklogOnly], such as [TryGet], never waits, except for a result of a [Memo]
//     that another call computes. It returns an unseen value, or else the value's end, or else
//     BacklogDone, and BacklogDone while a [Rate] or [Debounce] holds a value back.
//  16. Changed returns a channel that closes once there is an unseen value or an end: see
//     [Watcher]. It never misses a change, but may close early: call [TryGet] then.
//
// Ends:
//
//  17. [Watcher].Close makes the waiting Get and all later ones return [ErrWatcherClosed], unless
//     their context has ended. A second Close has no effect, and Close returns nil.
//  18. [MemoryValue.CloseWithError] leaves every watcher, even a later one, any final value once,
//     and then, permanently, an error that matches [ErrClosed] and the cause. Only the first Close
//     counts, Load is not affected, and [MemoryValue.Err] is not nil exactly from when Sets are
//     dropped.
//  19. [MemoryValue.Update] returns the value that it published and true, or the value that it
//     left in place and false. It publishes at most one result of its function, that of the last
//     call.
//
// Composition:
//
//  20. [Pipe] offers the current value to a channel and then newer ones, and a newer accepted value
//     replaces the offer, unless the value is keyed. The last offer before the value's end stands
//     until it is taken or ctx ends, and Pipe never closes the channel.
//  21. [ValueWatch] lists the views, and the guarantees that hold for each watcher of a view. No
//     goroutine waits for a view over values of this module, and a panic of its function consumes
//     nothing.
//  22. [All] yields values, errors of single Gets and, once, the error that ends it. Leaving the
//     loop closes its watcher, and [Values] yields the same without errors.
//  23. [RunWhile] runs a function with the current value under a context of its own, until ctx or
//     the value ends or a call fails. At a newer value that keep does not accept, it cancels that
//     context with [ErrChanged], waits until the function has returned, and runs it again.
//  24. [MemoryValue.Watchers] is exact: when Watch or Close of a watcher has returned, its value
//     reflects the call.
//  25. [Version] returns the number of the newest Set that a watcher has passed, and [Behind]
//     counts the Sets after it. Both include the values that Filters and views leave out, and some
//     views have neither.
//  26. [Until] ends its context when a value is accepted, with the value or the parent, and for the
//     other reasons that it lists. Over a value in memory it has no goroutine while the value
//     rests, and it keeps nothing after the end.
//
// A nil context, predicate, function, value or channel is a programmer's error. The call that gets
// it panics, names package and function, and leaves everything as it was. A nil *MemoryValue is a
// nil value; its methods panic as any nil dereference. Everything that can happen to a correct
// program is an error value.
//
// # In other words
//
// Set publishes and returns. A watcher is a bookmark: the version that it has seen. Ten
// thousand watchers cost their memory and, on a change, ten thousand wake-ups. The wake-ups come
// after Set has returned, in no particular order. A watcher that does not wait needs none.
//
// Waking is not lock-free. A watcher is woken by a producer, by a goroutine that Set has started,
// by a sweep, or by another Get that was woken before. If that goroutine is preempted, the watchers
// that it would wake sleep until it runs again.
//
// # Tests with synctest
//
// In a bubble of package testing/synctest, make the values in the bubble, and watch them from
// nowhere else. One watcher may wake another, and package runtime ends the process if a goroutine
// in a bubble is woken from outside. The same holds for a Set from outside, if a goroutine in the
// bubble has a Changed channel, as Pipe does.
package event
