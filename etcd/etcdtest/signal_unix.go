//go:build unix

package etcdtest

import "syscall"

// Pause stops the process where it is (SIGSTOP): its connections stay, and it says nothing. It
// panics if the member does not run.
func (m *Member) Pause() error { return m.proc.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume lets a paused process go on (SIGCONT). It panics if the member does not run.
func (m *Member) Resume() error { return m.proc.cmd.Process.Signal(syscall.SIGCONT) }
