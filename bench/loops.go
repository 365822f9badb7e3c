package bench

import (
	"context"
	"testing"

	"go.uber.org/atomic"
)

// SetsEach reports whether SetAll sets more than the last of its values. That
// is invisible after the call.
func SetsEach(v Value[int64]) bool {
	ctx := context.Background()
	vals := numbers(1 << 16)
	last := vals[len(vals)-1]
	w := v.Watch()
	defer w.Close()
	// Some Get of the watcher runs during a SetAll.
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

// LoadsEach reports whether LoadAll loads repeatedly, instead of returning the
// result of its first load. v must be a Loader. The result can rarely be wrong:
// a LoadAll that loads once may be preempted before the load.
func LoadsEach(v Value[int64]) bool {
	for range 5 { // There may have been no Set during a correct LoadAll.
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
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			setUntil(v, stop)
		}()
		var running atomic.Bool
		b.RunParallel(func(pb *testing.PB) {
			if running.Swap(true) {
				return // Only one goroutine loads.
			}
			before, _ := l.Load()
			val, _ := l.LoadAll(pb)
			after, _ := l.Load()
			// The result of the first load is near to before, and the result of
			// the last load is near to after. The last run, which is the
			// longest, determines each.
			each = after-val < val-before
		})
		close(stop)
		<-stopped
	})
	return each
}

// setUntil sets one number after the other until stop is closed.
func setUntil(v Value[int64], stop <-chan struct{}) {
	for n := int64(1); ; n++ {
		select {
		case <-stop:
			return
		default:
			v.Set(n)
		}
	}
}
