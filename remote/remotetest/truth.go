package remotetest

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
)

// alwaysKeys is the number of keys that always exist.
const alwaysKeys = 50

// always writes keys that no test deletes.
func (s *suite) always() (keys []string) {
	for i := range alwaysKeys {
		keys = append(keys, fmt.Sprintf("always/%03d", i))
		s.put(s.Store, keys[i], "0")
	}
	return keys
}

// followAlways starts to follow all keys of the suite, of which the given keys
// always exist.
func (s *suite) followAlways(keys []string) *follower {
	m := mirror{scope: remote.Prefix(s.Prefix), always: make(map[string]bool)}
	for _, key := range keys {
		m.always[s.Prefix+key] = true
	}
	return s.start(m)
}

// A rewriter rewrites keys from several goroutines.
type rewriter struct {
	s     *suite
	count event.MemoryValue[int] // of calls of rewriteOne
	stop  func()                 // stops, and waits for that
}

// rewrite rewrites keys, and writes and deletes other keys, until stop is
// called.
func (s *suite) rewrite(keys []string) *rewriter {
	var wg sync.WaitGroup
	stopped := make(chan struct{})
	r := &rewriter{s: s, stop: sync.OnceFunc(func() {
		close(stopped)
		wg.Wait()
	})}
	r.count.Set(0)
	for i := range 4 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stopped:
					return
				default:
				}
				s.rewriteOne(keys[(4*n+i)%len(keys)], fmt.Sprint("own/", i), n)
				r.count.Update(func(n int, _ bool) (int, bool) { return n + 1, true })
				runtime.Gosched()
			}
		})
	}
	return r
}

// progresses waits until some keys have been rewritten.
func (r *rewriter) progresses() {
	r.s.t.Helper()
	ctx, cancel := r.s.patient()
	defer cancel()
	now, _ := r.count.Load()
	if _, err := event.Wait(ctx, &r.count, func(n int) bool { return n >= now+4 }); err != nil {
		r.s.fatal("no key is rewritten")
	}
}

// rewriteOne writes key twice in a row, and writes and deletes the key own. A
// follower may get the four changes in one batch.
func (s *suite) rewriteOne(key, own string, n int) {
	s.put(s.Direct, key, fmt.Sprint(n))
	s.put(s.Direct, own, fmt.Sprint(n))
	s.put(s.Direct, key, fmt.Sprint(n, "+"))
	s.remove(s.Direct, own)
}

// truthAlways reads many full states while their keys are rewritten.
func truthAlways(s *suite) {
	keys := s.always()
	f := s.followAlways(keys)
	f.waitSynced()
	r := s.rewrite(keys)
	defer r.stop()
	for range 20 {
		r.progresses()
		short := s.followAlways(keys)
		short.waitSynced()
		_ = short.stop()
	}
	r.stop()
	f.waitRevision(s.put(s.Direct, "last", "1"))
}

// truthAlwaysFaults makes a follower read the full state again while its keys
// are rewritten.
func truthAlwaysFaults(s *suite) {
	keys := s.always()
	f := s.followAlways(keys)
	f.waitSynced()
	r := s.rewrite(keys)
	defer r.stop()
	for round := range 5 {
		s.Cut()
		f.waitBroken(round + 1)
		r.progresses()
		s.Compact()
		s.Heal()
		f.waitConnected()
		r.progresses()
	}
	r.stop()
	f.waitRevision(s.put(s.Direct, "last", "1"))
}

// A ledger holds the writes that have returned, by revision.
type ledger struct {
	s *suite

	mu     sync.Mutex
	writes map[int64]string
}

// describe describes a change of key, except for its revision.
func describe(key, val string, deleted bool) string {
	if deleted {
		return fmt.Sprintf("a deletion of %q", key)
	}
	return fmt.Sprintf("a write of %q to %q", val, key)
}

func (l *ledger) note(revision int64, write string) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if other, ok := l.writes[revision]; ok {
		l.s.report("revision %d was returned for %s and for %s", revision, other, write)
	}
	l.writes[revision] = write
	return revision
}

func (l *ledger) put(key, val string) int64 {
	return l.note(l.s.put(l.s.Store, key, val), describe(l.s.Prefix+key, val, false))
}

// remove deletes a key that is present.
func (l *ledger) remove(key string) int64 {
	return l.note(l.s.remove(l.s.Store, key), describe(l.s.Prefix+key, "", true))
}

// check checks that f has got no change that was not written.
func (l *ledger) check(f *follower) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.mirror.changes {
		if got := describe(c.Key, string(c.Value), c.Deleted); l.writes[c.Revision] != got {
			l.s.report("revision %d is %s, and was written as %s", c.Revision, got, l.writes[c.Revision])
		}
	}
}

// truthWritten compares all changes of several followers with the writes.
func truthWritten(s *suite) {
	l := &ledger{s: s, writes: make(map[int64]string)}
	followers := []*follower{s.follow(""), s.follow("")}
	followers[0].waitSynced()
	load(s, func(i, n int) {
		own := fmt.Sprint("own/", i)
		l.put("a", fmt.Sprintf("%d.%d", i, n))
		l.put(own, fmt.Sprint(n))
		l.put("a", fmt.Sprintf("%d.%d+", i, n))
		l.remove(own)
	})
	last := l.put("last", "1")
	for _, f := range append(followers, s.follow("")) {
		f.waitRevision(last)
		l.check(f)
	}
}
