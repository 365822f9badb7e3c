// Package remotetest checks implementations of [remote.Store], and has one for
// tests.
//
// [Run] runs a suite that checks the contract of Store. It takes a [Harness],
// which holds the Store and functions that cause faults. They cut the
// connection, make it half-open or slow, and lose the answer to a write. They
// compact, restart and reset the store:
//
//	func TestStore(t *testing.T) {
//		remotetest.Run(t, func(t testing.TB) remotetest.Harness {
//			return remotetest.Harness{Store: newStore(t)}
//		})
//	}
//
// Subtests that need a function that the Harness lacks are skipped, and so stay
// visible in the output. The suite runs in real time. It asserts no duration.
// Each wait has the Harness's Patience as its limit.
//
// The suite compares the batches of a Follow with the writes, while several
// goroutines write. A key that is never deleted must be in every state, and
// every change must have the key, value and revision of a write that has
// returned.
//
// After many short Follows, the suite counts the goroutines that are left, and
// the resources that Open of the Harness returns. Parallel tests of the same
// process disturb the count, unless the Harness has the function Goroutine.
//
// [Fake] is a Store in memory that can fail in all these ways, for tests of
// code that uses package remote. It is deterministic, and works in a bubble of
// testing/synctest.
package remotetest
