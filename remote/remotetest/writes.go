package remotetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/eventvalue/event/remote"
)

// load calls do from several goroutines, several times each, and waits for
// them. i is the number of the goroutine.
func load(s *suite, do func(i, n int)) {
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 25 {
				do(i, n)
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
	if s.t.Failed() {
		runtime.Goexit() // A Goexit in do ends its goroutine, but not the test.
	}
}

// putFails makes a Put that must fail with want.
func (s *suite) putFails(want error, ctx context.Context, key, val string, cond remote.Condition) {
	s.t.Helper()
	if _, err := s.Store.Put(ctx, key, []byte(val), cond); !errors.Is(err, want) {
		s.report("Put returns %v, want %v", err, want)
	}
}

// deleteFails makes a Delete that must fail with want.
func (s *suite) deleteFails(want error, ctx context.Context, key string, cond remote.Condition) {
	s.t.Helper()
	if _, err := s.Store.Delete(ctx, key, cond); !errors.Is(err, want) {
		s.report("Delete returns %v, want %v", err, want)
	}
}

func writeAbsent(s *suite) {
	ctx, cancel := s.patient()
	defer cancel()
	s.put(s.Store, "a", "1", remote.At(0))
	s.putFails(remote.ErrConflict, ctx, s.Prefix+"a", "2", remote.At(0))
	s.follow("").waitState("a=1")
	s.remove(s.Store, "a")
	s.put(s.Store, "a", "3", remote.At(0))
	s.follow("").waitState("a=3")
}

func writeAt(s *suite) {
	ctx, cancel := s.patient()
	defer cancel()
	s.putFails(remote.ErrConflict, ctx, s.Prefix+"a", "0", remote.At(1<<40))
	first := s.put(s.Store, "a", "1")
	other := s.put(s.Store, "b", "1")
	s.putFails(remote.ErrConflict, ctx, s.Prefix+"a", "2", remote.At(other))
	second := s.put(s.Store, "a", "3", remote.At(first))
	s.putFails(remote.ErrConflict, ctx, s.Prefix+"a", "4", remote.At(first))
	s.follow("").waitState("a=3 b=1")
	s.put(s.Store, "a", "5", remote.At(second))
	s.follow("").waitState("a=5 b=1")
}

func deleteAt(s *suite) {
	ctx, cancel := s.patient()
	defer cancel()
	first := s.put(s.Store, "a", "1")
	second := s.put(s.Store, "a", "2")
	s.deleteFails(remote.ErrConflict, ctx, s.Prefix+"a", remote.At(first))
	s.deleteFails(remote.ErrConflict, ctx, s.Prefix+"a", remote.At(0))
	s.deleteFails(remote.ErrConflict, ctx, s.Prefix+"b", remote.At(second))
	f := s.follow("")
	f.waitState("a=2")
	last := s.remove(s.Store, "a", remote.At(second))
	if last <= second {
		s.report("Delete returns revision %d after %d", last, second)
	}
	f.waitState("")
}

func deleteAbsent(s *suite) {
	last := s.put(s.Store, "a", "1")
	f := s.follow("")
	f.waitSynced()
	if got := s.remove(s.Store, "b"); got < last {
		s.report("Delete of what is absent returns revision %d, want the store's, which is %d or more", got, last)
	}
	f.waitRevision(s.put(s.Store, "a", "2"))
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.mirror.changes {
		if c.Deleted {
			s.report("a follower gets a deletion of %q, which was not there", c.Key)
		}
	}
}

// writeRace has several goroutines write, where only one may succeed.
func writeRace(s *suite) {
	for round := range 10 {
		var won atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				ctx, cancel := s.patient()
				defer cancel()
				_, err := s.Store.Put(ctx, s.Prefix+fmt.Sprint(round), fmt.Append(nil, i), remote.At(0))
				switch {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, remote.ErrConflict):
					s.report("Put: %v", err)
				}
			})
		}
		wg.Wait()
		if n := won.Load(); n != 1 {
			s.report("%d of several writes are done that only one may be", n)
		}
	}
}

