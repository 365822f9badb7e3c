package main

import (
	"math/bits"
	"time"

	"go.uber.org/atomic"
)

// A histogram counts durations, with a resolution of an eighth of the duration.
type histogram struct{ counts [64 * 8]atomic.Uint64 }

// add counts a duration of d nanoseconds.
func (h *histogram) add(d int64) { h.counts[bucket(uint64(max(d, 0)))].Inc() }

// bucket returns the number of the bucket of d. It consists of the position of
// the highest bit of d and the next three bits.
func bucket(d uint64) int {
	if d < 8 {
		return int(d)
	}
	top := bits.Len64(d) - 1
	return (top-2)*8 + int(d>>(top-3)&7)
}

// least returns the shortest duration of a bucket.
func least(bucket int) uint64 {
	if bucket < 8 {
		return uint64(bucket)
	}
	top := bucket/8 + 2
	return 1<<top | uint64(bucket%8)<<(top-3)
}

// quantile returns the duration that the fraction q of the durations is below.
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
