package rivals

import "github.com/eventvalue/event/bench"

// Contenders returns the contenders of this package, one for each library.
func Contenders() []bench.Contender {
	return []bench.Contender{
		{Name: "juniper", New: NewJuniper[int64]},
		{Name: "msync", New: NewMsync[int64]},
		{Name: "ro", New: NewRo[int64]},
	}
}

// A maybe is a value that may not have been set. It is necessary because all of
// these libraries start with a zero value.
type maybe[T any] struct {
	val T
	set bool
}
