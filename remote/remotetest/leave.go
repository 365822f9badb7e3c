package remotetest

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/eventvalue/event/remote"
)

// shortFollows is the number of Follows after which the suite counts what they
// have left behind.
const shortFollows = 100

// endsLeaveNothing ends Follows at all stages.
func endsLeaveNothing(s *suite) {
	s.put(s.Store, "a", "1")
	for i := range 8 { // What all Follows share is there after the first ones.
		s.followBriefly(i)
	}
	before := s.holding()
	for i := range shortFollows {
		s.followBriefly(i)
	}
	s.checkReleased(before)
}

// followBriefly runs a Follow that ends in the i-th of several ways.
func (s *suite) followBriefly(i int) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	err := context.Canceled
	apply := func(remote.Batch) error { return nil }
	switch i % 4 {
	case 0: // at any moment
		time.AfterFunc(time.Duration(i)*50*time.Microsecond, cancel)
	case 1: // with the first batch
		apply = func(remote.Batch) error { cancel(); return nil }
	case 2: // by an error of apply
		err, apply = errApply, func(remote.Batch) error { return errApply }
	case 3: // when the state is complete
		apply = func(b remote.Batch) error {
			if b.Broken == nil && !b.More {
				cancel()
			}
			return nil
		}
	}
	if got := s.Store.Follow(ctx, remote.Prefix(s.Prefix), apply); !errors.Is(got, err) {
		s.report("Follow returns %v, want %v", got, err)
	}
}

// endsLeaveNothingCut ends Follows while the connection is cut.
func endsLeaveNothingCut(s *suite) {
	s.followBriefly(3)
	before := s.holding()
	followers := make([]*follower, shortFollows/5)
	for i := range followers {
		followers[i] = s.follow("")
		if i%2 == 0 {
			followers[i].waitSynced()
		}
	}
	s.Cut()
	for _, f := range followers {
		f.waitBroken(1)
		_ = f.stop()
	}
	s.Heal()
	s.followBriefly(3)
	s.checkReleased(before)
}

// A holding is what all Follows hold.
type holding struct {
	open       int
	goroutines []string // stacks
}

func (s *suite) holding() (h holding) {
	if s.Open != nil {
		h.open = s.Open()
	}
	for _, g := range stacks() {
		if s.Goroutine == nil || s.Goroutine(g) {
			h.goroutines = append(h.goroutines, g)
		}
	}
	return h
}

// stacks returns the stacks of all goroutines.
func stacks() []string {
	for size := 1 << 20; ; size *= 2 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, true); n < size {
			return strings.Split(string(buf[:n]), "\n\n")
		}
	}
}

// checkReleased waits until Follows hold at most as much as before.
func (s *suite) checkReleased(before holding) {
	s.t.Helper()
	for end := time.Now().Add(s.Patience); ; time.Sleep(10 * time.Millisecond) {
		now := s.holding()
		if now.open <= before.open && len(now.goroutines) <= len(before.goroutines) {
			return
		}
		if time.Now().After(end) {
			s.report("Follows that have returned hold %d goroutines and %d resources more than before\n%s",
				len(now.goroutines)-len(before.goroutines), now.open-before.open, now.newStack(before))
			return
		}
	}
}

// newStack returns the stack of one goroutine that is not in before, or "".
func (h holding) newStack(before holding) string {
	id := func(g string) string { // as in "goroutine 7 [select]:"
		id, _, _ := strings.Cut(g, " [")
		return id
	}
	for _, g := range h.goroutines {
		if !slices.ContainsFunc(before.goroutines, func(old string) bool { return id(old) == id(g) }) {
			return g
		}
	}
	return ""
}
