package remotetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
)

// A Fake is a [remote.Store] in memory, to which can be done what happens to real ones. The zero
// Fake is empty, at revision 0, and ready. It must not be copied. All methods may be called
// concurrently; none but Follow waits.
type Fake struct {
	// PieceSize, if it is not 0, is how many keys a batch has at most in a whole state,
	// which then comes in pieces. Set it before use.
	PieceSize int

	pulse event.MemoryValue[struct{}] // that something is not as before

	mu      sync.Mutex
	content content
	history []remote.Change // what came after the revision compacted
	// compacted is the revision up to which history is forgotten.
	compacted int64
	epoch     int   // counts resets
	breaks    int   // counts the times that all connections broke
	cut       error // why there is no connection now
	refused   error // why there never will be
	loseNext  error // why the next write's answer is to be lost
}

// content is what is in the store. Neither it nor a slice in it is modified once
// it has been handed out.
type content struct {
	revision int64
	keys     map[string]remote.Change
}

var (
	errCut     = errors.New("remotetest: cut")
	errRefused = errors.New("remotetest: refused")
)

// Cut breaks all connections until Heal: followers hear reason, and writes fail with
// [remote.ErrUnknownOutcome], not having been done. Use Direct to write meanwhile.
func (f *Fake) Cut(reason error) {
	f.change(func() { f.cut = reason })
}

// Heal ends a Cut. Followers go on where they were, or with the whole state if what came
// in between has been compacted.
func (f *Fake) Heal() {
	f.change(func() { f.cut = nil })
}

// Compact forgets the history.
func (f *Fake) Compact() {
	f.change(func() { f.history, f.compacted = nil, f.content.revision })
}

// Restart breaks all connections for a moment. What is in the store stays.
func (f *Fake) Restart() {
	f.change(func() { f.breaks++ })
}

// Save makes a backup. To restore it is a reset: the store is then as it was, at the
// revision at which it was, and goes on counting from there.
func (f *Fake) Save() (restore func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	saved := content{f.content.revision, maps.Clone(f.content.keys)}
	return func() {
		f.change(func() {
			f.content = content{saved.revision, maps.Clone(saved.keys)}
			f.history, f.compacted = nil, saved.revision
			f.epoch++
			f.breaks++
		})
	}
}

// Refuse makes every Follow, and every write from now on, fail with reason for good.
func (f *Fake) Refuse(reason error) {
	f.change(func() { f.refused = reason })
}

// LoseAnswer makes the next write that is done fail with [remote.ErrUnknownOutcome] and reason all the same.
func (f *Fake) LoseAnswer(reason error) {
	f.change(func() { f.loseNext = reason })
}

// Content returns what is in the store, ordered by key, and its revision.
func (f *Fake) Content() ([]remote.Change, int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.content.all(remote.Prefix("")), f.content.revision
}

func (f *Fake) change(do func()) {
	f.mu.Lock()
	do()
	f.mu.Unlock()
	f.pulse.Set(struct{}{})
}

// Put implements [remote.Store].
func (f *Fake) Put(ctx context.Context, key string, value []byte, cond remote.Condition) (int64, error) {
	return f.write(ctx, remote.Change{Key: key, Value: bytes.Clone(value)}, cond, false)
}

// Delete implements [remote.Store].
func (f *Fake) Delete(ctx context.Context, key string, cond remote.Condition) (int64, error) {
	return f.write(ctx, remote.Change{Key: key, Deleted: true}, cond, false)
}

// Direct returns the store by a connection that Cut leaves alone.
func (f *Fake) Direct() remote.Store { return direct{f} }

type direct struct{ *Fake }

func (d direct) Put(ctx context.Context, key string, value []byte, cond remote.Condition) (int64, error) {
	return d.write(ctx, remote.Change{Key: key, Value: bytes.Clone(value)}, cond, true)
}

func (d direct) Delete(ctx context.Context, key string, cond remote.Condition) (int64, error) {
	return d.write(ctx, remote.Change{Key: key, Deleted: true}, cond, true)
}

func (f *Fake) write(ctx context.Context, c remote.Change, cond remote.Condition, uncut bool) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := remote.CheckKey(c.Key); err != nil {
		return 0, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	old, there := f.content.keys[c.Key]
	switch {
	case f.refused != nil:
		return 0, f.refused
	case f.cut != nil && !uncut:
		return 0, remote.Unknown(f.cut)
	case !cond.Holds(old.Revision):
		return 0, remote.ErrConflict
	case c.Deleted && !there:
		return f.content.revision, nil
	}
	f.content.revision++
	c.Revision = f.content.revision
	if c.Deleted {
		delete(f.content.keys, c.Key)
	} else {
		if f.content.keys == nil {
			f.content.keys = make(map[string]remote.Change)
		}
		f.content.keys[c.Key] = c
	}
	f.history = append(f.history, c)
	f.pulse.Set(struct{}{})
	if lost := f.loseNext; lost != nil {
		f.loseNext = nil
		return 0, remote.Unknown(lost)
	}
	return c.Revision, nil
}

// all returns what is in scope, ordered by key.
func (c content) all(scope remote.Scope) (all []remote.Change) {
	for key, change := range c.keys {
		if scope.Contains(key) {
			all = append(all, change)
		}
	}
	slices.SortFunc(all, func(a, b remote.Change) int { return cmp.Compare(a.Key, b.Key) })
	return all
}
