package remotetest

import (
	"context"
	"errors"
	"slices"

	"github.com/eventvalue/event/remote"
)

var errRestart = errors.New("remotetest: the store restarts")

// A cursor is the progress of a Follow.
type cursor struct {
	synced   bool // a full state was sent
	reported bool // the cut was reported
	revision int64
	resets   int
	breaks   int
}

// Follow implements [remote.Store].
func (f *Fake) Follow(ctx context.Context, scope remote.Scope, apply func(remote.Batch) error) error {
	w := f.notifier.Watch()
	defer w.Close()
	var at cursor
	for {
		batches, err := f.nextBatches(&at, scope)
		if err != nil {
			return err
		}
		for _, b := range batches {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := apply(b); err != nil {
				return err
			}
		}
		if len(batches) > 0 {
			continue
		}
		if _, err := w.Get(ctx); err != nil {
			return err
		}
	}
}

// nextBatches returns the batches for a Follow at the given cursor, and
// advances the cursor.
func (f *Fake) nextBatches(at *cursor, scope remote.Scope) ([]remote.Batch, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.refused != nil:
		return nil, f.refused
	case f.cut != nil && at.reported:
		return nil, nil
	case f.cut != nil:
		at.reported = true
		return []remote.Batch{{Broken: f.cut}}, nil
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
	*at = cursor{synced: true, revision: f.content.revision, resets: f.resets, breaks: f.breaks}
	return batches, nil
}

// since returns a copy of the history after revision.
func (f *Fake) since(revision int64) []remote.Change {
	i := slices.IndexFunc(f.history, func(c remote.Change) bool { return c.Revision > revision })
	if i < 0 {
		return nil
	}
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
