package remotetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/eventvalue/event/remote"
)

// groups returns the suite.
func groups() []group {
	return []group{
		{"FirstState", []rule{
			{"Empty", firstEmpty, nil},
			{"Existing", firstExisting, nil},
			{"HasWhatWasWritten", firstIsNew, nil},
			{"ManyKeys", firstMany, nil},
		}},
		{"Scope", []rule{
			{"Prefix", scopePrefix, nil},
			{"Key", scopeKey, nil},
			{"RevisionKeepsUp", scopeRevision, nil},
			{"FirstRevision", scopeFirstRevision, nil},
		}},
		{"Changes", []rule{
			{"AreFollowed", changesFollowed, nil},
			{"HaveTheirRevisions", changesRevisions, nil},
			{"AnyBytes", changesBytes, nil},
			{"AreNotModified", changesUnmodified, nil},
			{"ForEachFollower", changesFollowers, nil},
			{"UnderLoad", changesLoad, nil},
		}},
		{"Truth", []rule{
			{"KeysThatAlwaysExist", truthAlways, nil},
			{"KeysThatAlwaysExistAfterFaults", truthAlwaysFaults, needs("Cut", "Compact")},
			{"EachChangeWasWritten", truthWritten, nil},
		}},
		{"Writes", []rule{
			{"OnlyIfAbsent", writeAbsent, nil},
			{"OnlyAtARevision", writeAt, nil},
			{"DeleteOnlyAtARevision", deleteAt, nil},
			{"DeleteWhatIsAbsent", deleteAbsent, nil},
			{"OneOfManyWins", writeRace, nil},
			{"EmptyKey", writeEmptyKey, nil},
			{"EndedContext", writeEnded, nil},
			{"AtTheSizeLimit", writeLimit, needs("ValueLimit")},
		}},
		{"Ends", []rule{
			{"WithItsContext", endsWithContext, nil},
			{"UnderAnEndedContext", endsAtOnce, nil},
			{"WithAppliesError", endsWithApply, nil},
			{"WhenRefused", endsRefused, needs("Refuse")},
			{"LeaveNothing", endsLeaveNothing, nil},
			{"LeaveNothingAfterACut", endsLeaveNothingCut, needs("Cut")},
		}},
		{"Faults", faults()},
	}
}

func firstEmpty(s *suite) {
	f := s.follow("")
	f.waitState("")
	s.put(s.Store, "a", "1")
	f.waitState("a=1")
}

func firstExisting(s *suite) {
	s.put(s.Store, "a", "1")
	s.put(s.Store, "b", "1")
	s.put(s.Store, "gone", "1")
	s.put(s.Store, "a", "2")
	last := s.remove(s.Store, "gone")
	first, revision := s.first()
	if got := format(s.Prefix, first); got != "a=2 b=1" {
		s.report("the first state is %q, want %q", got, "a=2 b=1")
	}
	if revision < last {
		s.report("the first state is of revision %d, the last write before of %d", revision, last)
	}
}

// first returns the first state that a Follow delivers.
func (s *suite) first() (state map[string]remote.Change, revision int64) {
	f := s.follow("")
	f.waitSynced()
	_ = f.stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mirror.first, f.mirror.firstRevision
}

// firstIsNew looks for a store whose first state is outdated.
func firstIsNew(s *suite) {
	for i := range 20 {
		want := fmt.Sprint("a=", i)
		s.put(s.Store, "a", fmt.Sprint(i))
		first, _ := s.first()
		if got := format(s.Prefix, first); got != want {
			s.report("the first state is %q, want %q, which had been written before", got, want)
		}
	}
}

func firstMany(s *suite) {
	for i := range s.Keys {
		s.put(s.Store, fmt.Sprintf("%06d", i), "x")
	}
	first, _ := s.first()
	if n := len(first); n != s.Keys {
		s.report("the first state has %d keys, want %d", n, s.Keys)
	}
}

func scopePrefix(s *suite) {
	s.put(s.Store, "a", "1")
	s.put(s.Store, "p", "1")
	f := s.follow("p")
	f.waitState("p=1")
	s.put(s.Store, "o", "1")
	s.put(s.Store, "q", "1")
	s.put(s.Store, "p\xff\xff", "2")
	s.remove(s.Store, "a")
	s.put(s.Store, "p/x", "3")
	f.waitState("p=1 p/x=3 p\xff\xff=2")
}

func scopeKey(s *suite) {
	s.put(s.Store, "key", "1")
	s.put(s.Store, "key/x", "1")
	f := s.followScope(remote.Key(s.Prefix + "key"))
	f.waitState("key=1")
	s.put(s.Store, "key/x", "2")
	s.put(s.Store, "ke", "2")
	s.remove(s.Store, "key")
	f.waitState("")
}

