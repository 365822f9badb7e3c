// Package etcdtest runs real etcd servers for tests and demonstrations: one member inside this
// process ([Start]), or a cluster whose members are processes of their own, which can be killed
// and paused ([StartCluster]). A [Proxy] before a server cuts its connections, with or without
// telling either end.
//
// Everything listens on loopback, on ports that the system chooses, and keeps its data in
// directories that are removed in the end. Nothing outlives the process that started it, however that
// ends. It is not for production: what it writes is not synced to disk.
package etcdtest
