package etcdtest

import "syscall"

// dieWithParent makes the system kill a child when this process ends. A child that is paused
// would not notice that its standard input has ended.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
