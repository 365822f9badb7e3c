package main

import (
	"math/bits"
	"time"

	"go.uber.org/atomic"
)

// A histogram counts durations, to an eighth of their size.
type histogram struct{ counts [64 * 8]atomic.Uint64 }

// add counts one of d nanoseconds.
func (h *histogram) add(d int64) { h.counts[bucket(uint64(max(d, 0)))].Inc() }

// bucket is the number of the bucket of d: the position of its highest bit, and the three
// bits after that.
func bucket(d uint64) int {
	if d < 8 {
		return int(d)
	}
	top := bits.Len64(d) - 1
	return (top-2)*8 + int(d>>(top-3)&7)
}

// least is the least duration in a bucket.
func least(bucket int) uint64 {
	if bucket < 8 {
		return uint64(bucket)
	}
	top := bucket/8 + 2
	return 1<<top | uint64(bucket%8)<<(top-3)
}

// quantile returns the duration below which the fraction q is.
func (h *histogram) quantile(q float64) time.Duration {
	var sum uint64
	for i := range h.counts {
		sum += h.counts[i].Load()
	}
	rest := uint64(q * float64(sum))
	for i := range h.counts {
		n := h.counts[i].Load()
		if n > rest {
			return time.Duration(least(i))
		}
		rest -= n
	}
	return 0
}
