package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/verify/explore/inspect"
	"github.com/eventvalue/event/internal/verify/explore/sched"
)

// A world is a value with its watchers. It checks their invariants after each
// step.
type world struct {
	r         *sched.Run
	v         *event.MemoryValue[int]
	recorders []*recorder
	version   uint64 // the version of the head at the last check
	// stack limits the nodes on the head's broadcast, unless it is 0.
	stack int
}

// A recorder is a watcher with a record of what its Gets have returned.
type recorder struct {
	w        event.Watcher[int]
	v        *event.MemoryValue[int]
	vals     []int
	versions []uint64
	errs     []error
	getting  bool
	ctx      context.Context // of the Get in progress
	at       uint64          // the watcher's version at the last check
}

// newWorld makes a world with n watchers.
func newWorld(r *sched.Run, n int) *world {
	w := &world{r: r, v: new(event.MemoryValue[int])}
	for range n {
		w.recorders = append(w.recorders, &recorder{w: w.v.Watch(), v: w.v})
	}
	r.Always(w.always)
	r.Finally(w.finally)
	return w
}

// always is checked after each step.
func (w *world) always() error {
	head, fired, version := inspect.Head(w.v)
	if fired {
		return fmt.Errorf("the broadcast of the head, version %#x, has fired", version)
	}
	if version < w.version {
		return fmt.Errorf("the head went back from version %#x to %#x", w.version, version)
	}
	w.version = version
	if w.stack > 0 && head != nil {
		if nodes, waiting := inspect.Stack(head); nodes > w.stack {
			return fmt.Errorf("%d nodes on the stack, of which %d are waited on", nodes, waiting)
		}
	}
	for i, s := range w.recorders {
		at := inspect.Watch(s.w)
		if at.Version > version {
			return fmt.Errorf("watcher %d is at version %d, which does not exist", i+1, at.Version)
		}
		if at.Version < s.at && !at.Closed {
			return fmt.Errorf("watcher %d went back from version %d to %d", i+1, s.at, at.Version)
		}
		s.at = at.Version
		if !s.getting && at.Pending > 0 {
			return fmt.Errorf("watcher %d does not wait and has a wake-up pending", i+1)
		}
	}
	return nil
}

// finally is checked when no thread can continue. No blocked Get may have a
// reason to return, and the histories of the watchers must agree.
func (w *world) finally(waiting []string) error {
	names := map[uint64]int{}
	newest, _ := w.v.Load()
	sleepers := 0
	for i, s := range w.recorders {
		last := uint64(0)
		for n, version := range s.versions {
			if version <= last {
				return fmt.Errorf("watcher %d returned version %d after %d", i+1, version, last)
			}
			last = version
			if val, ok := names[version]; ok && val != s.vals[n] {
				return fmt.Errorf("version %d is both %d and %d", version, val, s.vals[n])
			}
			names[version] = s.vals[n]
		}
		if s.getting {
			sleepers++
			if ctx, ok := s.ctx.(*sched.Context); ok && ctx.Ended() {
				return fmt.Errorf("watcher %d sleeps, and its context has ended", i+1)
			}
			if inspect.Watch(s.w).Closed {
				return fmt.Errorf("watcher %d sleeps, and is closed", i+1)
			}
			// The value is compared too: two Sets may have made one version.
			if _, _, head := inspect.Head(w.v); head != last || s.last() != newest {
				return fmt.Errorf("lost wake-up: watcher %d sleeps at version %d (value %d), %d (value %d) is there",
					i+1, last, s.last(), head, newest)
			}
		}
	}
	if sleepers != len(waiting) {
		return fmt.Errorf("asleep for good: %q", waiting)
	}
	return nil
}

// get calls Get and records the result.
func (s *recorder) get(ctx context.Context, opts ...event.GetOption[int]) (int, error) {
	s.getting, s.ctx = true, ctx
	val, err := s.w.Get(ctx, opts...)
	s.getting = false
	if err != nil {
		s.errs = append(s.errs, err)
		return 0, err
	}
	s.vals = append(s.vals, val)
	// After a Get, only Close can change the version concurrently, so reading
	// the version needs no step. A Get that is concurrent with Close may return
	// a value and leave the version as it is. There is no Get after it.
	if at := inspect.Watch(s.w); !at.Closed {
		s.versions = append(s.versions, at.Version)
	}
	return val, nil
}

// follow calls get until get fails, and returns the error.
func (s *recorder) follow(ctx context.Context) error {
	for {
		if _, err := s.get(ctx); err != nil {
			return err
		}
	}
}

// last returns the last value that Get has returned, or 0.
func (s *recorder) last() int {
	if len(s.vals) == 0 {
		return 0
	}
	return s.vals[len(s.vals)-1]
}

// want fails the run if err is not one of the wanted errors.
func want(r *sched.Run, what string, err error, wanted ...error) {
	for _, w := range wanted {
		if err == w || w != nil && errors.Is(err, w) {
			return
		}
	}
	r.Fail("%s: %v, wanted one of %v", what, err, wanted)
}

// open reports whether c is open. It takes no step.
func open(c <-chan struct{}) bool {
	select {
	case <-c:
		return false
	default:
		return true
	}
}
