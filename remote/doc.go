// Package remote shares Event Values between machines. A Watcher of this
// package follows a key, or all keys with a prefix, of a [Store]. A Store is a
// database that many machines can reach, and that reports its changes.
//
// Package etcd, a separate module, implements a Store on etcd. Package
// remotetest checks other implementations, and has one in memory for tests.
// Package remote depends on none of them.
//
//	flags := remote.NewRange(store, "flags/", remote.JSON[Flag]())
//	defer flags.Close()
//	w := flags.Watch()
//	defer w.Close()
//	table, restarted := make(map[string]Flag), false
//	for {
//		e, err := w.Get(ctx, event.BacklogOnly[remote.Entry[Flag]]())
//		var bad *remote.BadValueError
//		switch {
//		case err == event.BacklogDone:
//			if restarted { // table is complete.
//				use(table)
//			}
//			select {
//			case <-w.Changed():
//			case <-ctx.Done():
//				return ctx.Err()
//			}
//		case errors.As(err, &bad): // Any writer can cause that.
//			delete(table, bad.Key)
//		case err != nil:
//			return err
//		default:
//			restarted = restarted || e.Restart
//			e.Apply(table)
//		}
//	}
//
// The first Entry is a Restart, and the full state follows. The table is
// complete at the first [event.BacklogDone] after it. A BacklogDone before the
// Restart means that no server has answered yet. Each later Restart clears the
// table, which is complete again at the next BacklogDone.
//
// A [Value] is one key, and a [Range] is all keys with a prefix. The watchers
// of both return an [Entry]; use event.Map to convert it. Absence is a state: a
// watcher of a key that does not exist gets an Entry with Present false.
//
// Writes go over a network. They take a context, wait and can fail. If it is
// unknown whether a write was done, its error wraps [ErrUnknownOutcome].
//
// # Guarantees
//
// The guarantees of package event hold for the watchers of a Value, with the
// following additions. The numbers are the ones of package event.
//
//   - One order (2) is the order of the store. A watcher may be behind a Set
//     until the change arrives, or while the connection is broken. It is never
//     ahead of the store. Use Sync to wait until it is not behind.
//   - A first Get (5) waits for the first full state of the store. A Get with
//     BacklogOnly (15) waits for nothing: until that state, it returns
//     BacklogDone.
//   - A lost connection ends no watcher, and Get waits. Once the connection is
//     back, the watcher gets the newest state, deletions included. Status
//     reports the connection.
//   - The context of a Get that waits (12) may end while the store is not
//     [Connected]. The error then wraps ctx.Err() and the Reason of the Status,
//     and its text has both. Compare it by errors.Is. A Get that need not wait
//     returns ctx.Err() itself.
//   - A watcher goes backwards in one case: a reset, when the store is restored
//     from a backup. The watcher then gets the restored state. Keys that are
//     not in it are absent.
//   - Set blocks (8): it waits for the store, but not for watchers.
//   - A value that does not decode makes one Get fail with an error that wraps
//     [ErrBadValue]. No Filter is called for it. The watcher has then passed
//     the value, and all values that Filters rejected before. The loop above
//     continues after such a value; see [BadValueError].
//   - A store that refuses, for example because a permission is missing, ends no
//     watcher either. Status reports the reason.
//   - A Value ends (18) when it is closed, or when the store ends it for good;
//     then the reason is the cause. Each watcher gets the last state that
//     is known. A Value without watchers has no such state.
//
// For a Range, the same holds for each key, with these differences:
//
//   - Newest wins (3) per key. Of all keys that a watcher has not seen in their
//     newest state, Get returns the one that changed longest ago.
//   - The first Entry of a watcher has Restart set, and an Entry for each
//     existing key follows. A slow watcher that has missed deletions gets a
//     Restart again. After a Restart, BacklogDone reports that all entries have
//     been returned. Let Filters accept Restart, unless deletions do not matter.
//   - The channel of Changed may be closed early (16).
//
// Cost: a Range holds each key encoded and decoded, and the newest deletions; see
// [Range]. Deleted keys are freed, except for their room in a map and a slice,
// which never shrink. When the last watcher is closed, everything is freed. A
// watcher copies no state.
package remote
