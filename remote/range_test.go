package remote_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

// rangeInBubble runs test in a bubble, with a store and the Range of "p/" in it, which is closed
// in the end: the bubble ends only if that leaves no goroutine.
func rangeInBubble(t *testing.T, test func(t *testing.T, f *remotetest.Fake, r *remote.Range[string])) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		r := remote.NewRange(f, "p/", remote.String())
		test(t, f, r)
		require.NoError(t, r.Close())
	})
}

var restart = entry{Restart: true}

// words writes entries shortly: "*" for Restart, "a=1", "a-" for what is absent.
func words(all []entry) string {
	var out []string
	for _, e := range all {
		switch {
		case e.Restart:
			out = append(out, "*")
		case e.Present:
			out = append(out, strings.TrimPrefix(e.Key, "p/")+"="+e.Value)
		default:
			out = append(out, strings.TrimPrefix(e.Key, "p/")+"-")
		}
	}
	return strings.Join(out, " ")
}

// pending returns in words what is pending for w once everything has arrived.
func pending(t *testing.T, w event.Watcher[entry], opts ...event.GetOption[entry]) string {
	t.Helper()
	synctest.Wait()
	return words(backlog(t, w, opts...))
}

func TestRangeBeginsWithTheWholeState(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		empty := r.Watch()
		assert.Equal(t, restart, get(t, empty))
		waits(t, empty)
		put(t, f, "p/b", "1")
		put(t, f, "p/a", "1")
		put(t, f, "p/c", "1")
		put(t, f, "q", "1")
		remove(t, f, "p/c")
		assert.Equal(t, "b=1 a=1", pending(t, empty, event.Filter(func(e entry) bool { return e.Present })))
		assert.Equal(t, "* b=1 a=1", pending(t, r.Watch()))
	})
}

func TestRangeBacklogWaitsForTheFirstState(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		f.Cut(errors.New("cable"))
		put(t, f, "p/a", "1")
		w := r.Watch()
		waits(t, w, event.BacklogOnly[entry]())
		assert.True(t, isOpen(w.Changed()))
		f.Heal()
		assert.Equal(t, "* a=1", pending(t, w))
	})
}

func TestRangeConflatesByKey(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		w := r.Watch()
		get(t, w)
		put(t, f, "p/a", "1")
		put(t, f, "p/b", "1")
		put(t, f, "p/c", "1")
		synctest.Wait()
		assert.Equal(t, "p/a", get(t, w).Key)
		put(t, f, "p/b", "2")
		put(t, f, "p/a", "2")
		remove(t, f, "p/c")
		put(t, f, "p/d", "1")
		synctest.Wait()
		remove(t, f, "p/d")
		synctest.Wait()
		assert.Equal(t, "b=2 a=2 c- d-", pending(t, w))
		put(t, f, "p/c", "3")
		assert.Equal(t, "c=3", pending(t, w))
		assert.Equal(t, "* b=2 a=2 c=3", pending(t, r.Watch()), "a new watcher hears nothing of what is gone")
	})
}

func TestRangeAfterACut(t *testing.T) {
	for _, compact := range []bool{false, true} {
		rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
			f.PieceSize = 2
			for _, key := range []string{"p/a", "p/b", "p/c", "p/d", "p/e"} {
				put(t, f, key, "1")
			}
			w := r.Watch()
			assert.Equal(t, "* a=1 b=1 c=1 d=1 e=1", pending(t, w))
			f.Cut(errors.New("cable"))
			put(t, f, "p/c", "2")
			remove(t, f, "p/d")
			remove(t, f, "p/a")
			put(t, f, "p/f", "1")
			if compact {
				f.Compact()
			}
			assert.Empty(t, pending(t, w))
			f.Heal()
			if compact { // When they were deleted is not known any more.
				assert.Equal(t, "a- d- c=2 f=1", pending(t, w))
			} else {
				assert.Equal(t, "c=2 d- a- f=1", pending(t, w))
			}
		})
	}
}

func TestRangeAfterAReset(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		put(t, f, "p/a", "1")
		put(t, f, "p/b", "1")
		restore := f.Save()
		put(t, f, "p/b", "2")
		put(t, f, "p/c", "2")
		w := r.Watch()
		assert.Equal(t, "* a=1 b=2 c=2", pending(t, w))
		restore()
		assert.Equal(t, "c- b=1", pending(t, w))
		put(t, f, "p/d", "3") // at the revision that b had
		assert.Equal(t, "d=3", pending(t, w))
	})
}

