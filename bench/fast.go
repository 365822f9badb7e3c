package bench

import (
	"context"
	"testing"
)

// This file has the workloads in which no watcher waits.

// Set is a Set without parked watchers.
var Set = Workload{
	Name:       "Set",
	iterations: always("100ms"),
	run: func(b *testing.B, c Contender, _ args) {
		v := c.New()
		vals := numbers(1024)
		last := vals[0]
		b.ReportAllocs()
		b.ResetTimer()
		for left := b.N; left > 0; {
			batch := vals[:min(left, len(vals))]
			v.SetAll(batch)
			left -= len(batch)
			last = batch[len(batch)-1]
		}
		b.StopTimer()
		if val, err := v.Watch().Get(context.Background()); val != last || err != nil {
			b.Fatal("set", last, "got", val, err)
		}
	},
}

// Get is a Get that returns a new value, under a context that can be canceled.
// There is one Set for 256 watchers.
var Get = Workload{
	Name:       "Get",
	iterations: always("100ms"),
	run: func(b *testing.B, c Contender, _ args) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		v := c.New()
		ws := make([]Watcher[int64], 256)
		for i := range ws {
			ws[i] = v.Watch()
			defer ws[i].Close()
		}
		vals := make([]int64, len(ws))
		b.ReportAllocs()
		b.ResetTimer()
		for set := 0; set < b.N; set += len(ws) {
			n := min(b.N-set, len(ws))
			v.Set(int64(set))
			if err := v.GetAll(ctx, ws[:n], vals); err != nil {
				b.Fatal(err)
			}
			if vals[0] != int64(set) || vals[n/2] != int64(set) || vals[n-1] != int64(set) {
				b.Fatal("set", set, "got", vals)
			}
		}
		b.StopTimer()
		// Checking each value would be measured, so only this one is checked.
		v.Set(farewell)
		if err := v.GetAll(ctx, ws, vals); err != nil {
			b.Fatal(err)
		}
		for i, val := range vals {
			if val != farewell {
				b.Fatal("set", farewell, "watcher", i, "got", val)
			}
		}
	},
}

// Load is Load on all processors at once. Its ns/op is the time for one Load of
// all processors together: with two processors, half the duration of a call.
// The loop is the loop of RunParallel.
var Load = Workload{
	Name:       "Load",
	iterations: always("100ms"),
	suits: func(c Contender, _ args) bool {
		_, ok := c.New().(Loader[int64])
		return ok
	},
	run: func(b *testing.B, c Contender, _ args) {
		v := c.New()
		v.Set(7)
		b.RunParallel(func(pb *testing.PB) {
			if val, ok := v.(Loader[int64]).LoadAll(pb); val != 7 || !ok {
				b.Error("loaded", val, ok)
			}
		})
	},
}

// SetGet is a Set and a Get in one goroutine.
var SetGet = Workload{
	Name:       "SetGet",
	iterations: always("100ms"),
	run: func(b *testing.B, c Contender, _ args) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		v := c.New()
		w := v.Watch()
		defer w.Close()
		b.ReportAllocs()
		b.ResetTimer()
		for i := range int64(b.N) {
			v.Set(i)
			if val, err := w.Get(ctx); val != i || err != nil {
				b.Fatal("set", i, "got", val, err)
			}
		}
	},
}

// WatchGetClose is the life of a watcher that gets one value.
var WatchGetClose = Workload{
	Name:       "WatchGetClose",
	iterations: always("100ms"),
	run: func(b *testing.B, c Contender, _ args) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		v := c.New()
		v.Set(7)
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			w := v.Watch()
			if val, err := w.Get(ctx); val != 7 || err != nil {
				b.Fatal("got", val, err)
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
		}
	},
}

// numbers returns the numbers from 0 to n-1.
func numbers(n int) []int64 {
	s := make([]int64, n)
	for i := range s {
		s[i] = int64(i)
	}
	return s
}
