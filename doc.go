// Package event provides Event Values: a state that is set from anywhere, without ever blocking,
// and watched by any number of goroutines, each of which sees the newest state and none of which
// holds up another. It is what tokio calls a watch channel, and Kotlin a StateFlow.
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
// # When not to use it
//
// An Event Value is NOT a message queue: a slow watcher skips what was replaced. Where every item
// must be processed, or one goroutine hands one thing to one other, use a channel. Where waiters
// compete for something that only one can have, use [sync.Cond], a mutex or a semaphore: here all
// are woken. Where nobody waits and all only read, an atomic.Pointer does.
//
// # Guarantees
//
// Tests and the conformance suite, package eventtest, refer to these numbers. They hold for
// MemoryValue, and for every other implementation unless it says otherwise. The details are with
// the identifiers.
//
// State:
//
//  1. No data first. Until the first Set there is no data: [MemoryValue.Load] reports that, and
//     Get waits. A nil or zero value that was set is data. Values are shared, not copied: once set,
//     what they refer to must not be modified.
//  2. One order. All Sets of a value, and the Updates that publish, which count as Sets in all that
//     follows, are totally ordered. A watcher sees a subsequence of that order, strictly forward.
//     Once any reader has returned a value, no read that begins later returns an older one.
//  3. Newest wins. Get returns a value that was the newest at some instant of the call. Nothing
//     queues. A slow watcher delays neither another nor a producer.
//  4. No lost wake-up. When a Set has returned, and its value is newer than what a watcher last
//     returned, that watcher's Get returns without a further Set, if its Filters let it.
//  5. First Get. It returns what is current, even if that was set before Watch.
//  6. Equal values count. Every Set notifies, whether or not the data differ.
//  7. Memory model. A Set synchronizes before what observes its value or a later one, as
//     [MemoryValue] says.
//
// Progress and cost:
//
//  8. Set never blocks. It is lock-free and waits for no watcher. Its cost does not grow with the
//     number of watchers: see [MemoryValue.Set].
//  9. A Get with something to return takes no lock of this package's, allocates nothing and costs
//     the same however many watchers there are, with one exception: see [MemoryValue.Watch].
//  10. A Get that waits holds no goroutine but its caller's. Memory is bounded by the living
//     watchers and a constant, however many Gets give up and watchers come and go.
//  11. An old value is garbage once a newer one is set and no call is returning it. A closed
//     watcher refers neither to its value nor to a context. [MemoryValue.Watch] says when a watcher
//     that is dropped without a Close can be collected.
//
// Get:
//
//  12. An ended context wins over a value, and ends a wait. No value is returned that was set after
//     that. Only a returned value, [BacklogDone] and the value's end move the watcher. [Watcher]
//     has the order of all results.
//  13. A Get during another one on its watcher returns [ErrConcurrentGet] at once and leaves that
//     one alone. Changed and Close may be called during a Get.
//  14. [Filter] skips what its predicate rejects; several must all accept. What was accepted is
//     what is returned. If a predicate panics, the watcher has not moved.
//  15. [BacklogOnly] never waits: a Get returns what is unseen, else the value's end, else
//     BacklogDone, after which what a Filter rejected counts as seen. [TryGet] is such a Get. Over
//     a [Memo] it waits while another call computes the same result.
//  16. Changed returns a channel that is closed once there is something unseen, or an end. It never
//     misses a change, but may close early: call TryGet then. See [Watcher].
//
// Ends:
//
//  17. Closing a watcher makes its waiting Get and all later ones return [ErrWatcherClosed]. It may
//     be done twice and returns nil.
//  18. Closing a value leaves every watcher, even a later one, the final value once, if it has not
//     seen it, and then [ErrClosed] with the cause, permanently. The first Close wins, and Load
//     goes on. [MemoryValue.Err] is not nil exactly from when Sets are dropped.
//  19. [MemoryValue.Update] returns what it published and true, or what its function last saw and
//     false. What the function returned last is published once.
//
// Composition:
//
//  20. [Pipe] sends the current value to a channel and then newer ones. While there is no room, the
//     newest accepted value is on offer. The last offer before the value's end stands until it is
//     taken. The end of ctx ends a Pipe in any state. It never closes the channel.
//  21. Views, which are [Map], [Memo], [Distinct], [DistinctFunc], [Where], [Combine], [CombineAll],
//     [Rate], [Debounce] and [DebounceMax], start no goroutine over values of this module, keep
//     nothing while nobody watches, except for the last result of a Memo, and conflate as their
//     sources do. For each watcher of a view 1 to 5, 7 and 12 to 18 hold, where newer means newer
//     and let through, and for Map, Memo and Where also 6. For Combine and CombineAll, 2 and 3 hold
//     for each source. A panic of a view's function reaches the caller and consumes nothing.
//  22. [All] yields values and, once, the error that ends it. After other errors it goes on.
//     Leaving the loop closes its watcher. [Values] yields the same without errors.
//  23. [RunWhile] runs a function with the current value, under a context of its own. At a newer
//     value that keep does not accept, it cancels that context with the cause [ErrChanged], waits
//     until the function has returned, and runs it again. The end of ctx or the value ends it.
//  24. [MemoryValue.Watchers] is exact: when Watch or Close of a watcher has returned, its value
//     counts it.
//  25. [Version] counts Sets from 1, and [Behind] those that a watcher has not passed, whatever
//     Filters and views leave out.
//  26. [Until] ends its context when a value is accepted, or with the value or the parent. It has
//     no goroutine while the value rests, and keeps nothing after the end.
//
// A nil context, predicate, function, value or channel is a programmer's error: a panic in the call
// that was given it, which names package and function and leaves everything as it was. A nil
// *MemoryValue is a nil value. All that can happen to a correct program is an error value.
//
// # In other words
//
// Set publishes and goes on. A watcher is a bookmark: the version that it returned last. Ten
// thousand of them cost their memory and, on a change, ten thousand wake-ups, which come after Set
// has returned, in no particular order. A watcher that is awake needs none.
//
// Being woken is not lock-free. A watcher is woken by the producer, by a goroutine that Set starts,
// by another Get that was woken before, or by a Get that gave up. If that goroutine is preempted,
// the watchers that it would wake sleep until it runs again.
//
// # Tests with synctest
//
// In a bubble of package testing/synctest, watch values that were made in it, and watch those from
// nowhere else: one watcher may wake another, and package runtime ends the process if something in
// a bubble is woken from outside. The same holds for a Changed channel that was taken in a bubble,
// by Pipe for one, and a Set from outside.
package event
