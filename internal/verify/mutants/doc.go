// Package mutants holds bugs. Each patch file in this directory breaks the
// library in one plausible way. The test applies the patches to a copy, one at
// a time, and shows that each bug is caught. A scenario of
// internal/verify/explore must catch it, or a test of event or park.
//
// A patch is a unified diff after a line that describes the bug. The patch
// applies if its old lines occur exactly once in the file, at any line number.
// When the code changes, go test fails until the patch has been adapted.
//
//	make mutants
//
// shows that all bugs are caught, which takes some minutes, and can write
// README.md.
package mutants
