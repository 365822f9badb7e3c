// Package etcd keeps Event Values in etcd: [Store] is a [remote.Store] on etcd's client, so that
// the watchers of a [remote.Value] or [remote.Range] on any machine follow what is set on
// any other:
//
//	client, err := clientv3.New(etcd.ClientConfig("10.0.0.1:2379", "10.0.0.2:2379", "10.0.0.3:2379"))
//	if err != nil {
//		return err
//	}
//	defer client.Close()
//	store := etcd.New(client, client)
//	flags := remote.NewRange(store, "flags/", remote.JSON[Flag]())
//
// The client is the caller's, who also closes it: TLS, authentication and endpoints are its affair,
// and so are namespaces (go.etcd.io/etcd/client/v3/namespace). Begin with [ClientConfig]. Name
// several endpoints: a Store leaves a server that says nothing after [Silence] for the next, while with a
// single one only the client's keep-alive notices that the connection is dead.
//
// # Servers
//
// The servers must be etcd 3.5.13 or later, or 3.4.31 or later of the 3.4 line: older ones may
// announce progress before they have sent what led to it, so that a change might be missed, or not
// at all where nothing changes. Talk to the members, not to etcd's gRPC proxy, which answers no
// progress requests.
//
// Restore backups with etcdutl's --bump-revision and --mark-compacted. Then all who watch
// know that the store was reset. Without them a Store notices by what is left to see: a
// revision or an election term that has gone back, another cluster, or that the last change it knows is not
// in the history. It looks for the latter after every lost connection, so that the servers must have
// been away for longer than [Silence] for it to be seen.
package etcd
