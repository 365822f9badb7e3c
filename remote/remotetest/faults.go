package remotetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventvalue/event/remote"
)

func faults() []rule {
	return []rule{
		{"CutIsReported", cutReported, needs("Cut")},
		{"CutLosesNothing", cutLosesNothing, needs("Cut")},
		{"CutFromTheStart", cutFromTheStart, needs("Cut")},
		{"CutAgainAndAgain", cutAgain, needs("Cut")},
		{"EndsWhileCut", cutEnds, needs("Cut")},
		{"WritesWhileCut", cutWrites, needs("Cut")},
		{"LostAnswers", lostAnswers, needs("LoseAnswer")},
		{"HalfOpen", halfOpen, needs("HalfOpen")},
		{"SlowValue", slowValue, needs("Slow")},
		{"SlowFirstState", slowFirst, needs("Slow")},
		{"SlowHistory", slowHistory, needs("Slow", "Cut")},
		{"Compaction", compaction, needs("Compact")},
		{"CompactionWhileCut", compactionWhileCut, needs("Cut", "Compact")},
		{"CompactionOfManyKeys", compactionOfMany, needs("Cut", "Compact")},
		{"Restart", restarts, needs("Restart")},
		{"Reset", resets, needs("Save")},
		{"ResetToTheSameRevision", resetsUnnoticed, needs("Save")},
		{"ResetWhileCut", resetsWhileCut, needs("Save", "Cut")},
	}
}

func cutReported(s *suite) {
	f := s.follow("")
	f.waitSynced()
	s.Cut()
	f.waitBroken(1)
	s.Heal()
	f.waitConnected()
}

func cutLosesNothing(s *suite) {
	for _, key := range []string{"a", "b", "c"} {
		s.put(s.Store, key, "1")
	}
	f := s.follow("")
	f.waitState("a=1 b=1 c=1")
	s.Cut()
	s.put(s.Direct, "a", "2")
	s.remove(s.Direct, "b")
	s.put(s.Direct, "d", "1")
	s.put(s.Direct, "brief", "1")
	s.remove(s.Direct, "brief")
	f.waitBroken(1)
	s.put(s.Direct, "a", "3")
	s.Heal()
	f.waitState("a=3 c=1 d=1")
	f.waitRevision(s.put(s.Store, "e", "1"))
	f.waitState("a=3 c=1 d=1 e=1")
}

// cutFromTheStart checks that the first state waits for the connection.
func cutFromTheStart(s *suite) {
	s.put(s.Store, "a", "1")
	s.Cut()
	f := s.follow("")
	f.waitBroken(1)
	s.put(s.Direct, "a", "2")
	s.Heal()
	f.waitState("a=2")
}

// cutAgain cuts the connection while several goroutines write.
func cutAgain(s *suite) {
	f := s.follow("")
	f.waitSynced()
	for round := range 3 {
		s.Cut()
		f.waitBroken(round + 1)
		load(s, func(i, n int) {
			key := fmt.Sprint(i, "/", n%5)
			if n%7 == 0 {
				s.remove(s.Direct, key)
			} else {
				s.put(s.Direct, key, fmt.Sprint(round, n))
			}
		})
		s.Heal()
		load(s, func(i, n int) { s.put(s.Direct, fmt.Sprint(i, "/", n%4), fmt.Sprint(round, "+", n)) })
		f.waitConnected()
	}
	last := s.put(s.Direct, "last", "1")
	f.waitRevision(last)
	late := s.follow("")
	late.waitRevision(last)
	late.mu.Lock()
	want := format(s.Prefix, late.mirror.state)
	late.mu.Unlock()
	f.waitState(want)
}

func cutEnds(s *suite) {
	f := s.follow("")
	f.waitSynced()
	s.Cut()
	f.waitBroken(1)
	if err := f.stop(); !errors.Is(err, context.Canceled) {
		s.report("Follow returns %v, want its context's error", err)
	}
	s.Heal()
}

// cutWrites writes while the connection is cut, and checks that the error of
// the write is true.
func cutWrites(s *suite) {
	s.Cut()
	err := s.putDisturbed("a")
	s.Heal()
	f := s.follow("")
	f.waitRevision(s.put(s.Direct, "b", "1"))
	f.checkOutcome("a", err)
}

