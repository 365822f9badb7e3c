//go:build unix

package file_test

import (
	"syscall"
	"time"
)

func usage() (u syscall.Rusage) {
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u
}

// processorTime returns the time that the process has used.
func processorTime() time.Duration {
	u := usage()
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// switches returns how often a thread of the process has waited. The benchmark waits itself.
func switches() int64 { return int64(usage().Nvcsw) }
