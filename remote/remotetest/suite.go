package remotetest

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
)

// A suite is one subtest in progress. It runs on a goroutine of its own, so
// that a Store that blocks permanently fails only its own subtest.
type suite struct {
	Harness
	t      testing.TB
	ctx    context.Context // ends with the test
	cancel context.CancelFunc

	running sync.WaitGroup // Follows

	mu     sync.Mutex
	closed bool // the test has ended; report does nothing
}

// Run runs the suite. It calls newHarness for each subtest. Release the
// resources of a Harness in t.Cleanup; all Follows have returned by then.
func Run(t *testing.T, newHarness func(t testing.TB) Harness) {
	t.Helper()
	for _, g := range groups() {
		t.Run(g.name, func(t *testing.T) {
			for _, r := range g.rules {
				t.Run(r.name, func(t *testing.T) { r.run(t, newHarness(t)) })
			}
		})
	}
}

// A group is a subtest of the suite. A rule is a subtest of a group.
type group struct {
	name  string
	rules []rule
}

type rule struct {
	name  string
	test  func(*suite)
	needs []string
}

func needs(what ...string) []string { return what }

// missing returns the first of the given fields that h does not have, or "".
func (h Harness) missing(what []string) string {
	can := map[string]bool{
		"Cut":     h.Cut != nil && h.Heal != nil && h.Direct != nil,
		"Compact": h.Compact != nil,
		"Restart": h.Restart != nil,
		"Save":    h.Save != nil,
		"Refuse":  h.Refuse != nil,

		"HalfOpen":   h.HalfOpen != nil && h.Direct != nil,
		"Slow":       h.Slow != nil,
		"LoseAnswer": h.LoseAnswer != nil && h.Heal != nil,
		"ValueLimit": h.ValueLimit != 0,
	}
	for _, w := range what {
		if !can[w] {
			return w
		}
	}
	return ""
}

func (r rule) run(t *testing.T, h Harness) {
	if h.Store == nil {
		t.Fatal("remotetest: a Harness without Store")
	}
	if w := h.missing(r.needs); w != "" {
		t.Skipf("lacking: %s", w)
	}
	if h.Direct == nil {
		h.Direct = h.Store
	}
	if h.Patience == 0 {
		h.Patience = 10 * time.Second
	}
	if h.Keys == 0 {
		h.Keys = 1000
	}
	s := &suite{Harness: h, t: t}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer s.running.Wait() // A Follow that hangs here ignores its context.
		defer s.cancel()
		r.test(s)
	}()
	select {
	case <-done:
	case <-time.After(5 * h.Patience):
		s.report("hangs: something blocks that must not")
	}
	s.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// report fails the test, unless it has ended.
func (s *suite) report(format string, args ...any) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.t.Errorf(format, args...)
	}
}

// fatal fails the test and ends the calling goroutine.
func (s *suite) fatal(format string, args ...any) {
	s.t.Helper()
	s.report(format, args...)
	runtime.Goexit()
}

// patient returns a context with the Harness's Patience as its timeout.
func (s *suite) patient() (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.ctx, s.Patience)
}

// put writes to store. The write must succeed.
func (s *suite) put(store remote.Store, key, val string, cond ...remote.Condition) int64 {
	s.t.Helper()
	ctx, cancel := s.patient()
	defer cancel()
	revision, err := store.Put(ctx, s.Prefix+key, []byte(val), append(cond, remote.Condition{})[0])
	if err != nil {
		s.fatal("Put of %q: %v", key, err)
	}
	return revision
}

// remove deletes from store. The deletion must succeed.
func (s *suite) remove(store remote.Store, key string, cond ...remote.Condition) int64 {
	s.t.Helper()
	ctx, cancel := s.patient()
	defer cancel()
	revision, err := store.Delete(ctx, s.Prefix+key, append(cond, remote.Condition{})[0])
	if err != nil {
		s.fatal("Delete of %q: %v", key, err)
	}
	return revision
}

// A follower is a Follow in progress, with the mirror of its batches.
type follower struct {
	s        *suite
	cancel   context.CancelFunc
	notifier event.MemoryValue[struct{}]
	result   chan error // receives Follow's error

	mu       sync.Mutex
	mirror   mirror
	returned bool // Follow has returned
}

// follow starts to follow all keys of the suite that begin with prefix.
func (s *suite) follow(prefix string) *follower {
	return s.followScope(remote.Prefix(s.Prefix + prefix))
}

func (s *suite) followScope(scope remote.Scope) *follower {
	return s.start(mirror{scope: scope})
}

// start starts to follow the scope of m.
func (s *suite) start(m mirror) *follower {
	ctx, cancel := context.WithCancel(s.ctx)
	f := &follower{s: s, cancel: cancel, result: make(chan error, 1), mirror: m}
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		err := s.Store.Follow(ctx, m.scope, f.apply)
		f.mu.Lock()
		f.returned = true
		f.mu.Unlock()
		if err == nil {
			s.report("Follow returns nil")
		}
		f.result <- err
	}()
	return f
}

func (f *follower) apply(b remote.Batch) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.returned {
		f.s.report("apply is called after Follow has returned")
		return nil
	}
	if err := f.mirror.apply(b); err != nil {
		f.s.report("Follow breaks its contract: %v", err)
	}
	f.notifier.Set(struct{}{})
	return nil
}

// until waits until the mirror is as wanted.
func (f *follower) until(what string, wanted func(m *mirror) bool) {
	f.s.t.Helper()
	ctx, cancel := f.s.patient()
	defer cancel()
	_, err := event.Wait(ctx, &f.notifier, func(struct{}) bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return wanted(&f.mirror)
	})
	if err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		m := &f.mirror
		f.s.fatal("does not come: %s; there is %.500s at revision %d, broken: %v", what, format(f.s.Prefix, m.state), m.revision, m.broken)
	}
}

// waitSynced waits for the first full state.
func (f *follower) waitSynced() {
	f.s.t.Helper()
	f.until("a full state", func(m *mirror) bool { return m.state != nil })
}

// waitState waits until the mirror has exactly these keys, as in "a=1 b=2".
func (f *follower) waitState(want string) {
	f.s.t.Helper()
	f.until(want, func(m *mirror) bool { return m.state != nil && format(f.s.Prefix, m.state) == want })
}

// waitRevision waits until the mirror has all changes up to revision.
func (f *follower) waitRevision(revision int64) {
	f.s.t.Helper()
	f.until(fmt.Sprint("revision ", revision), func(m *mirror) bool { return m.state != nil && m.revision >= revision })
}

// waitBroken waits until n lost connections were reported.
func (f *follower) waitBroken(n int) {
	f.s.t.Helper()
	f.until("a report that the connection is lost", func(m *mirror) bool { return m.breaks >= n })
}

// waitConnected waits until the connection is back.
func (f *follower) waitConnected() {
	f.s.t.Helper()
	f.until("a report that the connection is back", func(m *mirror) bool { return m.broken == nil })
}

// value returns the value of key, or "" if the key is absent.
func (f *follower) value(key string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return string(f.mirror.state[f.s.Prefix+key].Value)
}

// stop ends the Follow and returns its error.
func (f *follower) stop() error {
	f.s.t.Helper()
	f.cancel()
	return f.waitReturned()
}

// waitReturned waits until Follow returns, and returns its error.
func (f *follower) waitReturned() error {
	f.s.t.Helper()
	select {
	case err := <-f.result:
		return err
	case <-time.After(f.s.Patience):
		f.s.fatal("Follow does not return")
		return nil
	}
}
