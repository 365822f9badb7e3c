//go:build unix

package main

import "syscall"

// ownGroup keeps Ctrl-C on the terminal away from the nodes. The program ends
// the nodes itself.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
