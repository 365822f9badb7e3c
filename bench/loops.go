package bench

import (
	"context"
	"testing"

	"go.uber.org/atomic"
)

// SetsEach reports whether SetAll sets more than the last of what it is given, which nobody who looks
// only at the end can tell.
func SetsEach(v Value[int64]) bool {
	ctx := context.Background()
	vals := numbers(1 << 16)
	last := vals[len(vals)-1]
	w := v.Watch()
	defer w.Close()
	// Sooner or later the watcher looks while a SetAll is under way.
	var seen atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			val, err := w.Get(ctx)
			if val == farewell || err != nil {
				return
			}
			if val != last {
				seen.Store(true)
			}
		}
	}()
	for range 1000 {
		if v.SetAll(vals); seen.Load() {
			break
		}
	}
	v.Set(farewell)
	<-ended
	return seen.Load()
}

// LoadsEach reports whether LoadAll goes on loading, and does not just return what it
// has loaded first. The value is a Loader. By chance, one that does not may seem to, if it is preempted just before.
func LoadsEach(v Value[int64]) bool {
	for range 5 { // One that does may have had no Set in between.
		if loadsEach(v) {
			return true
		}
	}
	return false
}

func loadsEach(v Value[int64]) (each bool) {
	l := v.(Loader[int64])
	v.Set(0)
	testing.Benchmark(func(b *testing.B) {
		over, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			setOn(v, over)
		}()
		var taken atomic.Bool
		b.RunParallel(func(pb *testing.PB) {
			if taken.Swap(true) {
				return // One has all to itself.
			}
			before, _ := l.Load()
			val, _ := l.LoadAll(pb)
			after, _ := l.Load()
			// What was loaded first is near to what was there before, and what was loaded last to what is there now.
			// What counts is the last run, which is the longest.
			each = after-val < val-before
		})
		close(over)
		<-ended
	})
	return each
}

// setOn sets one number after the other until over is closed.
func setOn(v Value[int64], over <-chan struct{}) {
	for n := int64(1); ; n++ {
		select {
		case <-over:
			return
		default:
			v.Set(n)
		}
	}
}
