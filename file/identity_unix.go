//go:build unix

package file

import (
	"io/fs"
	"strconv"
	"syscall"
)

// nonblock makes open return at once if a FIFO has replaced the file.
const nonblock = syscall.O_NONBLOCK

// identity returns a text that differs for any two files that exist at the same time.
func identity(info fs.FileInfo) string {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return strconv.FormatUint(uint64(s.Dev), 36) + "." + strconv.FormatUint(uint64(s.Ino), 36)
}
