package remotetest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/eventvalue/event/remote"
)

// lostAnswers loses the answers to writes, and checks that the errors are true
// and that no write is repeated.
func lostAnswers(s *suite) {
	f := s.follow("")
	f.waitSynced()
	put := func(val string, cond remote.Condition) func(context.Context) (int64, error) {
		return func(ctx context.Context) (int64, error) {
			return s.Store.Put(ctx, s.Prefix+"a", []byte(val), cond)
		}
	}
	s.answerIsLost(put("1", remote.At(0)))
	f.waitState("a=1")
	s.conflicts(put("1", remote.At(0)))
	s.answerIsLost(put("2", remote.Condition{}))
	f.waitState("a=2")
	f.mu.Lock()
	written := f.mirror.state[s.Prefix+"a"].Revision
	f.mu.Unlock()
	remove := func(ctx context.Context) (int64, error) {
		return s.Store.Delete(ctx, s.Prefix+"a", remote.At(written))
	}
	s.answerIsLost(remove)
	f.waitState("")
	s.conflicts(remove)
}

// answerIsLost calls write, which must not know its outcome.
func (s *suite) answerIsLost(write func(context.Context) (int64, error)) {
	s.t.Helper()
	s.put(s.Store, "a connection", "1") // A request without a connection may not be sent.
	s.remove(s.Store, "a connection")
	s.LoseAnswer()
	defer s.Heal()
	ctx, cancel := context.WithTimeout(s.ctx, s.Patience/20)
	defer cancel()
	if _, err := write(ctx); !errors.Is(err, remote.ErrUnknownOutcome) {
		s.report("a write whose answer is lost returns %v, want %v", err, remote.ErrUnknownOutcome)
	}
}

// conflicts repeats a write that was done.
func (s *suite) conflicts(write func(context.Context) (int64, error)) {
	s.t.Helper()
	ctx, cancel := s.patient()
	defer cancel()
	if _, err := write(ctx); !errors.Is(err, remote.ErrConflict) {
		s.report("the second attempt of a write that was done returns %v, want %v", err, remote.ErrConflict)
	}
}

// halfOpen writes on a connection on which nothing passes, and checks that a
// follower on the same connection continues.
func halfOpen(s *suite) {
	s.put(s.Store, "a", "1")
	s.put(s.Store, "b", "1")
	f := s.follow("")
	f.waitState("a=1 b=1")
	s.HalfOpen()
	s.put(s.Direct, "a", "2")
	s.remove(s.Direct, "b")
	err := s.putDisturbed("c")
	f.waitBroken(1)
	f.waitRevision(s.put(s.Direct, "d", "1"))
	f.waitConnected()
	if f.value("a") != "2" || f.value("b") != "" {
		s.report("after a half-open connection a=%q b=%q", f.value("a"), f.value("b"))
	}
	f.checkOutcome("c", err)
}

// slowly makes so many bytes arrive in a fortieth of Patience.
func (s *suite) slowly(bytes int) {
	s.Slow(int(float64(bytes) / (s.Patience / 40).Seconds()))
}

// slowSize returns the number of bytes that arrive slowly.
func (s *suite) slowSize() int {
	if s.ValueLimit == 0 {
		return 100_000
	}
	return min(100_000, s.ValueLimit-limitMargin)
}

// slowParts is the number of values that arrive slowly.
const slowParts = 20

func slowValue(s *suite) {
	f := s.follow("")
	f.waitSynced()
	val := strings.Repeat("x", s.slowSize())
	s.slowly(len(val))
	f.waitRevision(s.put(s.Store, "a", val))
	s.Slow(0)
	if n := len(f.value("a")); n != len(val) {
		s.report("a value of %d bytes has %d", len(val), n)
	}
}

func slowFirst(s *suite) {
	for i := range slowParts {
		s.put(s.Store, fmt.Sprint(i), strings.Repeat("x", s.slowSize()/slowParts))
	}
	s.slowly(s.slowSize())
	f := s.follow("")
	f.until("all keys", func(m *mirror) bool { return len(m.state) == slowParts })
	s.Slow(0)
}

// slowHistory writes one key often while the connection is cut.
func slowHistory(s *suite) {
	f := s.follow("")
	f.waitSynced()
	s.Cut()
	f.waitBroken(1)
	var last int64
	for range slowParts {
		last = s.put(s.Direct, "a", strings.Repeat("x", s.slowSize()/slowParts))
	}
	s.slowly(s.slowSize())
	s.Heal()
	f.waitRevision(last)
	s.Slow(0)
}
