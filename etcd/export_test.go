package etcd

// For the tests.
var (
	WriteError      = writeError
	Permanent       = permanent
	ErrSilent       = errSilent
	ErrClientClosed = errClientClosed
)
