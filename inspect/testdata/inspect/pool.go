// Package inspect is a package of a program that has the same name as the one under test.
package inspect

import (
	"github.com/eventvalue/event"
	"github.com/eventvalue/event/inspect"
)

// A trackedPool opens tracked watchers.
type trackedPool[T any] struct{ v event.ValueWatch[T] }

// Open opens a tracked watcher.
//
//go:noinline
func (p *trackedPool[T]) Open() event.Watcher[T] { return inspect.Track("pool", p.v).Watch() }

// Open opens a tracked watcher of v.
func Open[T any](v event.ValueWatch[T]) event.Watcher[T] { return (&trackedPool[T]{v}).Open() }
