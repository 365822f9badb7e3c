package bench

import (
	"testing"

	"go.uber.org/atomic"
)

// BenchmarkRejectedSet is a Set with nobody waiting, as it is and as it would
// be by the designs that docs/internals/decisions.md rejects. Store is the
// floor: to publish a fresh object.
func BenchmarkRejectedSet(b *testing.B) {
	b.Run("store", func(b *testing.B) { benchmarkSet(b, new(pollValue[int64])) })
	b.Run("chosen", func(b *testing.B) { benchmarkSet(b, new(eventValue[int64])) })
	b.Run("eager-channel", func(b *testing.B) { benchmarkSet(b, NewReplaceEager[int64]().(setter)) })
	b.Run("two-fields", func(b *testing.B) { benchmarkSet(b, newTwoFields()) })
	b.Run("look-before-seal", func(b *testing.B) { benchmarkSet(b, newLookFirst()) })
	b.Run("no-pointers", func(b *testing.B) { benchmarkSet(b, newNoPointers()) })
}

type setter interface {
	Set(int64)
	Load() (int64, bool)
}

func benchmarkSet(b *testing.B, s setter) {
	b.ReportAllocs()
	for i := range int64(b.N) {
		s.Set(i)
	}
	if n, ok := s.Load(); n != int64(b.N-1) || !ok {
		b.Fatal("set", b.N-1, "loaded", n, ok)
	}
}

type waiters [1]byte

var sealed waiters

// twoFields has a second field for the channel of select. In the chosen design,
// the nodes of the stack carry it.
type twoFields struct {
	head atomic.Pointer[twoFieldsSnapshot]
}

type twoFieldsSnapshot struct {
	version uint64
	waiters atomic.Pointer[waiters]
	changed atomic.Pointer[chan struct{}]
	val     int64
}

func newTwoFields() *twoFields {
	s := new(twoFields)
	s.head.Store(new(twoFieldsSnapshot))
	return s
}

func (s *twoFields) Set(n int64) {
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
func (s *twoFields) Load() (int64, bool) { return s.head.Load().val, true }

// lookFirst does not seal where it sees nobody. It would need every waiter to
// look at the head once more after it has registered.
type lookFirst struct {
	head atomic.Pointer[oneFieldSnapshot]
}

type oneFieldSnapshot struct {
	version uint64
	waiters atomic.Pointer[waiters]
	val     int64
}

func newLookFirst() *lookFirst {
	s := new(lookFirst)
	s.head.Store(new(oneFieldSnapshot))
	return s
}

func (s *lookFirst) Set(n int64) {
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
func (s *lookFirst) Load() (int64, bool) { return s.head.Load().val, true }

// noPointers has a flag in the snapshot and the waiters in the value, so that
// the snapshot of a type without pointers has none.
type noPointers struct {
	head atomic.Pointer[noPointersSnapshot]
}

type noPointersSnapshot struct {
	version uint64
	state   atomic.Uint32
	val     int64
}

func newNoPointers() *noPointers {
	s := new(noPointers)
	s.head.Store(new(noPointersSnapshot))
	return s
}

func (s *noPointers) Set(n int64) {
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
func (s *noPointers) Load() (int64, bool) { return s.head.Load().val, true }
