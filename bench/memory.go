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

// ParkedBytes is what a parked watcher takes, under a context that all share: heap after its
// first Get under that context and after its second ("heap2"), and, apart, its
// goroutine's stack. The goroutine itself is not counted.
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
			crowd := newParking(c, a.watchers)
			readMemory(&before)
			crowd.fill()
			readMemory(&first)
			crowd.value.Set(1)
			readMemory(&second)
			crowd.empty(b)
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

// goroutinesBefore leaves behind what the runtime keeps of goroutines that have ended.
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

// readMemory reads it when all wait and there is no garbage left. The second collection
// frees what pools have kept over the first.
func readMemory(m *runtime.MemStats) {
	awaitIdle()
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(m)
}

// A parking is a crowd that takes as little as possible.
type parking struct {
	value  Value[int64]
	size   int
	ctx    context.Context
	cancel context.CancelFunc
	left   chan int64 // the sum of the values that each has got
}

// thisParking is the one: a go statement without arguments allocates nothing.
var thisParking *parking

func newParking(c Contender, size int) *parking {
	p := &parking{value: c.New(), size: size, left: make(chan int64, size)}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	thisParking = p
	return p
}

func (p *parking) fill() {
	for range p.size {
		go park()
	}
}

// park adds up values until farewell.
func park() {
	p := thisParking
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

// empty ends the parking and fails b unless each got the one value that was set.
func (p *parking) empty(b *testing.B) {
	p.value.Set(farewell)
	for range p.size {
		if n := <-p.left; n != 1 {
			b.Fatalf("a watcher got values with the sum %d, 1 was set", n)
		}
	}
	p.cancel()
}

// Garbage is a million Sets a second with nobody parked: what that costs in memory and
// how much of all processors' time the garbage collector takes.
var Garbage = Workload{
	Name:       "Garbage",
	iterations: always("300000x"),
	run: func(b *testing.B, c Contender, _ args) {
		v := c.New()
		vals := numbers(1000)
		before := readCosts()
		for set := 0; set < b.N; set += len(vals) {
			v.SetAll(vals)
			// Every millisecond a thousand, if it can.
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

// hundredths rounds to them. Less is what the runtime has allocated meanwhile.
func hundredths(x float64) float64 { return math.Round(100*x) / 100 }

type costs struct {
	at             time.Time
	bytes, objects uint64
	gc, cpu        float64
}

// readCosts collects garbage, since only that updates the processor's share in it.
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
