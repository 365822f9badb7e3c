// Package remotetest checks implementations of [remote.Store], and has one for
// tests.
//
// [Run] runs a suite that checks the contract of Store. It takes a [Harness],
// which holds the Store and functions that cause faults. They cut and heal the
// connection, and compact, restart and reset the store:
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
// [Fake] is a Store in memory that can fail in all these ways, for tests of
// code that uses package remote. It is deterministic, and works in a bubble of
// testing/synctest.
package remotetest
