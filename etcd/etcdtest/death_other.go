//go:build !linux

package etcdtest

import "syscall"

// dieWithParent does nothing: the end of its standard input tells the child.
func dieWithParent() *syscall.SysProcAttr { return nil }
