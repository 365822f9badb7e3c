package remotetest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

// A broken store is a Fake with a bug.
type broken struct {
	*remotetest.Fake
	bug bug

	mu      sync.Mutex
	cancels []context.CancelFunc       // of all Follows
	late    []func(remote.Batch) error // apply, of Follows that have returned
	slices  map[string][]byte          // the slices given to Put
	slow    bool                       // the line is slow
	deaf    bool                       // the connections are half-open
	streams int                        // the number of open streams
}

// brokenLimit is the size of the largest value of a broken store.
const brokenLimit = 20_000

func newBroken(b bug) *broken {
	s := &broken{Fake: &remotetest.Fake{PieceSize: 2, ValueLimit: brokenLimit}, bug: b, slices: make(map[string][]byte)}
	if b == tooLargeWritten {
		s.ValueLimit = 0
	}
	return s
}

func (s *broken) harness() remotetest.Harness {
	h := remotetest.OfFake(s.Fake)
	h.Store, h.Patience = s, time.Second/2
	h.ValueLimit = brokenLimit
	h.Slow = func(rate int) {
		s.set(&s.slow, rate > 0)
		s.Fake.Slow(rate)
	}
	h.HalfOpen = func() {
		s.set(&s.deaf, true)
		s.Fake.HalfOpen()
	}
	h.Open = func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.streams
	}
	return h
}

// set sets a field.
func (s *broken) set(field *bool, to bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*field = to
}

// is returns a field.
func (s *broken) is(field *bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *field
}

func (s *broken) Put(ctx context.Context, key string, value []byte, cond remote.Condition) (int64, error) {
	switch s.bug {
	case ignoresCondition:
		cond = remote.Condition{}
	case ignoresAbsent:
		if revision, ok := cond.Revision(); ok && revision == 0 {
			cond = remote.Condition{}
		}
	case checksThenWrites:
		if !cond.Holds(s.revision(key)) {
			return 0, remote.ErrConflict
		}
		time.Sleep(time.Millisecond)
		cond = remote.Condition{}
	case takesEmptyKey:
		if key == "" {
			return 1, nil
		}
	case writesEnded:
		ctx = context.WithoutCancel(ctx)
	case failsButWrites:
		_, err := s.Direct().Put(ctx, key, value, cond)
		return 0, errors.Join(errors.New("unavailable"), err)
	case keepsSlice:
		s.mu.Lock()
		s.slices[key] = value
		s.mu.Unlock()
	case appliesLate:
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, apply := range s.late {
			_ = apply(remote.Batch{Broken: errors.New("late")})
		}
	case tooLargeUnknown, tooLargeWritten:
		if len(value) > brokenLimit {
			return 0, s.putTooLarge(ctx, key, value, cond)
		}
	case repeatsWrite, plainLostAnswer:
		return s.putAgain(ctx, key, value, cond)
	}
	return s.Fake.Put(ctx, key, value, cond)
}

// putTooLarge writes a value that is too large.
func (s *broken) putTooLarge(ctx context.Context, key string, value []byte, cond remote.Condition) error {
	_, err := s.Fake.Put(ctx, key, value, cond)
	if s.bug == tooLargeUnknown {
		return remote.Unknown(errors.New("too large"))
	}
	return errors.Join(remote.ErrBadValue, err)
}

// putAgain writes, and mistreats the error of an unknown outcome.
func (s *broken) putAgain(ctx context.Context, key string, value []byte, cond remote.Condition) (int64, error) {
	revision, err := s.Fake.Put(ctx, key, value, cond)
	switch {
	case !errors.Is(err, remote.ErrUnknownOutcome):
		return revision, err
	case s.bug == plainLostAnswer:
		return 0, errors.New("no answer")
	}
	return s.Direct().Put(ctx, key, value, cond)
}

func (s *broken) Delete(ctx context.Context, key string, cond remote.Condition) (int64, error) {
	switch s.bug {
	case deletesAnyway:
		cond = remote.Condition{}
	case deletesNothing:
		if s.revision(key) == 0 {
			_, _ = s.Fake.Put(ctx, key, nil, remote.Condition{})
		}
	}
	return s.Fake.Delete(ctx, key, cond)
}

// revision returns the revision of key, or 0 if key is absent.
func (s *broken) revision(key string) int64 {
	all, _ := s.Content()
	for _, c := range all {
		if c.Key == key {
			return c.Revision
		}
	}
	return 0
}

func (s *broken) Follow(ctx context.Context, scope remote.Scope, apply func(remote.Batch) error) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	s.mu.Lock()
	s.cancels = append(s.cancels, cancel)
	s.streams++
	s.mu.Unlock()
	switch s.bug {
	case leaksGoroutine:
		go func() { select {} }()
	case ignoresScope:
		scope = remote.Prefix("")
	case prefixOfKey:
		scope = remote.Prefix(scope.Prefix())
	case ignoresEnded:
		if ctx.Err() != nil {
			return nil
		}
	}
	t := &distorter{s: s, apply: apply}
	return s.ends(ctx, t, s.Fake.Follow(inner, scope, t.applyDistorted))
}

// ends returns the result of a Follow that fails with err.
func (s *broken) ends(ctx context.Context, t *distorter, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bug != leaksStream && (s.bug != leaksStreamInCut || !t.cut) {
		s.streams--
	}
	switch s.bug {
	case endsAll:
		for _, cancel := range s.cancels {
			cancel()
		}
	case returnsNil:
		if ctx.Err() != nil {
			return nil
		}
	case appliesLate:
		s.late = append(s.late, t.apply)
	case wrapsError:
		return fmt.Errorf("broken: %w", err)
	case neverEnds:
		<-ctx.Done()
		return ctx.Err()
	case deafWhileCut:
		if t.cut {
			select {}
		}
	}
	return err
}

