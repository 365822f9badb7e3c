package bench

import (
	"testing"

	"go.uber.org/atomic"

	"github.com/eventvalue/event"
)

// BenchmarkRejectedSet is a Set with nobody waiting, as it is and as it would be by the
// designs that docs/design.md rejects. Store is the floor: to publish a fresh object.
func BenchmarkRejectedSet(b *testing.B) {
	b.Run("store", func(b *testing.B) { benchmarkSet(b, new(store)) })
	b.Run("chosen", func(b *testing.B) { benchmarkSet(b, new(chosen)) })
	b.Run("eager-channel", func(b *testing.B) { benchmarkSet(b, newEager()) })
	b.Run("two-fields", func(b *testing.B) { benchmarkSet(b, newTwoFields()) })
	b.Run("look-before-seal", func(b *testing.B) { benchmarkSet(b, newLookFirst()) })
	b.Run("no-pointers", func(b *testing.B) { benchmarkSet(b, newNoPointers()) })
}

type setter interface {
	set(int)
	load() int
}

func benchmarkSet(b *testing.B, s setter) {
	b.ReportAllocs()
	for i := range b.N {
		s.set(i)
	}
	if s.load() != b.N-1 {
		b.Fatal("not set")
	}
}

// store publishes 32 bytes without pointers, and no more.
type store struct{ head atomic.Pointer[[4]int] }

func (s *store) set(n int) { s.head.Store(&[4]int{n}) }
func (s *store) load() int { return s.head.Load()[0] }

type chosen struct{ v event.MemoryValue[int] }

func (c *chosen) set(n int) { c.v.Set(n) }
func (c *chosen) load() int { n, _ := c.v.Load(); return n }

// eager makes the channel to close with each snapshot, whether or not somebody waits.
type eager struct{ head atomic.Pointer[eagerSnapshot] }

type eagerSnapshot struct {
	version uint64
	changed chan struct{}
	val     int
}

func newEager() *eager {
	e := new(eager)
	e.head.Store(&eagerSnapshot{changed: make(chan struct{})})
	return e
}

func (e *eager) set(n int) {
	next := &eagerSnapshot{changed: make(chan struct{}), val: n}
	for {
		old := e.head.Load()
		next.version = old.version + 1
		if e.head.CompareAndSwap(old, next) {
			close(old.changed)
			return
		}
	}
}
func (e *eager) load() int { return e.head.Load().val }

type waiters [1]byte

var sealed waiters

// twoFields keeps the channel for select beside the stack of waiters, where the chosen
// design lets the places carry it.
type twoFields struct {
	head atomic.Pointer[twoFieldsSnapshot]
}

type twoFieldsSnapshot struct {
	version uint64
	waiters atomic.Pointer[waiters]
	changed atomic.Pointer[chan struct{}]
	val     int
}

func newTwoFields() *twoFields {
	s := new(twoFields)
	s.head.Store(new(twoFieldsSnapshot))
	return s
}

func (s *twoFields) set(n int) {
	next := &twoFieldsSnapshot{val: n}
	for {
		old := s.head.Load()
		next.version = old.version + 1
		if s.head.CompareAndSwap(old, next) {
			if old.waiters.Swap(&sealed) != nil || old.changed.Load() != nil {
				panic("nobody waits")
			}
			return
		}
	}
}
func (s *twoFields) load() int { return s.head.Load().val }

// lookFirst does not seal where it sees nobody. It would need every waiter to look at the
// head once more after it has registered.
type lookFirst struct {
	head atomic.Pointer[oneFieldSnapshot]
}

type oneFieldSnapshot struct {
	version uint64
	waiters atomic.Pointer[waiters]
	val     int
}

func newLookFirst() *lookFirst {
	s := new(lookFirst)
	s.head.Store(new(oneFieldSnapshot))
	return s
}

func (s *lookFirst) set(n int) {
	next := &oneFieldSnapshot{val: n}
	for {
		old := s.head.Load()
		next.version = old.version + 1
		if s.head.CompareAndSwap(old, next) {
			if old.waiters.Load() != nil {
				panic("nobody waits")
			}
			return
		}
	}
}
func (s *lookFirst) load() int { return s.head.Load().val }

// noPointers has a flag in the snapshot and the waiters in the value, so that the snapshot
// of a type without pointers has none.
type noPointers struct {
	head atomic.Pointer[noPointersSnapshot]
}

type noPointersSnapshot struct {
	version uint64
	state   atomic.Uint32
	val     int
}

func newNoPointers() *noPointers {
	s := new(noPointers)
	s.head.Store(new(noPointersSnapshot))
	return s
}

func (s *noPointers) set(n int) {
	next := &noPointersSnapshot{val: n}
	for {
		old := s.head.Load()
		next.version = old.version + 1
		if s.head.CompareAndSwap(old, next) {
			if old.state.Swap(1) != 0 {
				panic("nobody waits")
			}
			return
		}
	}
}
func (s *noPointers) load() int { return s.head.Load().val }
