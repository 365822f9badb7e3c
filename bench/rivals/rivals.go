package rivals

import "github.com/eventvalue/event/bench"

// Contenders returns the libraries.
func Contenders() []bench.Contender {
	return []bench.Contender{
		{Name: "juniper", New: NewJuniper[int64]},
		{Name: "msync", New: NewMsync[int64]},
		{Name: "ro", New: NewRo[int64]},
	}
}

// A maybe is a value that may not have been set: all of these libraries begin with a zero
// value, which is none.
type maybe[T any] struct {
	val T
	set bool
}
