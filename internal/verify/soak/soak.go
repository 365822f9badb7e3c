package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"time"

	"go.uber.org/atomic"

	"github.com/eventvalue/event"
)

// A value is what is soaked.
type value interface {
	event.Value[item]
	Update(f func(old item, ok bool) (item, bool)) (item, bool)
	Load() (item, bool)
	Close() error
}

// A config says how much of what there is.
type config struct {
	duration  time.Duration
	gets      uint64 // end after so many; 0 is never
	values    int
	watchers  int
	producers int
	pause     time.Duration // of a producer, on average
	patience  time.Duration // after that somebody who waits must have a reason to
	fresh     func() value
}

// A soak is one run.
type soak struct {
	// First, for on 32-bit machines only there they are sure to be aligned.
	sets, got, gaveUp, rewatched, replaced atomic.Uint64
	latency                                histogram

	config
	begin     time.Time
	slots     []*slot
	contexts  []*atomic.Pointer[scope]
	followers []*follower
	stopping  atomic.Bool // producers end, and then, when their value has, followers
	aborted   atomic.Bool // followers end at once
	failed    chan string // the first violation
}

// A scope is a context and when it ended.
type scope struct {
	ended  atomic.Int64 // 0, or an instant after which it had ended, by soak.now
	ctx    context.Context
	cancel func()
}

// scopes is how many contexts the watchers share.
const scopes = 32

// now is the time of the run, in nanoseconds and never 0.
func (s *soak) now() int64 { return int64(time.Since(s.begin)) + 1 }

// fail reports what must not be. The first report ends the run.
func (s *soak) fail(format string, args ...any) {
	select {
	case s.failed <- fmt.Sprintf(format, args...):
	default:
	}
}

// run soaks and reports whether all was as it must be.
func run(c config, out *screen, interrupted <-chan os.Signal) bool {
	goroutines := runtime.NumGoroutine()
	s := &soak{config: c, begin: time.Now(), failed: make(chan string, 1)}
	root, cancel := context.WithCancel(context.Background())
	defer cancel()
	var producing, watching sync.WaitGroup
	s.start(root, &producing, &watching)
	m := newMonitor(s, out)
	violation := m.watch(interrupted)

	s.stopping.Store(true)
	if violation == "" {
		producing.Wait()
		for _, sl := range s.slots {
			sl.end()
		}
		violation = m.await(&watching)
	}
	s.aborted.Store(violation != "")
	cancel()
	if violation == "" {
		violation = m.judge(goroutines)
	}
	return m.verdict(violation)
}

// start starts all goroutines.
func (s *soak) start(root context.Context, producing, watching *sync.WaitGroup) {
	for i := range s.values {
		s.slots = append(s.slots, newSlot(s, i%2 == 0))
	}
	for range scopes {
		p := new(atomic.Pointer[scope])
		p.Store(newScope(root))
		s.contexts = append(s.contexts, p)
	}
	for range s.watchers {
		s.followers = append(s.followers, &follower{s: s, rand: rand.New(rand.NewPCG(rand.Uint64(), 0))})
	}
	for _, f := range s.followers {
		watching.Go(f.run)
	}
	for range s.producers {
		producing.Go(s.produce)
	}
	producing.Go(func() { s.disturb(root) })
}

func newScope(root context.Context) *scope {
	c := new(scope)
	c.ctx, c.cancel = context.WithCancel(root)
	return c
}

// disturb ends contexts, and closes watchers while their goroutines may be in a Get.
func (s *soak) disturb(root context.Context) {
	for !s.stopping.Load() {
		if p := s.contexts[rand.IntN(scopes)]; rand.IntN(4) == 0 {
			old := p.Swap(newScope(root))
			old.cancel()
			old.ended.Store(s.now())
		}
		for range rand.IntN(20) {
			s.followers[rand.IntN(len(s.followers))].kill()
		}
		time.Sleep(time.Duration(rand.Int64N(int64(5 * time.Millisecond))))
	}
}
