package etcd

import "syscall"

// tcpUserTimeout is the socket option TCP_USER_TIMEOUT. The kernel closes a
// connection on which data are not acknowledged for that time. gRPC sets the
// option on connections that it dials itself.
const tcpUserTimeout = 18

func dialControl(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		// An error means that the option has no effect, as for unix sockets.
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(keepAliveTimeout.Milliseconds()))
	})
}
