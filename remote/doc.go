// Package remote shares Event Values between machines. The same Watcher that follows
// a value in memory follows a key, or all keys with a prefix, of a [Store]: a database that many
// machines reach, and that tells what changes. Package etcd, a module of its own, has the Store
// for etcd; package remotetest checks others, and has one in memory for tests. This package depends on none.
//
//	flags := remote.NewRange(store, "flags/", remote.JSON[Flag]())
//	defer flags.Close()
//	table := make(map[string]Flag)
//	for e, err := range event.All(ctx, flags) {
//		if err != nil {
//			return err
//		}
//		e.Apply(table)
//	}
//
// A [Value] is one key, a [Range] all keys with a prefix. Both give an [Entry], of which
// event.Map makes what it holds. Absence is a state: who watches a key that is not there is told so.
// Writes go over a network, and so take a context, wait and can fail; where it is
// not known whether they were done, the error says that ([ErrUnknownOutcome]).
//
// # What a watcher may see
//
// The guarantees of package event hold for a Value's watchers, with these words:
//
//   - One order (2) is the store's. A watcher may be behind what a Set has written, by as long as
//     the news take, or for as long as the connection is broken; it is never ahead. Sync
//     waits until it is not behind.
//   - A first Get (5) and one with BacklogOnly (15) wait for the first state that the store tells.
//   - A lost connection ends no watcher and is no news to it: Get waits. When it is back,
//     the watcher gets the newest state, deletions included. Status tells of the connection.
//   - Watchers go backwards in one case: the store was reset to an older state, from a
//     backup. Then they get that, and what is not in it is absent.
//   - Set blocks (8): it waits for the store. It waits for no watcher.
//   - A value that does not decode is an error of one Get, which has [ErrBadValue] in it. The watcher has
//     moved past it, and what Filters rejected before, and goes on with what comes next. Filters
//     are not asked. The loop above ends by it; see [BadValueError].
//   - A Value ends (18) by its Close, and with the reason if the store refuses for good. Each watcher gets
//     the state that was known last. A Value that nobody watches knows none.
//
// For a Range, the same holds of each key, and these differ:
//
//   - Newest wins (3) and nothing queues by key: a Get returns the entry that has waited longest of those that
//     are the newest of their keys.
//   - The first Entry of a watcher has Restart set, and those of all keys that there are follow. A
//     watcher that has missed deletions, because it was so slow that they are forgotten, gets such an
//     Entry again. BacklogOnly tells when all have come. Let Filters accept Restart, unless
//     deletions do not matter.
//   - Changed may be early (16).
//
// Memory is bounded by the keys that there have been at once since the first watcher came, and 1,024 deletions. Each key
// that there is, is held once as bytes and once decoded; what is gone is freed but for its room in a map and a
// list, which do not shrink. When the last watcher has gone, all is freed.
// A watcher costs what it costs in memory and keeps nothing of its own.
package remote
