//go:build !linux

package etcdtest

import "syscall"

// killWithParent does nothing. A child ends when its standard input ends.
func killWithParent() *syscall.SysProcAttr { return nil }
