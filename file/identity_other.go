//go:build !unix

package file

import "io/fs"

const nonblock = 0

// identity returns "": the system has no number of a file that costs no open.
func identity(fs.FileInfo) string { return "" }
