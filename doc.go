// Package event provides Event Values: a state that is set from anywhere, without ever
// blocking, and watched by any number of goroutines, each of which sees the newest state
// and none of which holds up another.
//
// A [MemoryValue] is such a state in the memory of a process. [MemoryValue.Set] replaces
// it. [MemoryValue.Watch] returns a [Watcher], whose Get returns the newest value at once
// if the watcher has not seen it, and else waits for the next, or for the end of its context:
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
// An Event Value is NOT a message queue. A watcher that is slow skips: it is told what is,
// not what has been. Where every item must be processed, or processed once, use a channel
// or a queue. Where one goroutine hands one thing to one other, a channel is simpler. Where
// waiters compete for something that only one can have, use [sync.Cond], a mutex or a
// semaphore: here all are woken. Where nobody waits and all only read, an
// atomic.Pointer does.
//
// # Guarantees
//
// The numbers are those by which tests and the conformance suite, package eventtest, refer
// to them. They hold for MemoryValue, and for every other implementation unless it
// says otherwise.
//
// State:
//
//  1. No data first. Until the first Set there is no data: Load says so and Get waits. A nil
//     or zero value that was set is data. Values are shared, not copied: once set, what they
//     refer to must not be modified.
//  2. One order. All Sets of a value, and the Updates that publish, which count as Sets in all
//     that follows, are totally ordered. A watcher sees a subsequence of that order, strictly
//     forward. Once any reader has returned a value, no read that begins later returns an older.
//  3. Newest wins. Get returns a value that was the newest at some instant of the call. Nothing
//     queues. A watcher that is slow, or reads no more, delays neither another nor a producer.
//  4. No lost wake-up. When the Set of a value that is newer than what a watcher last returned
//     has itself returned, that watcher's Get returns without a further Set, if its Filters let it.
//  5. First Get. It returns what is current, also if that was set before Watch.
//  6. Equal values count. Every Set notifies, whether or not the data differ.
//  7. Memory model. A Set synchronizes before the Get, Load or Update that observes its value or
//     a later one, and before the close of each Changed channel that it closes; a Close before
//     the ErrClosed that it causes.
//
// Progress and cost:
//
//  8. Set never blocks. It takes no lock of this package's and waits for no watcher; it is
//     lock-free. Its cost does not grow with the number of watchers: past a few, waking them is
//     left to another goroutine, and to those who have been woken.
//  9. A Get with something to return takes no lock of this package's, allocates nothing (options
//     being kept in a slice) and costs the same however many other watchers there are. The exception
//     is a Get that makes its watcher leave the context of an earlier one: it takes a mutex that the
//     watchers of one value share, for some instructions.
//  10. A Get that waits holds no goroutine but its caller's. (A context of a type from outside package
//     context may cost one, until it ends or the watcher is closed.) However many Gets give up and
//     however many watchers come and go, memory is bounded by the living watchers and a constant.
//  11. An old value is garbage once a newer one is set and no call is returning it. A watcher keeps
//     the value that it watches and at most its last context; Close releases both. One that is
//     dropped without a Close can be collected once its last context has ended and each value that
//     it waited for, or had a Changed channel of, has been set (for a Combine: each of its sources). Contexts are told apart by their
//     Done channels. From a watcher's second wait under one on, what package context's AfterFunc
//     says of it counts, for all with the same channel. Of these contexts, the one that was
//     registered first is kept while any watcher of the value waits under that channel.
//
// Get:
//
//  12. An ended context wins over a value. A context that ends during the wait ends it, and no
//     value is returned that was set after that. (Of a Set and a cancel that meet, either wins.)
//     Only a returned value, BacklogDone and the value's end move the watcher. Of several results
//     the first wins in this order: the panic for a nil context, ctx.Err(), ErrWatcherClosed,
//     ErrConcurrentGet, a value, the value's end, BacklogDone. (An end or a Close during a predicate
//     counts, too. To a Get that waits a context has ended once its Done channel is closed. If the
//     context's Err is nil then, the Get returns context.Canceled.)
//  13. A Get that finds another one on its watcher in progress, waiting or in a predicate, returns
//     ErrConcurrentGet at once and leaves that one alone. (Two that need not wait may overlap and
//     both return, never the same value.) A watcher may be handed from goroutine to goroutine, and
//     Changed and Close may be called during a Get.
//  14. Filter skips what its predicate rejects; several must all accept. A predicate runs on the
//     caller's goroutine, without a lock, is asked about a Set at most once a Get, and may call
//     back into the value. What it accepted is what is returned. If it panics, the watcher has not moved.
//  15. BacklogOnly never waits. It returns what is unseen, else the value's end, else BacklogDone;
//     after BacklogDone what a Filter rejected counts as seen. Filters are asked about one value, the
//     newest at that moment.
//  16. Changed returns a channel that is closed if something is unseen, the value has ended or the
//     watcher is closed, and else closes when there is something new or the value ends. It never
//     misses a change, but may close early, for a Filter or a view may leave out what is new: pair it
//     with BacklogOnly. It closes before Set returns if at most four watchers have had
//     a channel since the last Set, those included that were closed since; otherwise it closes soon after.
//     (Of Sets that meet, the one that replaces what was seen closes it; another may return before that.)
//     To take it consumes nothing and, while something is unseen, allocates nothing.
//
// Ends:
//
//  17. Closing a watcher makes its waiting Get and all later ones return ErrWatcherClosed. It may
//     be done twice and returns nil.
//  18. Closing a value leaves every watcher, also a later one, the final value once, if it has not
//     seen it, and then ErrClosed with the cause for ever. A final value that is rejected counts as
//     seen. The first Close wins, a later Set is dropped, Load goes on.
//  19. Update returns what it published and true, or what its function last saw and false. The
//     function runs without a lock, perhaps several times; what it returned last is published once.
//     If it panics nothing is. After Close it is not called: the final value and false.
//
// Composition:
//
//  20. Pipe sends the current value to a channel and then newer ones. While the channel has no room,
//     the newest accepted value is on offer. The end of ctx ends it in any state; the last offer
//     before the value's end, or the end of a backlog, stands until it is taken. It never closes the
//     channel, and each run begins with the current value.
//  21. Views, which are [Map], [Distinct], [Combine], [CombineAll] and [Rate], start no goroutine over values
//     of this module, keep nothing while nobody watches, and conflate as their sources do. For each watcher
//     of a view 1 to 5, 7 and 12 to 18 hold, where newer means newer and let through, and for Map also 6.
//     Distinct asks equal(last, next) before the Filters of the Get, last being what the watcher returned last;
//     its first value is not compared. Combine and CombineAll give a value as soon as every source has one;
//     2 and 3 hold for each part, not for the whole. (Of more than sixteen sources, a Get may miss a Set that
//     is in progress when it begins, and the later Sets of that source.) A part that was taken by a Get that failed is not
//     lost. A source that has a value and ends without a cause keeps it, and the others go on; any other end
//     of a source ends the view, after the newest whole, with a [SourceError]. Rate gives a watcher at most
//     one value an interval and always the newest in the end. A panic of the user's function
//     reaches the caller and consumes nothing.
//  22. All yields values and, once, the error that ends it: ctx's, the value's end or BacklogDone.
//     Other errors are yielded and it goes on. Leaving the loop closes its watcher.
//  23. RunWhile runs a function with the current value, under a context of its own. When there is a
//     newer value for which keep(old, next) is false, it cancels that context with the cause ErrChanged
//     and waits until the function has returned. What happens then depends on the context.Cause of
//     that context when the function returned. ErrChanged: the function is run again with the newest
//     value, and its result is dropped. None: after a nil result, the function is run again with the
//     next such value; an error is returned, joined with an end of ctx or the value that came before.
//     Otherwise the cause is an end of ctx or of the value: that end is returned, joined with the
//     result unless the result is nil or is the end of a context, of whatever context.
//  24. Watchers is exact: when Watch or Close of a watcher has returned, its value counts it. A watcher that
//     is dropped without a Close counts for good.
//  25. Behind counts each Set that the watcher has not passed, whatever its Filters and views leave out. It
//     may be called during a Get, and has no effect on it.
//
// A nil context, predicate, function, value or channel is a programmer's error: a panic in the
// call that was given it, whose text names package and function, and which leaves everything
// as it was. A nil *MemoryValue is a nil value. Everything that can happen to a correct program is
// an error value.
//
// # In other words
//
// Set publishes and goes on; it does not care who watches. A watcher is a bookmark: it knows the
// version that it returned last, and nothing else. Ten thousand of them cost their memory and, on a
// change, ten thousand wake-ups, which come after Set has returned, in no particular order; a watcher
// that runs anyway sees the new value without one.
//
// Being woken is not lock-free. A watcher that waits is woken by one of four
// goroutines: the producer, between publishing a value and waking; the goroutine
// that Set starts to wake many; another watcher's Get, which was woken and wakes its
// successor before it returns; and a Get that gave up and removes what others left
// behind. If that goroutine is preempted, the watchers that it would wake sleep
// until it runs again. A watcher that is awake sees the new value at once.
//
// In a bubble of package testing/synctest, watch values that were made in it, and watch those from nowhere
// else: one watcher may wake another, and package runtime ends the process if something in a bubble is woken from
// outside. So, too, if a Changed channel that was taken in a bubble, by Pipe for one, is closed by a Set from outside.
//
// [Wait] waits for one state, [All] ranges over what comes, [Pipe] feeds a channel under a
// supervisor, [RunWhile] restarts what cannot change while it runs, and [Watcher.Changed]
// goes into a select with other things. Leave that select, or set the channel to nil, on any
// error of the Get that is not [BacklogDone].
//
// A view is a value that is made of others when it is looked at: [Map] narrows or converts, [Distinct] leaves out
// what is not different, [Combine] and [CombineAll] put several together, and [Rate] slows down. Views
// of views are views. They have nothing to start and nothing to close.
package event
