package bench

import (
	"context"
	"math"
	"runtime"
	"runtime/metrics"
	"sync"
	"testing"
	"time"
)

// ParkedBytes is the memory of a parked watcher under a context that all
// watchers share. It reports the heap during the first Get under that context,
// the heap during the second Get ("heap2"), and the stack of the goroutine. The
// goroutine itself is not counted.
var ParkedBytes = Workload{
	Name:       "ParkedBytes",
	Contexts:   []string{ctxShared},
	Watchers:   []int{10_000},
	iterations: always("1x"),
	run: func(b *testing.B, c Contender, a args) {
		var before, first, second runtime.MemStats
		var heap, heap2, stack float64
		for range b.N {
			goroutinesBefore(a.watchers)
			g := newParkedGroup(c, a.watchers)
			readMemory(&before)
			g.start()
			readMemory(&first)
			g.value.Set(1)
			readMemory(&second)
			g.close(b)
			per := func(after, before uint64) float64 {
				return float64(int64(after-before)) / float64(a.watchers)
			}
			heap += per(first.HeapAlloc, before.HeapAlloc)
			heap2 += per(second.HeapAlloc, before.HeapAlloc)
			stack += per(second.StackInuse, before.StackInuse)
		}
		b.ReportMetric(heap/float64(b.N), "heap-B/watcher")
		b.ReportMetric(heap2/float64(b.N), "heap2-B/watcher")
		b.ReportMetric(stack/float64(b.N), "stack-B/watcher")
		b.ReportMetric(0, "ns/op")
	},
}

// goroutinesBefore runs n goroutines, so that the runtime can reuse their
// memory.
func goroutinesBefore(n int) {
	var running, ended sync.WaitGroup
	leave := make(chan struct{})
	running.Add(n)
	for range n {
		ended.Go(func() {
			running.Done()
			<-leave
		})
	}
	running.Wait()
	close(leave)
	ended.Wait()
}

// readMemory reads the memory statistics when all goroutines are blocked and no
// garbage is left. The second collection frees objects that pools have kept
// during the first.
func readMemory(m *runtime.MemStats) {
	awaitIdle()
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(m)
}

// A parkedGroup is a group of watchers that uses as little memory as possible.
type parkedGroup struct {
	value  Value[int64]
	size   int
	ctx    context.Context
	cancel context.CancelFunc
	left   chan int64 // the sum of the values that each watcher has got
}

// parkedNow is the parkedGroup in use. It is a variable because a go statement
// without arguments allocates nothing.
var parkedNow *parkedGroup

func newParkedGroup(c Contender, size int) *parkedGroup {
	p := &parkedGroup{value: c.New(), size: size, left: make(chan int64, size)}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	parkedNow = p
	return p
}

// start starts the watchers.
func (p *parkedGroup) start() {
	for range p.size {
		go park()
	}
}

// park adds up values until farewell.
func park() {
	p := parkedNow
	w := p.value.Watch()
	n := int64(0)
	for {
		val, err := w.Get(p.ctx)
		if val == farewell || err != nil {
			break
		}
		n += val
	}
	_ = w.Close()
	p.left <- n
}

// close ends the watchers. It fails b unless each watcher got the one value
// that was set.
func (p *parkedGroup) close(b *testing.B) {
	p.value.Set(farewell)
	for range p.size {
		if n := <-p.left; n != 1 {
			b.Fatalf("a watcher got values with the sum %d, 1 was set", n)
		}
	}
	p.cancel()
}

// Garbage is a million Sets a second without parked watchers. It reports the
// memory that they allocate and the share of the garbage collector in the time
// of all processors.
var Garbage = Workload{
	Name:       "Garbage",
	iterations: always("300000x"),
	run: func(b *testing.B, c Contender, _ args) {
		v := c.New()
		vals := numbers(1000)
		before := readCosts()
		for set := 0; set < b.N; set += len(vals) {
			v.SetAll(vals)
			// A thousand Sets every millisecond, if the contender is fast
			// enough.
			due := before.at.Add(time.Duration(set+len(vals)) * time.Microsecond)
			time.Sleep(time.Until(due))
		}
		after := readCosts()
		if val, err := v.Watch().Get(context.Background()); val != vals[len(vals)-1] || err != nil {
			b.Fatal("got", val, err)
		}
		n := float64((b.N + len(vals) - 1) / len(vals) * len(vals))
		b.ReportMetric(hundredths(float64(after.bytes-before.bytes)/n), "B/set")
		b.ReportMetric(hundredths(float64(after.objects-before.objects)/n), "objects/set")
		b.ReportMetric(100*(after.gc-before.gc)/(after.cpu-before.cpu), "gc-percent")
		b.ReportMetric(n/after.at.Sub(before.at).Seconds(), "sets/s")
		b.ReportMetric(0, "ns/op")
	},
}

// hundredths rounds x to hundredths. Smaller amounts are allocations of the
// runtime.
func hundredths(x float64) float64 { return math.Round(100*x) / 100 }

type costs struct {
	at             time.Time
	bytes, objects uint64
	gc, cpu        float64
}

// readCosts reads the costs so far. It collects garbage, because only a
// collection updates the processor time of the collector.
func readCosts() costs {
	runtime.GC()
	s := []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/gc/heap/allocs:objects"},
		{Name: "/gc/heap/tiny/allocs:objects"},
		{Name: "/cpu/classes/gc/total:cpu-seconds"},
		{Name: "/cpu/classes/total:cpu-seconds"},
	}
	metrics.Read(s)
	return costs{
		at:      time.Now(),
		bytes:   s[0].Value.Uint64(),
		objects: s[1].Value.Uint64() + s[2].Value.Uint64(),
		gc:      s[3].Value.Float64(),
		cpu:     s[4].Value.Float64(),
	}
}
