// Package eventtest is the contract of package event as a suite of tests. The
// suite can test every implementation of [event.Value] and [event.ValueWatch].
//
// [Run] runs the suite. Its arguments are a function that makes a fresh
// [Subject], usually with [Of], and the capabilities that the implementation
// lacks:
//
//	func TestConformance(t *testing.T) {
//		eventtest.Run(t, func(t testing.TB) eventtest.Subject {
//			return eventtest.Of(NewValue[*eventtest.Item]())
//		}, eventtest.NoGoroutine)
//	}
//
// The suite has one subtest for each guarantee that can be tested from outside.
// Each rule of a guarantee has its own subtest below it. The guarantees have
// the numbers of the list in the documentation of package event:
// G04_NoLostWakeUp is the fourth.
//
// # Capabilities
//
// A [Capability] is a promise that a useful implementation may be unable to
// make. Declare the capabilities that the implementation lacks. The subtests
// that need a lacking capability are skipped, with the name of the capability.
// Other subtests allow for it where it matters. A function that a Subject
// leaves nil counts as lacking, too. Order, the newest value and reliable
// wake-ups are not capabilities, because every implementation must promise
// them.
//
// # How the suite tests
//
// Most subtests run in a bubble of [testing/synctest]. There, "the call waits"
// and "the call has returned" are facts and do not depend on time. A subtest
// runs in real time if it depends on schedules or if a broken implementation
// may hang on a mutex. If [Bubble] is lacking, all subtests run in real time.
// No subtest asserts a duration. A subtest fails if an expected event has not
// happened, and no other progress either, for a minute. A broken implementation
// fails its subtest and does not affect the others, even if it blocks
// permanently.
//
// The subtests run one after the other. Do not run anything in parallel with
// them: some count goroutines, allocations and memory.
package eventtest
