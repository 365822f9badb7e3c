package etcdtest

import "syscall"

// killWithParent makes the kernel kill a child when this process ends. A paused
// child would not notice that its standard input has ended.
func killWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
