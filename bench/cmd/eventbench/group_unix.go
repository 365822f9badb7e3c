//go:build unix

package main

import (
	"os/exec"
	"syscall"
	"time"
)

// inGroup lets cmd and all that it starts be a process group, which a terminal's Ctrl-C does not reach.
func inGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup kills what is left of the group of a cmd that has ended, and waits until nothing is. That has
// a limit, for there are systems on which nobody collects the dead.
func endGroup(cmd *exec.Cmd) {
	if cmd.Process == nil {
		return // It has not even started.
	}
	for range 500 {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