// putDisturbed writes to Store during a fault, and returns the error.
func (s *suite) putDisturbed(key string) error {
	ctx, cancel := context.WithTimeout(s.ctx, s.Patience/10)
	defer cancel()
	_, err := s.Store.Put(ctx, s.Prefix+key, []byte("1"), remote.Condition{})
	return err
}

// checkOutcome checks that err, which putDisturbed has returned, is true.
func (f *follower) checkOutcome(key string, err error) {
	f.s.t.Helper()
	done := f.value(key) != ""
	if done != (err == nil) && !errors.Is(err, remote.ErrUnknownOutcome) {
		f.s.report("Put returns %v; is it done: %t", err, done)
	}
}

func compaction(s *suite) {
	s.put(s.Store, "a", "1")
	f := s.follow("")
	f.waitState("a=1")
	s.put(s.Store, "a", "2")
	s.Compact()
	s.put(s.Store, "b", "1")
	f.waitState("a=2 b=1")
	s.follow("").waitState("a=2 b=1")
}

func compactionWhileCut(s *suite) {
	for _, key := range []string{"a", "b", "c"} {
		s.put(s.Store, key, "1")
	}
	f := s.follow("")
	f.waitState("a=1 b=1 c=1")
	s.Cut()
	f.waitBroken(1)
	s.remove(s.Direct, "a")
	s.put(s.Direct, "b", "2")
	s.put(s.Direct, "d", "1")
	s.Compact()
	s.put(s.Direct, "e", "1")
	s.Heal()
	f.waitState("b=2 c=1 d=1 e=1")
	s.put(s.Store, "f", "1")
	f.waitState("b=2 c=1 d=1 e=1 f=1")
}

// compactionOfMany makes the store send a large state again.
func compactionOfMany(s *suite) {
	for i := range s.Keys {
		s.put(s.Store, fmt.Sprintf("%06d", i), "1")
	}
	f := s.follow("")
	f.until("all keys", func(m *mirror) bool { return len(m.state) == s.Keys })
	s.Cut()
	f.waitBroken(1)
	for i := range s.Keys / 2 {
		s.remove(s.Direct, fmt.Sprintf("%06d", 2*i))
	}
	s.Compact()
	s.Heal()
	f.until("the other half of the keys", func(m *mirror) bool { return len(m.state) == s.Keys-s.Keys/2 })
}

func restarts(s *suite) {
	s.put(s.Store, "a", "1")
	last := s.put(s.Store, "b", "1")
	f := s.follow("")
	f.waitState("a=1 b=1")
	s.Restart()
	if next := s.put(s.Direct, "b", "2"); next <= last {
		s.report("the revision is %d after a restart, and was %d before", next, last)
	}
	s.remove(s.Direct, "a")
	f.waitState("b=2")
	s.follow("").waitState("b=2")
}

func resets(s *suite) {
	s.put(s.Store, "a", "1")
	s.put(s.Store, "b", "1")
	restore := s.Save()
	s.put(s.Store, "b", "2")
	s.remove(s.Store, "a")
	last := s.put(s.Store, "c", "1")
	f := s.follow("")
	f.waitState("b=2 c=1")
	restore()
	f.waitState("a=1 b=1")
	if next := s.put(s.Direct, "d", "1"); next > last {
		s.fatal("the revision is %d after a reset, and was %d before: that is none", next, last)
	}
	f.waitState("a=1 b=1 d=1")
	s.remove(s.Direct, "a")
	f.waitState("b=1 d=1")
}

// resetsUnnoticed brings the store to the same revision again by other writes.
func resetsUnnoticed(s *suite) {
	s.put(s.Store, "a", "1")
	restore := s.Save()
	before := s.put(s.Store, "b", "before")
	f := s.follow("")
	f.waitState("a=1 b=before")
	restore()
	f.waitState("a=1")
	for s.put(s.Direct, "c", "after") < before+1 {
	}
	f.waitState("a=1 c=after")
	s.follow("").waitState("a=1 c=after")
}

func resetsWhileCut(s *suite) {
	s.put(s.Store, "a", "1")
	restore := s.Save()
	s.put(s.Store, "a", "2")
	s.put(s.Store, "b", "2")
	f := s.follow("")
	f.waitState("a=2 b=2")
	s.Cut()
	f.waitBroken(1)
	restore()
	s.put(s.Direct, "c", "3")
	s.Heal()
	f.waitState("a=1 c=3")
}
