package remotetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
)

// A Fake is a [remote.Store] in memory. Its methods cause the faults of a real
// store. The zero Fake is empty, at revision 0, and ready to use. A Fake must
// not be copied. All methods may be called concurrently. Only Follow waits.
type Fake struct {
	// PieceSize, if it is not 0, is the greatest number of keys in a batch of a
	// full state. A larger state is sent in pieces. Set it before use.
	PieceSize int
	// ValueLimit, if it is not 0, is the size of the largest value. A write of a
	// larger one fails with [remote.ErrBadValue]. Set it before use.
	ValueLimit int

	notifier event.MemoryValue[struct{}] // set after each change

	mu      sync.Mutex
	content content
	history []remote.Change // changes after the revision compacted
	// compacted is the revision up to which the history is discarded.
	compacted  int64
	resets     int   // counts resets
	breaks     int   // counts the breaks of all connections
	halfOpens  int   // counts the calls of HalfOpen
	cut        error // the reason of Cut until Heal, or nil
	refused    error // the reason of Refuse, or nil
	lostAnswer error // the reason of LoseAnswer until the next write, or nil
	rate       int   // bytes per second, or 0 for no limit
	follows    int   // counts the Follows in progress
}

// content is the content of the store. A change or a slice in it is not
// modified once it has been returned.
type content struct {
	revision int64
	keys     map[string]remote.Change
}

var (
	errCut        = errors.New("remotetest: cut")
	errRefused    = errors.New("remotetest: refused")
	errLostAnswer = errors.New("remotetest: the answer is lost")
)

// Cut breaks all connections until Heal. Followers get reason, and writes fail
// with [remote.ErrUnknownOutcome] without being done. Use Direct to write in
// the meantime. If reason is nil, Cut uses an error of this package.
func (f *Fake) Cut(reason error) {
	if reason == nil {
		reason = errCut
	}
	f.update(func() { f.cut = reason })
}

// Heal ends a Cut. Followers continue where they were. If the history since
// then was compacted, they continue with the full state.
func (f *Fake) Heal() {
	f.update(func() { f.cut = nil })
}

// Compact discards the history.
func (f *Fake) Compact() {
	f.update(func() { f.history, f.compacted = nil, f.content.revision })
}

// Restart breaks all connections for a moment. The content stays.
func (f *Fake) Restart() {
	f.update(func() { f.breaks++ })
}

// Save makes a backup. The function restore resets the store to the backup: its
// content and its revision are as they were, and later writes count from there.
func (f *Fake) Save() (restore func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	saved := content{f.content.revision, maps.Clone(f.content.keys)}
	return func() {
		f.update(func() {
			f.content = content{saved.revision, maps.Clone(saved.keys)}
			f.history, f.compacted = nil, saved.revision
			f.resets++
			f.breaks++
		})
	}
}

// Refuse makes every Follow, and every later write, fail with reason for good.
// If reason is nil, Refuse uses an error of this package.
func (f *Fake) Refuse(reason error) {
	if reason == nil {
		reason = errRefused
	}
	f.update(func() { f.refused = reason })
}

// LoseAnswer makes the next successful write return [remote.ErrUnknownOutcome]
// and reason, although it is done. A write by Direct keeps its answer. If reason
// is nil, LoseAnswer uses an error of this package.
func (f *Fake) LoseAnswer(reason error) {
	if reason == nil {
		reason = errLostAnswer
	}
	f.update(func() { f.lostAnswer = reason })
}

// HalfOpen makes the connections of all present Follows half-open: nothing
// arrives any more. Each of these Follows notices the silence after 50
// milliseconds, reports it, and continues on a new connection. Later Follows and
// all writes have new connections.
func (f *Fake) HalfOpen() {
	f.update(func() { f.halfOpens++ })
}

// Slow makes each Follow receive at most bytesPerSecond. Only keys and values
// count. What a fault interrupts is sent again. With 0 there is no limit.
func (f *Fake) Slow(bytesPerSecond int) {
	f.update(func() { f.rate = bytesPerSecond })
}

// Follows returns the number of Follows in progress.
func (f *Fake) Follows() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.follows
}

// Content returns the content of the store, ordered by key, and its revision.
func (f *Fake) Content() ([]remote.Change, int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.content.all(remote.Prefix("")), f.content.revision
}

// update calls do under mu, and notifies the followers.
func (f *Fake) update(do func()) {
	f.mu.Lock()
	do()
	f.mu.Unlock()
	f.notifier.Set(struct{}{})
}

// Put implements [remote.Store].
func (f *Fake) Put(ctx context.Context, key string, value []byte, cond remote.Condition) (int64, error) {
	return f.write(ctx, remote.Change{Key: key, Value: bytes.Clone(value)}, cond, false)
}

// Delete implements [remote.Store].
func (f *Fake) Delete(ctx context.Context, key string, cond remote.Condition) (int64, error) {
	return f.write(ctx, remote.Change{Key: key, Deleted: true}, cond, false)
}

// Direct returns the store over a connection that Cut does not break.
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
	if n := len(c.Value); f.ValueLimit > 0 && n > f.ValueLimit {
		return 0, fmt.Errorf("%w: %d bytes, and the limit is %d", remote.ErrBadValue, n, f.ValueLimit)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	old, present := f.content.keys[c.Key]
	switch {
	case f.refused != nil:
		return 0, f.refused
	case f.cut != nil && !uncut:
		return 0, remote.Unknown(f.cut)
	case !cond.Holds(old.Revision):
		return 0, remote.ErrConflict
	case c.Deleted && !present:
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
	f.notifier.Set(struct{}{})
	if lost := f.lostAnswer; lost != nil && !uncut {
		f.lostAnswer = nil
		return 0, remote.Unknown(lost)
	}
	return c.Revision, nil
}

// all returns the keys in scope, ordered by key.
func (c content) all(scope remote.Scope) (all []remote.Change) {
	for key, change := range c.keys {
		if scope.Contains(key) {
			all = append(all, change)
		}
	}
	slices.SortFunc(all, func(a, b remote.Change) int { return cmp.Compare(a.Key, b.Key) })
	return all
}
