//go:build !race

package testkit

// RaceEnabled reports whether the race detector is on: then everything costs about ten times.
const RaceEnabled = false
