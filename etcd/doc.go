// Package etcd keeps Event Values in etcd. [Store] implements [remote.Store] on
// etcd's client. The watchers of a [remote.Value] or [remote.Range] on any
// machine follow the writes of all other machines:
//
//	client, err := clientv3.New(etcd.ClientConfig("10.0.0.1:2379", "10.0.0.2:2379", "10.0.0.3:2379"))
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	store := etcd.New(client, client)
//	flags := remote.NewRange(store, "flags/", remote.JSON[Flag]())
//
// README.md at the root lists the require and replace lines that a program needs
// to import this module.
//
// The caller configures the client and closes it. TLS, authentication,
// endpoints and namespaces (go.etcd.io/etcd/client/v3/namespace) are set there.
// Start with [ClientConfig]. Name several endpoints: a Store leaves a server
// that is silent for longer than [Silence], and uses the next one. With a
// single endpoint, only the client's keep-alive notices that the connection is
// dead.
//
// Make one Store per client: the Values and Ranges of a Store that have caught up
// share a watch stream and its progress requests.
//
// # Servers
//
// The servers must be etcd 3.5.13 or later, or 3.4.31 or later of the 3.4 line.
// Older servers may announce progress before they have sent the changes up to
// it, so that a change might be missed. They may also announce no progress
// while nothing changes. Connect to the members, not to etcd's gRPC proxy,
// which answers no progress requests.
//
// Restore backups with etcdutl's --bump-revision and --mark-compacted. Then
// every watcher is notified of the reset. Without these options a Store notices
// a reset by one of the following:
//
//   - The revision or the election term has gone back.
//   - The cluster is another one.
//   - The last change that the Store has seen is not in the history.
//
// A Store looks for the last sign after every lost connection. So the servers
// must be down for longer than [Silence] for a Store to see it.
package etcd
