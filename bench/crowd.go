package bench

import (
	"context"
	"fmt"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"go.uber.org/atomic"
)

// farewell is the value at which watchers leave. It ends also those that no context can end.
const farewell = -1

// A crowd is watchers, each on a goroutine of its own, that wait for one value after the
// other and of which each must get every one.
type crowd struct {
	b     *testing.B
	value Value[int64]
	size  int

	// expected is the newest value that was set and start is when that began. Nothing but the
	// contender orders the accesses to them.
	expected int64
	start    time.Time

	missing atomic.Int32       // who have not got it yet
	last    chan time.Duration // when the last got it
	wrong   chan error         // if one got something else, what
	members sync.WaitGroup
	cancels []context.CancelFunc
}

// newCrowd returns a crowd that has seen two values and waits for the next: by then whatever
// a contender does only for the first times has been done.
func newCrowd(b *testing.B, c Contender, a args) *crowd {
	crowd := &crowd{b: b, value: c.New(), size: a.watchers,
		last: make(chan time.Duration, 1), wrong: make(chan error, a.watchers)}
	shared := crowd.context()
	for range a.watchers {
		ctx := shared
		if a.context == ctxOwn {
			ctx = crowd.context()
		}
		crowd.members.Go(func() { crowd.follow(ctx) })
	}
	for range 2 {
		awaitIdle()
		crowd.set()
	}
	return crowd
}

func (c *crowd) context() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	c.cancels = append(c.cancels, cancel)
	return ctx
}

func (c *crowd) follow(ctx context.Context) {
	w := c.value.Watch()
	defer w.Close()
	for last := int64(0); ; last++ {
		n, err := w.Get(ctx)
		if n == farewell && err == nil && last == c.expected {
			return
		}
		if n != last+1 || err != nil {
			c.wrong <- fmt.Errorf("got %d after %d: %v", n, last, err)
			return
		}
		if c.missing.Add(-1) == 0 {
			c.last <- time.Since(c.start)
		}
	}
}

// set sets the next value and returns how long the call took, and after what time the last
// watcher had the value.
func (c *crowd) set() (call, last time.Duration) {
	c.missing.Store(int32(c.size))
	c.expected++
	c.start = time.Now()
	c.value.Set(c.expected)
	call = time.Since(c.start)
	select {
	case last = <-c.last:
	case err := <-c.wrong:
		c.b.Fatal(err)
	}
	return call, last
}

// disperse ends the crowd.
func (c *crowd) disperse() {
	c.value.Set(farewell)
	c.members.Wait()
	select {
	case err := <-c.wrong:
		c.b.Fatal(err)
	default:
	}
	for _, cancel := range c.cancels {
		cancel()
	}
}

// awaitIdle returns when every goroutine but the caller's waits for something.
func awaitIdle() {
	s := []metrics.Sample{
		{Name: "/sched/goroutines/runnable:goroutines"},
		{Name: "/sched/goroutines/running:goroutines"},
	}
	for {
		time.Sleep(50 * time.Microsecond)
		metrics.Read(s)
		if s[0].Value.Uint64() == 0 && s[1].Value.Uint64() <= 1 {
			return
		}
	}
}

// awaitSleep is awaitIdle, and then some time, after which the other processors sleep,
// whatever went before. So it costs all the same to wake one. It must not sleep itself: to
// wake it the runtime wakes another processor too, and that one then looks for work for some time, and the
// kernel does so for some more.
func awaitSleep() {
	awaitIdle()
	for begin := time.Now(); time.Since(begin) < 2*time.Millisecond; {
	}
}
