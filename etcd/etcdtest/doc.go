// Package etcdtest runs real etcd servers for tests and demonstrations. [Start]
// runs one member inside this process. [StartCluster] runs a cluster whose
// members are separate processes, which can be killed and paused. A [Proxy]
// before a server cuts its connections, with or without a notification of
// either end.
//
// All servers listen on loopback, on ports that the system chooses. Their data
// are in directories that are removed at Close. No server outlives the process
// that started it, however that process ends. The package is not for
// production: writes are not synced to disk.
package etcdtest
