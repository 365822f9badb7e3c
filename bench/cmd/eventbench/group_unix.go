//go:build unix

package main

import (
	"os/exec"
	"syscall"
	"time"
)

// inGroup makes cmd and all processes that it starts a process group. Ctrl-C on
// the terminal does not reach the group.
func inGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// endGroup kills the processes that are left of the group of a cmd that has
// ended, and waits until there are none. The time is limited, because there are
// systems on which no process collects the dead ones.
func endGroup(cmd *exec.Cmd) {
	if cmd.Process == nil {
		return // cmd has not been started.
	}
	for range 500 {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