func writeEmptyKey(s *suite) {
	ctx, cancel := s.patient()
	defer cancel()
	s.putFails(remote.ErrKey, ctx, "", "1", remote.Condition{})
	s.deleteFails(remote.ErrKey, ctx, "", remote.Condition{})
}

func writeEnded(s *suite) {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	s.put(s.Store, "a", "1")
	s.putFails(context.Canceled, ctx, s.Prefix+"a", "2", remote.Condition{})
	s.deleteFails(context.Canceled, ctx, s.Prefix+"a", remote.Condition{})
	if _, err := s.Store.Put(ctx, s.Prefix+"a", nil, remote.Condition{}); errors.Is(err, remote.ErrUnknownOutcome) {
		s.report("a Put under an ended context has an unknown outcome: %v", err)
	}
	s.follow("").waitState("a=1")
}

func endsWithContext(s *suite) {
	f := s.follow("")
	f.waitSynced()
	if err := f.stop(); !errors.Is(err, context.Canceled) {
		s.report("Follow returns %v, want its context's error", err)
	}
	s.put(s.Store, "a", "1")
	s.follow("").waitState("a=1") // By now the ended Follow would have called apply.
}

func endsAtOnce(s *suite) {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	err := s.Store.Follow(ctx, remote.Prefix(s.Prefix), func(remote.Batch) error { return nil })
	if !errors.Is(err, context.Canceled) {
		s.report("Follow returns %v, want its context's error", err)
	}
}

var errApply = errors.New("remotetest: apply fails")

// endsWithApply makes apply fail at the first batch, and at a later one.
func endsWithApply(s *suite) {
	for _, after := range []int{0, 1} {
		ctx, cancel := s.patient()
		calls := 0
		applied := make(chan struct{})
		ended := make(chan error, 1)
		go func() {
			ended <- s.Store.Follow(ctx, remote.Prefix(s.Prefix), func(b remote.Batch) error {
				if calls++; calls > after {
					return errApply
				}
				close(applied)
				return nil
			})
		}()
		if after > 0 {
			select {
			case <-applied:
			case <-ctx.Done():
				s.report("Follow does not call apply")
			}
			s.put(s.Store, "a", fmt.Sprint(after))
		}
		if err := <-ended; err != errApply {
			s.report("Follow returns %v, want apply's error as it is", err)
		}
		if calls != after+1 {
			s.report("apply is called %d times after it has failed", calls-after-1)
		}
		cancel()
	}
}

func endsRefused(s *suite) {
	f := s.follow("")
	f.waitSynced()
	s.Refuse()
	if err := f.waitReturned(); err == nil || errors.Is(err, context.Canceled) {
		s.report("Follow returns %v, want why it is refused", err)
	}
}

// limitMargin is the number of bytes by which ValueLimit may be inexact.
const limitMargin = 1000

// writeLimit writes values just under the size limit, and above it.
func writeLimit(s *suite) {
	f := s.follow("")
	f.waitSynced()
	under := strings.Repeat("x", s.ValueLimit-limitMargin)
	f.waitRevision(s.put(s.Store, "a", under))
	ctx, cancel := s.patient()
	defer cancel()
	for _, size := range []int{s.ValueLimit + limitMargin, 4 * s.ValueLimit} {
		above := strings.Repeat("y", size)
		s.putFails(remote.ErrBadValue, ctx, s.Prefix+"a", above, remote.Condition{})
		s.putFails(remote.ErrBadValue, ctx, s.Prefix+"b", above, remote.At(0))
	}
	f.waitRevision(s.put(s.Store, "c", "1"))
	if f.value("a") != under {
		s.report("a value of %d bytes is followed as one of %d, or was replaced", len(under), len(f.value("a")))
	}
	if n := len(f.value("b")); n > 0 {
		s.report("Put fails, and writes a value of %d bytes", n)
	}
}
