// Package eventtest is the contract of package event as tests: a suite that every
// implementation of [event.Value] and [event.ValueWatch] can be run against.
//
// [Run] runs it. It is told how to make a fresh [Subject], mostly by [Of], and what the
// implementation cannot promise:
//
//	func TestConformance(t *testing.T) {
//		eventtest.Run(t, func(t testing.TB) eventtest.Subject {
//			return eventtest.Of(NewValue[*eventtest.Item]())
//		}, eventtest.NoGoroutine)
//	}
//
// There is one subtest for each guarantee that can be tested from outside, and one below
// that for each thing it says. The numbers are those of the list in the documentation of
// package event: G04_NoLostWakeUp is the fourth.
//
// # What is lacking
//
// A [Capability] is something that an implementation may have to do without, because of
// what it is made of, and still be of use. Declare those that are lacking. Their subtests are
// skipped, with the name of the capability, and so stay visible; where it matters, the others
// allow for it. Functions that a Subject leaves nil count as lacking too. There is no capability
// for what nobody should do without: order, the newest value, wake-ups that are not lost.
//
// # How it tests
//
// Most subtests run in a bubble of [testing/synctest], where "it waits" and "it has
// returned" are facts and not matters of time. Those in which schedules matter, or in which
// something may hang on a mutex, run in real time, as do all if [Bubble] is lacking. None
// asserts a duration: it fails if what ought to happen has not, and nothing else has, for a
// minute. A broken implementation fails its subtest and leaves the others running,
// also if it blocks for ever.
//
// Subtests run one after the other. Do not run anything in parallel with them: some count
// goroutines, allocations and memory.
package eventtest
