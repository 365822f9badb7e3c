//go:build race

package event_test

// raceEnabled is for sizes: under the race detector everything costs about ten times.
const raceEnabled = true
