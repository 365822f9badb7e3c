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

// A value is the kind of value that is tested.
type value interface {
	event.Value[item]
	Update(f func(old item, ok bool) (item, bool)) (item, bool)
	Load() (item, bool)
	Close() error
}

// A config has the parameters of a run.
type config struct {
	duration  time.Duration
	gets      uint64 // the run ends after so many Gets; 0 means no limit
	values    int
	watchers  int
	producers int
	pause     time.Duration // of a producer, on average
	patience  time.Duration // the longest wait without a reason
	fresh     func() value
}

// A soak is one run.
type soak struct {
	// These fields are first because only the first word of a struct is sure to
	// be aligned on 32-bit machines.
	sets, got, gaveUp, rewatched, replaced atomic.Uint64
	latency                                histogram

	config
	begin     time.Time
	slots     []*slot
	contexts  []*atomic.Pointer[scope]
	followers []*follower
	stopping  atomic.Bool // producers return at once, followers when their value is closed
	aborted   atomic.Bool // followers return at once
	failed    chan string // the first violation
}

// A scope is a context and the instant of its end.
type scope struct {
	ended  atomic.Int64 // 0, or an instant after which it had ended, by soak.now
	ctx    context.Context
	cancel func()
}

// scopes is the number of contexts that the watchers share.
const scopes = 32

// now returns the time since the beginning of the run, in nanoseconds. It is
// never 0.
func (s *soak) now() int64 { return int64(time.Since(s.begin)) + 1 }

// fail reports a violation. The first report ends the run.
func (s *soak) fail(format string, args ...any) {
	select {
	case s.failed <- fmt.Sprintf(format, args...):
	default:
	}
}

// run does one run and reports whether there was no violation.
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
			sl.close()
		}
		violation = m.awaitFollowers(&watching)
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

// disturb ends contexts, and closes watchers while their goroutines may be in a
// Get.
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
