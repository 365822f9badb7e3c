//go:build unix

package main

import "syscall"

// ownGroup keeps the terminal's Ctrl-C from nodes: the program ends them itself.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
