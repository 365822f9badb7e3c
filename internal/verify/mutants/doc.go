// Package mutants holds bugs: each patch file here breaks the library in one place, in a way that
// somebody might. Its test applies them, one at a time and to a copy, and shows that each is
// caught, by a scenario of internal/verify/explore or else by a test of event or park.
//
// A patch is a unified diff after a line that says what it breaks. It applies where the lines that
// it changes are found, with those around them, exactly once, whatever their numbers: when
// the code has moved on, go test fails until the patch has followed. make mutants shows that all
// are caught, which takes some minutes, and writes README.md.
package mutants
