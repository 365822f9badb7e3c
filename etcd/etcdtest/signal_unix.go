//go:build unix

package etcdtest

import "syscall"

// Pause stops the process (SIGSTOP). Its connections stay, and it does not
// answer. Pause panics if no process runs.
func (m *Member) Pause() error { return m.proc.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume continues a paused process (SIGCONT). It panics if no process runs.
func (m *Member) Resume() error { return m.proc.cmd.Process.Signal(syscall.SIGCONT) }
