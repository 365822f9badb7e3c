package event_test

import (
	"context"
	"fmt"
	"runtime"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"github.com/eventvalue/event"
)

func BenchmarkSet(b *testing.B) {
	var v event.MemoryValue[int]
	b.ReportAllocs()
	for i := range b.N {
		v.Set(i)
	}
	if got, _ := v.Load(); got != b.N-1 {
		b.Fatal("not set:", got)
	}
}

func BenchmarkLoad(b *testing.B) {
	var v event.MemoryValue[int]
	v.Set(1)
	b.RunParallel(func(pb *testing.PB) {
		sum, n := 0, 0
		for pb.Next() {
			val, _ := v.Load()
			sum += val
			n++
		}
		if sum != n {
			b.Error("loaded something else")
		}
	})
}

// BenchmarkGet is a Get with something to return: each of b.N watchers' first.
func BenchmarkGet(b *testing.B) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var v event.MemoryValue[int]
	v.Set(1)
	const batch = 1024
	ws := make([]event.Watcher[int], batch)
	b.ReportAllocs()
	for done := 0; done < b.N; done += batch {
		b.StopTimer()
		for i := range ws {
			ws[i] = v.Watch()
		}
		b.StartTimer()
		for _, w := range ws[:min(batch, b.N-done)] {
			if val, err := w.Get(ctx); val != 1 || err != nil {
				b.Fatal(val, err)
			}
		}
	}
}

func BenchmarkSetGet(b *testing.B) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var v event.MemoryValue[int]
	w := v.Watch()
	b.ReportAllocs()
	for i := range b.N {
		v.Set(i)
		if val, err := w.Get(ctx); val != i || err != nil {
			b.Fatal(val, err)
		}
	}
}

func BenchmarkWatchGetClose(b *testing.B) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var v event.MemoryValue[int]
	v.Set(1)
	b.ReportAllocs()
	for range b.N {
		w := v.Watch()
		if val, err := w.Get(ctx); val != 1 || err != nil {
			b.Fatal(val, err)
		}
		_ = w.Close()
	}
}

// BenchmarkSetParked reports the duration of a Set that finds a number of watchers waiting,
// and the time until the last of them has the value.
func BenchmarkSetParked(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchmarkSetParked(b, n) })
	}
}

func benchmarkSetParked(b *testing.B, n int) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var v event.MemoryValue[int]
	var got, ended sync.WaitGroup
	for range n {
		ended.Go(func() {
			w := v.Watch()
			defer w.Close()
			for {
				if _, err := w.Get(ctx); err != nil {
					return
				}
				got.Done()
			}
		})
	}
	var set, last time.Duration
	for i := range b.N {
		awaitIdle()
		time.Sleep(time.Millisecond) // The other processors sleep, whatever n is.
		got.Add(n)
		start := time.Now()
		v.Set(i)
		set += time.Since(start)
		got.Wait()
		last += time.Since(start)
	}
	b.ReportMetric(float64(set.Nanoseconds())/float64(b.N), "ns/set")
	b.ReportMetric(float64(last.Nanoseconds())/float64(b.N), "ns/last")
	b.ReportMetric(0, "ns/op") // It would contain the time until all wait again.
	cancel()
	ended.Wait()
}

// awaitIdle returns when every goroutine but the caller's waits for something.
func awaitIdle() {
	s := []metrics.Sample{
		{Name: "/sched/goroutines/runnable:goroutines"},
		{Name: "/sched/goroutines/running:goroutines"},
	}
	for {
		metrics.Read(s)
		if s[0].Value.Uint64() == 0 && s[1].Value.Uint64() <= 1 {
			return
		}
		runtime.Gosched()
	}
}

// BenchmarkRoundTrip is two values, two watchers and two wake-ups, under a context that
// can be cancelled, and the same with channels of one element that a producer drains
// before it sends.
func BenchmarkRoundTrip(b *testing.B) {
	b.Run("event", func(b *testing.B) {
		var there, back event.MemoryValue[int]
		w, echo := back.Watch(), there.Watch()
		benchmarkRoundTrip(b, there.Set, back.Set,
			func(ctx context.Context) int { n, _ := w.Get(ctx); return n },
			func(ctx context.Context) int { n, _ := echo.Get(ctx); return n })
	})
	b.Run("channel", func(b *testing.B) {
		there, back := newLatest(), newLatest()
		benchmarkRoundTrip(b, there.set, back.set, back.get, there.get)
	})
}

func benchmarkRoundTrip(b *testing.B, send, reply func(int), result, request func(context.Context) int) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var echo sync.WaitGroup
	n := b.N
	echo.Go(func() {
		for range n {
			reply(request(ctx))
		}
	})
	b.ReportAllocs()
	for i := range n {
		send(i)
		if got := result(ctx); got != i {
			b.Fatal("sent", i, "got", got)
		}
	}
	echo.Wait()
}

// latest is a channel of one element that holds the newest value.
type latest struct {
	mu sync.Mutex
	c  chan int
}

func newLatest() *latest { return &latest{c: make(chan int, 1)} }

func (l *latest) set(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.c:
	default:
	}
	l.c <- n
}

func (l *latest) get(ctx context.Context) int {
	select {
	case n := <-l.c:
		return n
	case <-ctx.Done():
		return -1
	}
}
