//go:build race

package testkit

// RaceEnabled reports whether the race detector is enabled. If it is,
// everything takes about ten times as long.
const RaceEnabled = true
