package remotetest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/eventvalue/event/remote"
)

var errRestart = errors.New("remotetest: the store restarts")

var errSilent = errors.New("remotetest: the store does not answer")

// silence is the time after which a Follow notices that its connection is
// half-open.
const silence = 50 * time.Millisecond

// A cursor is the progress of a Follow.
type cursor struct {
	synced    bool // a full state was sent
	reported  bool // the cut was reported
	revision  int64
	resets    int
	breaks    int
	halfOpens int // of the connection
}

// Follow implements [remote.Store].
func (f *Fake) Follow(ctx context.Context, scope remote.Scope, apply func(remote.Batch) error) error {
	w := f.notifier.Watch()
	defer w.Close()
	at := f.begin()
	defer f.end()
	for {
		batches, next, err := f.nextBatches(at, scope)
		if err != nil {
			return err
		}
		sent, err := f.send(ctx, next, batches, apply)
		if err != nil {
			return err
		}
		if !sent {
			at.reported = false // A batch may have said that the connection is back.
			continue
		}
		at = next
		if len(batches) > 0 {
			continue
		}
		if _, err := w.Get(ctx); err != nil {
			return err
		}
	}
}

// begin returns the cursor of a new Follow.
func (f *Fake) begin() cursor {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.follows++
	return cursor{halfOpens: f.halfOpens}
}

// end ends a Follow.
func (f *Fake) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.follows--
}

// send passes batches to apply, as fast as the line allows. It returns false if
// a fault interrupts it.
func (f *Fake) send(ctx context.Context, at cursor, batches []remote.Batch, apply func(remote.Batch) error) (bool, error) {
	for _, b := range batches {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if b.Broken == errSilent {
			if err := wait(ctx, silence); err != nil {
				return false, err
			}
		}
		if ok, err := f.pace(ctx, at, size(b)); !ok || err != nil {
			return false, err
		}
		if err := apply(b); err != nil {
			return false, err
		}
	}
	return true, nil
}

// pace waits for as long as n bytes take on the line. It returns false if a
// fault interrupts the connection in the meantime.
func (f *Fake) pace(ctx context.Context, at cursor, n int) (bool, error) {
	for n > 0 {
		f.mu.Lock()
		rate, lost := f.rate, f.lost(at)
		f.mu.Unlock()
		if rate == 0 || lost {
			return !lost, nil
		}
		part := min(n, max(1, rate/100))
		if err := wait(ctx, time.Duration(part)*time.Second/time.Duration(rate)); err != nil {
			return false, err
		}
		n -= part
	}
	return true, nil
}

// lost reports whether the connection of a Follow at the given cursor is cut or
// lost.
func (f *Fake) lost(at cursor) bool {
	return f.cut != nil && !at.reported || f.breaks != at.breaks || f.halfOpens != at.halfOpens
}

// size returns the number of bytes of b that count on a slow line.
func size(b remote.Batch) (n int) {
	for _, c := range b.Changes {
		n += len(c.Key) + len(c.Value)
	}
	return n
}

// wait waits for d, or returns ctx's error when ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// nextBatches returns the batches for a Follow at the given cursor, and the
// cursor after them.
func (f *Fake) nextBatches(at cursor, scope remote.Scope) ([]remote.Batch, cursor, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.refused != nil:
		return nil, at, f.refused
	case f.cut != nil && at.reported:
		return nil, at, nil
	case f.cut != nil:
		at.reported, at.halfOpens = true, f.halfOpens
		return []remote.Batch{{Broken: f.cut}}, at, nil
	case f.halfOpens != at.halfOpens:
		at.reported, at.halfOpens = true, f.halfOpens
		return []remote.Batch{{Broken: errSilent}}, at, nil
	}
	var batches []remote.Batch
	if at.synced && at.breaks != f.breaks {
		batches = append(batches, remote.Batch{Broken: errRestart})
	}
	if at.reported || len(batches) > 0 {
		batches = append(batches, remote.Batch{More: true})
	}
	switch since := f.since(at.revision); {
	case !at.synced || at.resets != f.resets || at.revision < f.compacted:
		batches = append(batches, f.fullState(f.content.all(scope))...)
	case len(batches) > 0 || len(since) > 0:
		since = slices.DeleteFunc(since, func(c remote.Change) bool { return !scope.Contains(c.Key) })
		batches = append(batches, remote.Batch{Revision: f.content.revision, Changes: since})
	}
	at = cursor{synced: true, revision: f.content.revision, resets: f.resets, breaks: f.breaks, halfOpens: f.halfOpens}
	return batches, at, nil
}

// since returns a copy of the history after revision.
func (f *Fake) since(revision int64) []remote.Change {
	i, _ := slices.BinarySearchFunc(f.history, revision+1, func(c remote.Change, revision int64) int {
		return cmp.Compare(c.Revision, revision)
	})
	return slices.Clone(f.history[i:])
}

// fullState returns the batches of a full state.
func (f *Fake) fullState(all []remote.Change) (batches []remote.Batch) {
	size := f.PieceSize
	if size == 0 {
		size = max(1, len(all))
	}
	for piece := range slices.Chunk(all, size) {
		batches = append(batches, remote.Batch{Revision: f.content.revision, Changes: piece, More: true})
	}
	if len(batches) == 0 {
		batches = []remote.Batch{{Revision: f.content.revision}}
	}
	batches[0].Full = true
	batches[len(batches)-1].More = false
	return batches
}