// scopeRevision writes only keys out of scope.
func scopeRevision(s *suite) {
	f := s.follow("p")
	f.waitSynced()
	f.waitRevision(s.put(s.Store, "q", "1"))
}

// scopeFirstRevision looks for a store whose first state does not have the
// revision of a write elsewhere that has returned.
func scopeFirstRevision(s *suite) {
	s.put(s.Store, "p", "1")
	last := s.put(s.Store, "q", "1")
	f := s.follow("p")
	f.waitSynced()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mirror.firstRevision < last {
		s.report("the first state is of revision %d, the last write before, elsewhere, of %d", f.mirror.firstRevision, last)
	}
}

func changesFollowed(s *suite) {
	f := s.follow("")
	f.waitSynced()
	s.put(s.Store, "a", "1")
	f.waitState("a=1")
	s.put(s.Store, "a", "2")
	s.put(s.Store, "b", "1")
	f.waitState("a=2 b=1")
	s.remove(s.Store, "a")
	f.waitState("b=1")
	s.put(s.Store, "a", "3")
	s.remove(s.Store, "b")
	f.waitState("a=3")
}

func changesRevisions(s *suite) {
	f := s.follow("")
	f.waitSynced()
	written := map[string]int64{}
	for _, key := range []string{"a", "b", "c"} {
		written[s.Prefix+key] = s.put(s.Store, key, "1")
	}
	last := s.remove(s.Store, "c")
	if a, c := written[s.Prefix+"a"], written[s.Prefix+"c"]; a >= c || c >= last {
		s.report("revisions do not grow: %d, %d, %d", a, c, last)
	}
	f.waitRevision(last)
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, c := range f.mirror.state {
		if c.Revision != written[key] {
			s.report("%q is at revision %d, Put returned %d", key, c.Revision, written[key])
		}
	}
	for _, c := range f.mirror.changes {
		if c.Deleted && c.Revision != last {
			s.report("%q was deleted at revision %d, Delete returned %d", c.Key, c.Revision, last)
		}
	}
}

func changesBytes(s *suite) {
	f := s.follow("")
	f.waitSynced()
	s.put(s.Store, "empty", "")
	s.put(s.Store, "zero\x00", "\x00\xff")
	f.waitState("empty= zero\x00=\x00\xff")
	_ = f.stop()
	s.follow("").waitState("empty= zero\x00=\x00\xff")
}

// changesUnmodified modifies the slice that it gave to Put, and checks that the
// Store neither keeps it nor modifies a slice that it has delivered.
func changesUnmodified(s *suite) {
	f := s.follow("")
	f.waitSynced()
	ctx, cancel := s.patient()
	defer cancel()
	for i := range 10 {
		val := []byte{byte('0' + i)}
		if _, err := s.Store.Put(ctx, s.Prefix+fmt.Sprint(i), val, remote.Condition{}); err != nil {
			s.fatal("Put: %v", err)
		}
		val[0] = 'x'
	}
	f.waitState("0=0 1=1 2=2 3=3 4=4 5=5 6=6 7=7 8=8 9=9")
}

func changesFollowers(s *suite) {
	s.put(s.Store, "a", "1")
	one, two := s.follow(""), s.follow("")
	one.waitSynced()
	two.waitSynced()
	if err := one.stop(); !errors.Is(err, context.Canceled) {
		s.report("Follow returns %v", err)
	}
	s.put(s.Store, "a", "2")
	two.waitState("a=2")
	three := s.follow("")
	three.waitState("a=2")
	s.remove(s.Store, "a")
	two.waitState("")
	three.waitState("")
}

// changesLoad has several goroutines write while several follow.
func changesLoad(s *suite) {
	followers := []*follower{s.follow(""), s.follow(""), s.follow("")}
	// The first follower gets all of the load as changes. The others may get a
	// part of it in their first state.
	followers[0].waitRevision(s.put(s.Store, "first", "1"))
	load(s, func(i, n int) {
		if key := fmt.Sprint(n % 5); n%7 == 0 {
			s.remove(s.Store, key)
		} else {
			s.put(s.Store, key, fmt.Sprintf("%d.%d", i, n))
		}
	})
	last := s.put(s.Store, "last", "1")
	late := s.follow("")
	late.waitRevision(last)
	late.mu.Lock()
	want := format(s.Prefix, late.mirror.state)
	late.mu.Unlock()
	for _, f := range followers {
		f.waitState(want)
	}
}
