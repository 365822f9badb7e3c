// Package remotetest checks implementations of [remote.Store], and has one for tests.
//
// [Run] is what a Store promises as a suite. It is given a [Harness]: the Store, and hands
// that cut and heal its connection, compact, restart and reset what it talks to:
//
//	func TestStore(t *testing.T) {
//		remotetest.Run(t, func(t testing.TB) remotetest.Harness {
//			return remotetest.Harness{Store: newStore(t)}
//		})
//	}
//
// What the harness cannot do is skipped, by name, and so stays visible. The suite runs in real time. It
// asserts no duration, and waits for what must come for as long as the harness has patience.
//
// [Fake] is a Store in memory on which all of that can be done, for the tests of who uses
// package remote. It is deterministic, and works in a bubble of testing/synctest.
package remotetest