func TestRangeWatcherThatFellBehind(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		put(t, f, "p/stays", "1")
		for i := range remote.MaxTombstones + 1 {
			put(t, f, fmt.Sprintf("p/%04d", i), "1")
		}
		w, up := r.Watch(), r.Watch()
		table := make(map[string]string)
		for _, e := range backlogOf(t, w) {
			e.Apply(table)
		}
		pending(t, up)
		assert.Len(t, table, remote.MaxTombstones+2)
		for i := range remote.MaxTombstones + 1 {
			remove(t, f, fmt.Sprintf("p/%04d", i))
			if i == remote.MaxTombstones-1 {
				pending(t, up)
			}
		}
		put(t, f, "p/new", "1")
		synctest.Wait()
		assert.Equal(t, fmt.Sprintf("%04d- new=1", remote.MaxTombstones), pending(t, up), "who keeps up hears of each")
		assert.Equal(t, restart, get(t, w))
		restart.Apply(table)
		assert.False(t, isOpen(w.Changed()))
		for _, e := range backlogOf(t, w) {
			e.Apply(table)
		}
		assert.Equal(t, map[string]string{"p/stays": "1", "p/new": "1"}, table)
	})
}

func backlogOf(t *testing.T, w event.Watcher[entry]) []entry {
	t.Helper()
	synctest.Wait()
	return backlog(t, w)
}

func TestRangeFilterAndBacklog(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		w := r.Watch()
		b := event.Filter(func(e entry) bool { return e.Key == "p/b" })
		two := event.Filter(func(e entry) bool { return e.Value == "2" })
		put(t, f, "p/a", "1")
		put(t, f, "p/b", "1")
		assert.Equal(t, "b=1", pending(t, w, b))
		assert.Empty(t, pending(t, w), "what was rejected counts as seen")
		waits(t, w, b)
		put(t, f, "p/a", "2")
		waits(t, w, b)
		put(t, f, "p/b", "2")
		assert.Equal(t, "a=2 b=2", pending(t, w), "the wait that was given up consumed nothing")
		put(t, f, "p/a", "2")
		put(t, f, "p/b", "1")
		assert.Empty(t, pending(t, w, b, two), "all must accept")
	})
}

// TestRangeBacklogEnds has a predicate bring something new each time that it is asked.
func TestRangeBacklogEnds(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		w, asked := r.Watch(), 0
		put(t, f, "p/a", "1")
		all := pending(t, w, event.Filter(func(e entry) bool {
			asked++
			put(t, f, "p/b", fmt.Sprint(asked))
			synctest.Wait()
			return false
		}))
		assert.Empty(t, all)
		assert.LessOrEqual(t, asked, 2)
		assert.False(t, isOpen(w.Changed()))
		assert.Equal(t, fmt.Sprint("b=", asked), pending(t, w))
	})
}

func TestRangeBadValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		r := remote.NewRange(f, "p/", remote.JSON[string]())
		defer r.Close()
		put(t, f, "p/a", "no JSON")
		put(t, f, "p/b", `"good"`)
		w := r.Watch()
		assert.Equal(t, restart, get(t, w))
		_, err := w.Get(t.Context(), event.Filter(func(entry) bool { return false }))
		require.ErrorIs(t, err, remote.ErrBadValue, "a Filter is not asked about what is no value")
		assert.ErrorContains(t, err, `"p/a" at revision 1`)
		assert.Equal(t, "b=good", pending(t, w))
		put(t, f, "p/a", `"mended"`)
		assert.Equal(t, "a=mended", pending(t, w))
		put(t, f, "p/a", "none again")
		remove(t, f, "p/a")
		assert.Equal(t, "a-", pending(t, w), "an error is conflated as a value is")
	})
}

func TestRangeIsKeyed(t *testing.T) {
	r := remote.NewRange(new(remotetest.Fake), "p/", remote.String())
	w := r.Watch()
	defer w.Close()
	type keyed interface{ Keyed() }
	assert.Implements(t, (*keyed)(nil), r)
	assert.Implements(t, (*keyed)(nil), w)
	r.Keyed()
	w.(keyed).Keyed()
	assert.NotImplements(t, (*keyed)(nil), remote.NewValue(new(remotetest.Fake), "key", remote.String()))
}

