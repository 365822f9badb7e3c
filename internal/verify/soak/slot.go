package main

import (
	"math/rand/v2"
	"sync"
	"time"

	"go.uber.org/atomic"
)

// An item is the element type of the values.
type item struct {
	stream *stream // the stream to which it belongs
	seq    uint64  // 1, 2, 3, … within the stream
	at     int64   // an instant before the item was set
	sum    uint64  // a checksum of seq and at
}

func newItem(st *stream, seq uint64) item {
	at := st.s.now()
	return item{st, seq, at, seq ^ uint64(at)}
}

// odd is the predicate of all Filters.
func odd(it item) bool { return it.seq%2 == 1 }

// A stream is a value and its state.
type stream struct {
	s       *soak
	value   value
	closing atomic.Bool // Close has been called or is about to be called.
	closed  atomic.Bool // Close has returned.
}

// A slot has one stream after another. When the stream is closed, the slot gets
// a new one.
type slot struct {
	s      *soak
	update bool // producers use Update concurrently; otherwise they use Set one at a time
	stream atomic.Pointer[stream]

	mu  sync.Mutex // held during Set and replace
	seq uint64
}

func newSlot(s *soak, update bool) *slot {
	sl := &slot{s: s, update: update}
	sl.renew()
	return sl
}

// renew gives the slot a new stream.
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

// close closes the value.
func (sl *slot) close() {
	st := sl.stream.Load()
	st.closing.Store(true)
	_ = st.value.Close()
	st.closed.Store(true)
}

// replace closes the value and replaces it by a new one.
func (sl *slot) replace() {
	sl.mu.Lock()
	defer sl.mu.Unlock()
	sl.close()
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
