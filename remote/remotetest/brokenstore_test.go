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
}

func newBroken(b bug) *broken {
	return &broken{Fake: &remotetest.Fake{PieceSize: 2}, bug: b, slices: make(map[string][]byte)}
}

func (s *broken) harness() remotetest.Harness {
	h := remotetest.OfFake(s.Fake)
	h.Store, h.Patience = s, time.Second/2
	return h
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
	}
	return s.Fake.Put(ctx, key, value, cond)
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
	s.mu.Unlock()
	switch s.bug {
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
	ignored bool // an error was ignored
	last    int64
}

func (t *distorter) applyDistorted(b remote.Batch) error {
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
