package remotetest

import (
	"context"
	"errors"
	"slices"

	"github.com/eventvalue/event/remote"
)

var errRestart = errors.New("remotetest: the store restarts")

// A bookmark is how far a Follow has come.
type bookmark struct {
	known    bool // it has had a whole state
	told     bool // that there is no connection
	revision int64
	epoch    int
	breaks   int
}

// Follow implements [remote.Store].
func (f *Fake) Follow(ctx context.Context, scope remote.Scope, apply func(remote.Batch) error) error {
	w := f.pulse.Watch()
	defer w.Close()
	var at bookmark
	for {
		batches, err := f.news(&at, scope)
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

// news returns what there is to say to who is at a bookmark, which it moves.
func (f *Fake) news(at *bookmark, scope remote.Scope) ([]remote.Batch, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.refused != nil:
		return nil, f.refused
	case f.cut != nil && at.told:
		return nil, nil
	case f.cut != nil:
		at.told = true
		return []remote.Batch{{Broken: f.cut}}, nil
	}
	var batches []remote.Batch
	if at.known && at.breaks != f.breaks {
		batches = append(batches, remote.Batch{Broken: errRestart})
	}
	if at.told || len(batches) > 0 {
		batches = append(batches, remote.Batch{More: true})
	}
	switch since := f.since(at.revision); {
	case !at.known || at.epoch != f.epoch || at.revision < f.compacted:
		batches = append(batches, f.pieces(f.content.all(scope))...)
	case len(batches) > 0 || len(since) > 0:
		since = slices.DeleteFunc(since, func(c remote.Change) bool { return !scope.Contains(c.Key) })
		batches = append(batches, remote.Batch{Revision: f.content.revision, Changes: since})
	}
	*at = bookmark{known: true, revision: f.content.revision, epoch: f.epoch, breaks: f.breaks}
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

// pieces returns a whole state in batches.
func (f *Fake) pieces(all []remote.Change) (batches []remote.Batch) {
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