// A distorter passes the batches of a Follow to apply, distorted by the bug.
type distorter struct {
	s       *broken
	apply   func(remote.Batch) error
	cut     bool // the last batch had Broken
	missed  bool // the changes during the cut must still be dropped
	known   bool // the first full state has arrived
	full    bool // a later full state is arriving
	inFull  bool // a full state is arriving
	ignored bool // an error was ignored
	last    int64
}

func (t *distorter) applyDistorted(b remote.Batch) error {
	if t.s.bug == deafOnHalfOpen && t.s.is(&t.s.deaf) {
		return nil
	}
	if b.Broken != nil {
		t.cut, t.missed = true, true
		if t.s.bug == silentCut {
			return nil
		}
		if t.s.bug == cutEndsFollow {
			return b.Broken
		}
		return t.apply(b)
	}
	if t.s.bug == givesUpSlowLine && t.s.is(&t.s.slow) && len(b.Changes) > 0 {
		return t.apply(remote.Batch{Broken: errors.New("too slow")})
	}
	t.cut = false
	t.full = t.known && (b.Full || t.full)
	b.Changes = slices.Clone(b.Changes)
	err := t.distortAndApply(b)
	if !b.More {
		t.known, t.full, t.last = true, false, b.Revision
	}
	if err != nil && t.s.bug == ignoresError && !t.ignored {
		t.ignored = true
		return nil
	}
	return err
}

// distortAndApply applies b as the bug distorts it.
func (t *distorter) distortAndApply(b remote.Batch) error {
	skip := false
	switch t.s.bug {
	case neverWhole:
		b.Full = false
	case neverConcluded:
		b.More = true
	case dropsPieces:
		skip = b.More && !b.Full
	case revisionOfScope:
		if !t.known && len(b.Changes) > 0 {
			b.Revision = 0
			for _, c := range b.Changes {
				b.Revision = max(b.Revision, c.Revision)
			}
		}
	case noProgress:
		skip = !b.Full && !b.More && len(b.Changes) == 0
	case skipsCut:
		if t.missed && !b.More {
			b.Changes, t.missed = nil, false
		}
	case undeclaredReset:
		b.Full = b.Full && !t.full
	case missesReset:
		skip = t.full
	case onlyNewer:
		if t.full {
			b.Full = false
			b.Changes = slices.DeleteFunc(b.Changes, func(c remote.Change) bool { return c.Revision <= t.last })
			slices.SortFunc(b.Changes, func(a, b remote.Change) int { return int(a.Revision - b.Revision) })
		}
	case reorders:
		if t.known {
			slices.Reverse(b.Changes)
		}
	case startsEmpty:
		if !t.known {
			b.Changes = nil
		}
	case lacksRewritten:
		t.dropRewritten(&b)
	case inventsDeletion, inventsValue, inventsRevision:
		if !b.Full && !b.More {
			t.invent(b.Changes)
		}
	case startsOld:
		if !t.known && len(b.Changes) == 1 {
			return t.twice(b)
		}
	default:
		t.distortChanges(&b)
	}
	if skip {
		return nil
	}
	err := t.apply(b)
	if err == nil && t.s.bug == repeats && t.known && len(b.Changes) > 0 {
		err = t.apply(b)
	}
	return err
}

// distortChanges distorts single changes of b.
func (t *distorter) distortChanges(b *remote.Batch) {
	switch t.s.bug {
	case dropsDeletions:
		b.Changes = slices.DeleteFunc(b.Changes, func(c remote.Change) bool { return c.Deleted })
	case wrongRevision:
		b.Revision++
	}
	for i := range b.Changes {
		c := &b.Changes[i]
		switch t.s.bug {
		case cutsValueShort:
			c.Value = c.Value[:min(len(c.Value), brokenLimit/2)]
		case wrongRevision:
			c.Revision++
		case emptyIsDeleted:
			if c.Deleted = c.Deleted || len(c.Value) == 0; c.Deleted {
				c.Value = nil
			}
		case keepsSlice:
			t.s.mu.Lock()
			c.Value = t.s.slices[c.Key]
			t.s.mu.Unlock()
		}
	}
}

// twice applies a state from before b, and then b.
func (t *distorter) twice(b remote.Batch) error {
	old := b
	old.Changes = slices.Clone(b.Changes)
	old.Changes[0].Value = []byte("old")
	old.Changes[0].Revision--
	old.Revision--
	if err := t.apply(old); err != nil {
		return err
	}
	b.Full = false
	return t.apply(b)
}

// dropRewritten waits a moment, and removes from a full state what is rewritten
// by then.
func (t *distorter) dropRewritten(b *remote.Batch) {
	if b.Full {
		t.inFull = true
		time.Sleep(time.Millisecond)
	}
	if t.inFull {
		written := make(map[string]int64)
		all, _ := t.s.Content()
		for _, c := range all {
			written[c.Key] = c.Revision
		}
		b.Changes = slices.DeleteFunc(b.Changes, func(c remote.Change) bool { return written[c.Key] > c.Revision })
	}
	t.inFull = t.inFull && b.More
}

// invent falsifies the first write that a later write supersedes.
func (t *distorter) invent(changes []remote.Change) {
	for i, c := range changes {
		supersedes := func(later remote.Change) bool { return later.Key == c.Key && !later.Deleted }
		if c.Deleted || !slices.ContainsFunc(changes[i+1:], supersedes) {
			continue
		}
		switch t.s.bug {
		case inventsDeletion:
			changes[i].Deleted, changes[i].Value = true, nil
		case inventsValue:
			changes[i].Value = []byte("invented")
		case inventsRevision:
			changes[i].Revision = changes[i+1].Revision
		}
		return
	}
}
