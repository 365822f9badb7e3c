package main

import (
	"math/rand/v2"
	"sync"
	"time"

	"go.uber.org/atomic"
)

// An item is what values are set to.
type item struct {
	stream *stream // whose it is
	seq    uint64  // 1, 2, 3, … of that
	at     int64   // an instant before it was set
	sum    uint64  // of seq and at
}

func newItem(st *stream, seq uint64) item {
	at := st.s.now()
	return item{st, seq, at, seq ^ uint64(at)}
}

// odd is what the Filters here accept.
func odd(it item) bool { return it.seq%2 == 1 }

// A stream is a value and what is known of it.
type stream struct {
	s       *soak
	value   value
	closing atomic.Bool // Close is or was called.
	closed  atomic.Bool // Close has returned.
}

// A slot has a stream, and when that has ended the next.
type slot struct {
	s      *soak
	update bool // by Update, by several at a time; else by Set, one after another
	stream atomic.Pointer[stream]

	mu  sync.Mutex // held by who Sets or replaces
	seq uint64
}

func newSlot(s *soak, update bool) *slot {
	sl := &slot{s: s, update: update}
	sl.renew()
	return sl
}

func (sl *slot) renew() {
	sl.seq = 0
	sl.stream.Store(&stream{s: sl.s, value: sl.s.fresh()})
}

// set sets the value once.
func (sl *slot) set() {
	sl.s.sets.Inc()
	st := sl.stream.Load()
	if sl.update {
		st.value.Update(func(old item, _ bool) (item, bool) { return newItem(st, old.seq+1), true })
		return
	}
	sl.mu.Lock()
	defer sl.mu.Unlock()
	if sl.stream.Load() == st {
		sl.seq++
		st.value.Set(newItem(st, sl.seq))
	}
}

// end ends the value.
func (sl *slot) end() {
	st := sl.stream.Load()
	st.closing.Store(true)
	_ = st.value.Close()
	st.closed.Store(true)
}

// replace ends the value and puts another one in its place.
func (sl *slot) replace() {
	sl.mu.Lock()
	defer sl.mu.Unlock()
	sl.end()
	sl.renew()
	sl.s.replaced.Inc()
}

// produce sets values in bursts.
func (s *soak) produce() {
	for !s.stopping.Load() {
		sl := s.slots[rand.IntN(len(s.slots))]
		for range 1 + rand.IntN(40) {
			sl.set()
		}
		if rand.IntN(500) == 0 {
			sl.replace()
		}
		if s.pause > 0 {
			time.Sleep(time.Duration(rand.Int64N(2 * int64(s.pause))))
		}
	}
}