// TestRangeThroughMapAndPipe has every entry come through, and be the newest of its key when it is offered.
func TestRangeThroughMapAndPipe(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		ctx, cancel := context.WithCancel(t.Context())
		m := event.Map(r, func(e entry) string { return words([]entry{e}) })
		c, ended := make(chan string), make(chan error)
		go func() { ended <- event.Pipe(m, c)(ctx) }()
		put(t, f, "p/a", "1")
		put(t, f, "p/b", "1")
		synctest.Wait()
		remove(t, f, "p/b")
		put(t, f, "p/c", "1")
		synctest.Wait()
		var got []string
		for range 4 {
			got = append(got, <-c)
		}
		assert.Equal(t, []string{"*", "a=1", "b-", "c=1"}, got)
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
		assert.PanicsWithValue(t, "event: Distinct: keyed value", func() {
			event.Distinct(m, func(a, b string) bool { return a == b })
		})
	})
}

func TestRangeWrites(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		ctx, w := t.Context(), r.Watch()
		a, err := r.Set(ctx, "p/a", "1")
		require.NoError(t, err)
		_, err = r.CompareAndSet(ctx, "p/b", 0, "1")
		require.NoError(t, err)
		_, err = r.CompareAndSet(ctx, "p/a", a+1, "2")
		require.ErrorIs(t, err, remote.ErrConflict)
		last, err := r.CompareAndSet(ctx, "p/a", a, "2")
		require.NoError(t, err)
		require.NoError(t, r.Sync(ctx, last))
		assert.Equal(t, "* b=1 a=2", words(backlog(t, w)))
		_, err = r.Delete(ctx, "p/b")
		require.NoError(t, err)
		_, err = r.CompareAndDelete(ctx, "p/a", a)
		require.ErrorIs(t, err, remote.ErrConflict)
		_, err = r.CompareAndDelete(ctx, "p/a", last)
		require.NoError(t, err)
		assert.Equal(t, "b- a-", pending(t, w))
		s, err := r.Status().Watch().Get(ctx)
		require.NoError(t, err)
		assert.Equal(t, remote.Connected, s.State)
	})
}

// TestRangeEndsForGood has it closed while something is being applied.
func TestRangeEndsForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		c := &closingCodec{Codec: remote.String()}
		r := remote.NewRange(f, "p/", remote.Codec[string](c))
		c.close = r.Close
		w := r.Watch()
		assert.Equal(t, restart, get(t, w))
		put(t, f, "p/a", "close")
		synctest.Wait()
		for range 2 {
			_, err := w.Get(t.Context())
			require.Equal(t, event.ErrClosed, err)
		}
	})
}

// A closingCodec calls close when it is to decode that.
type closingCodec struct {
	remote.Codec[string]
	close func() error
}

func (c *closingCodec) Decode(data []byte) (string, error) {
	if string(data) == "close" {
		_ = c.close()
	}
	return c.Codec.Decode(data)
}

// TestRangeDeletionOfNothing has the store tell of a deletion whose key came and went unseen.
func TestRangeDeletionOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		r := remote.NewRange(s, "p/", remote.String())
		defer r.Close()
		w := r.Watch()
		s.say <- remote.Batch{Full: true}
		assert.Equal(t, restart, get(t, w))
		s.say <- remote.Batch{Revision: 2, Changes: []remote.Change{{Key: "p/a", Deleted: true, Revision: 2}}}
		assert.Empty(t, pending(t, w))
	})
}

// TestRangeWatcherClosedTwice has that count once.
func TestRangeWatcherClosedTwice(t *testing.T) {
	rangeInBubble(t, func(t *testing.T, f *remotetest.Fake, r *remote.Range[string]) {
		w, other := r.Watch(), r.Watch()
		pending(t, other)
		require.NoError(t, w.Close())
		require.NoError(t, w.Close())
		put(t, f, "p/a", "1")
		assert.Equal(t, "a=1", pending(t, other))
	})
}

func TestTheEmptyPrefixIsEveryKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		r := remote.NewRange(f, "", remote.String())
		defer r.Close()
		_, err := r.Set(t.Context(), "any", "1")
		require.NoError(t, err)
		_, err = r.Set(t.Context(), "", "1")
		require.ErrorIs(t, err, remote.ErrKey)
		assert.Equal(t, "* any=1", pending(t, r.Watch()))
	})
}

func TestApply(t *testing.T) {
	table := map[string]string{"old": "1"}
	for _, e := range []entry{restart, {Key: "a", Value: "1", Present: true}, {Key: "b", Value: "1", Present: true}, {Key: "a"}} {
		e.Apply(table)
	}
	assert.Equal(t, []string{"b"}, slices.Sorted(maps.Keys(table)))
}
