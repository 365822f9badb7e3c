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

// A suite is a test in progress. It runs on a goroutine of its own, so that a Store that blocks for
// ever fails its test and no other.
type suite struct {
	Harness
	t    testing.TB
	ctx  context.Context // ends with the test
	stop context.CancelFunc

	running sync.WaitGroup // Follows

	mu   sync.Mutex
	over bool // nothing may be reported any more
}

// Run runs the suite, each subtest on a Harness of its own, which newHarness makes. What that needs
// to release belongs into t.Cleanup; by then all Follows have ended.
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

// A group is a subtest of the suite, and a rule one below that.
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

// lacks returns the name of what h cannot do of that, or "".
func (h Harness) lacks(what []string) string {
	can := map[string]bool{
		"Cut":     h.Cut != nil && h.Heal != nil && h.Direct != nil,
		"Compact": h.Compact != nil,
		"Restart": h.Restart != nil,
		"Save":    h.Save != nil,
		"Refuse":  h.Refuse != nil,
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
	if w := h.lacks(r.needs); w != "" {
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
	s.ctx, s.stop = context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer s.running.Wait() // What hangs here was told to end.
		defer s.stop()
		r.test(s)
	}()
	select {
	case <-done:
	case <-time.After(5 * h.Patience):
		s.report("hangs: something blocks that must not")
	}
	s.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
}

// report fails the test, unless that is over.
func (s *suite) report(format string, args ...any) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.t.Errorf(format, args...)
	}
}

// fatal fails the test and ends the calling goroutine.
func (s *suite) fatal(format string, args ...any) {
	s.t.Helper()
	s.report(format, args...)
	runtime.Goexit()
}

// patient returns a context for what should not take long.
func (s *suite) patient() (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.ctx, s.Patience)
}

// put writes to store, which must do it.
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

// remove deletes in store, which must do it.
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

// A follower is a Follow in progress and the mirror of what it says.
type follower struct {
	s      *suite
	cancel context.CancelFunc
	pulse  event.MemoryValue[struct{}]
	ended  chan error // has Follow's error, once

	mu     sync.Mutex
	mirror mirror
	over   bool // Follow has returned
}

// follow starts to follow all keys of the suite that begin with prefix.
func (s *suite) follow(prefix string) *follower {
	return s.followScope(remote.Prefix(s.Prefix + prefix))
}

func (s *suite) followScope(scope remote.Scope) *follower {
	ctx, cancel := context.WithCancel(s.ctx)
	f := &follower{s: s, cancel: cancel, ended: make(chan error, 1), mirror: mirror{scope: scope}}
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		err := s.Store.Follow(ctx, scope, f.apply)
		f.mu.Lock()
		f.over = true
		f.mu.Unlock()
		if err == nil {
			s.report("Follow returns nil")
		}
		f.ended <- err
	}()
	return f
}

func (f *follower) apply(b remote.Batch) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over {
		f.s.report("apply is called after Follow has returned")
		return nil
	}
	if err := f.mirror.apply(b); err != nil {
		f.s.report("Follow says what it must not: %v", err)
	}
	f.pulse.Set(struct{}{})
	return nil
}

// until waits until the mirror is as wanted.
func (f *follower) until(what string, wanted func(m *mirror) bool) {
	f.s.t.Helper()
	ctx, cancel := f.s.patient()
	defer cancel()
	_, err := event.Wait(ctx, &f.pulse, func(struct{}) bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return wanted(&f.mirror)
	})
	if err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		m := &f.mirror
		f.s.fatal("does not come: %s; there is %s at revision %d, broken: %v", what, text(f.s.Prefix, m.state), m.revision, m.broken)
	}
}

// known waits for the first whole state.
func (f *follower) known() {
	f.s.t.Helper()
	f.until("a whole state", func(m *mirror) bool { return m.state != nil })
}

// has waits until the mirror has exactly these keys, as in "a=1 b=2".
func (f *follower) has(want string) {
	f.s.t.Helper()
	f.until(want, func(m *mirror) bool { return m.state != nil && text(f.s.Prefix, m.state) == want })
}

// reaches waits for a revision. What was before that has come by then.
func (f *follower) reaches(revision int64) {
	f.s.t.Helper()
	f.until(fmt.Sprint("revision ", revision), func(m *mirror) bool { return m.state != nil && m.revision >= revision })
}

// breaks waits until it was told n times that the connection is lost.
func (f *follower) breaks(n int) {
	f.s.t.Helper()
	f.until("a report that the connection is lost", func(m *mirror) bool { return m.breaks >= n })
}

// mends waits until the connection is there.
func (f *follower) mends() {
	f.s.t.Helper()
	f.until("a report that the connection is back", func(m *mirror) bool { return m.broken == nil })
}

// end ends the Follow and returns its error.
func (f *follower) end() error {
	f.s.t.Helper()
	f.cancel()
	return f.error()
}

// error waits for the end of the Follow.
func (f *follower) error() error {
	f.s.t.Helper()
	select {
	case err := <-f.ended:
		return err
	case <-time.After(f.s.Patience):
		f.s.fatal("Follow does not return")
		return nil
	}
}
