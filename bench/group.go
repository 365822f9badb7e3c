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

// farewell is the value at which watchers return. It also ends watchers that no
// context can end.
const farewell = -1

// A group is a number of watchers that wait for one value after the other. Each
// watcher has its own goroutine and must get every value.
type group struct {
	b     *testing.B
	value Value[int64]
	size  int

	// expected is the newest value, and start is the time at which its Set
	// began. Only the contender orders the accesses to them.
	expected int64
	start    time.Time

	missing atomic.Int32       // watchers that have not got the value yet
	last    chan time.Duration // the time until the last watcher got it
	wrong   chan error         // gets an error if a watcher got another value
	members sync.WaitGroup
	cancels []context.CancelFunc
}

// newGroup returns a group that has seen two values and waits for the next. A
// contender may do more work for the first values than for later ones.
func newGroup(b *testing.B, c Contender, a args) *group {
	g := &group{b: b, value: c.New(), size: a.watchers,
		last: make(chan time.Duration, 1), wrong: make(chan error, a.watchers)}
	shared := g.context()
	for range a.watchers {
		ctx := shared
		if a.context == ctxOwn {
			ctx = g.context()
		}
		g.members.Go(func() { g.follow(ctx) })
	}
	for range 2 {
		awaitIdle()
		g.set()
	}
	return g
}

// context returns a new context that close cancels.
func (g *group) context() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	g.cancels = append(g.cancels, cancel)
	return ctx
}

// follow gets all values until farewell.
func (g *group) follow(ctx context.Context) {
	w := g.value.Watch()
	defer w.Close()
	for last := int64(0); ; last++ {
		n, err := w.Get(ctx)
		if n == farewell && err == nil && last == g.expected {
			return
		}
		if n != last+1 || err != nil {
			g.wrong <- fmt.Errorf("got %d after %d: %v", n, last, err)
			return
		}
		if g.missing.Add(-1) == 0 {
			g.last <- time.Since(g.start)
		}
	}
}

// set sets the next value. It returns the duration of the call, and the time
// from its beginning until the last watcher had the value.
func (g *group) set() (call, last time.Duration) {
	g.missing.Store(int32(g.size))
	g.expected++
	g.start = time.Now()
	g.value.Set(g.expected)
	call = time.Since(g.start)
	select {
	case last = <-g.last:
	case err := <-g.wrong:
		g.b.Fatal(err)
	}
	return call, last
}

// close ends all watchers of the group.
func (g *group) close() {
	g.value.Set(farewell)
	g.members.Wait()
	select {
	case err := <-g.wrong:
		g.b.Fatal(err)
	default:
	}
	for _, cancel := range g.cancels {
		cancel()
	}
}

// awaitIdle returns when every goroutine except the caller's is blocked.
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

// awaitSleep calls awaitIdle and then waits until the other processors sleep,
// so that waking one of them costs the same for all contenders. The function
// must not sleep itself: the runtime would wake another processor together with
// it. That processor would look for work for some time, and the kernel even
// longer.
func awaitSleep() {
	awaitIdle()
	for begin := time.Now(); time.Since(begin) < 2*time.Millisecond; {
	}
}
