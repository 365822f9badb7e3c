// Package simulation runs a Store, with Values and Ranges on it, against a
// simulated etcd, and checks what they do. A seed decides about the servers, the
// lines, the writes, the watchers and the faults.
//
// The client is etcd's own, from its KV and Watcher upwards. Below it, gRPC and
// the servers are simulated in memory:
//
//   - store.go has the revisions, the history and the compaction.
//   - member.go has the servers: a server can lag behind, lose its leader, lose
//     its quota or refuse a user.
//   - stream.go has the watch streams.
//   - line.go has the connections: a line has a rate, and can be cut or
//     half-open.
//   - client.go connects etcd's client to the lines.
//
// A [Scenario] is made by its seed (scenario.go): it is a list of steps
// (faults.go, work.go). [Scenario.Run] runs it in a bubble of testing/synctest.
// Once the faults have stopped, run.go and check.go check the result.
// [Scenario.Shrink] drops steps while the scenario still fails.
//
// The simulation leaves out a process that stops while time goes on, because a
// bubble has one clock. The order of goroutines that are ready at the same
// moment is the scheduler's, as are the random parts of the delays of a Store.
// So a seed that fails rarely may have to run several times.
package simulation
