package remote_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

// TestRandom runs random operations on a store, with random watchers that open,
// read slowly and close. The content of the store is the model: eventually each
// watcher must have it.
func TestRandom(t *testing.T) {
	runs := uint64(300)
	if testing.Short() {
		runs = 60
	}
	for seed := range runs {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, seed)
			for range 150 {
				w.step()
			}
			w.checkConverged()
			require.NoError(t, w.value.Close())
			require.NoError(t, w.table.Close())
		})
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

// A world is a store, a Value and a Range on it, and their watchers.
type world struct {
	t       *testing.T
	rand    *rand.Rand
	fake    *remotetest.Fake
	value   *remote.Value[string]
	table   *remote.Range[string]
	resets  bool // the store may be reset in this run
	restore func()
	written map[int64]string // key=value of each revision; unused with resets
	churned int
	readers []*reader
}

// A reader is a watcher and the state that its entries make.
type reader struct {
	event.Watcher[entry]
	one       bool // of the Value, or of a Value of the Range
	restarted bool
	state     map[string]string
	last      map[string]int64 // the revisions that it has seen
}

func newWorld(t *testing.T, seed uint64) *world {
	f := &remotetest.Fake{PieceSize: int(seed % 4)}
	w := &world{
		t: t, rand: rand.New(rand.NewPCG(seed, 0)), fake: f, resets: seed%2 == 0,
		value: remote.NewValue(f, "p/1", remote.String()), table: remote.NewRange(f, "p/", remote.String()),
		written: make(map[int64]string),
	}
	w.restore = f.Save()
	return w
}

func (w *world) step() {
	key := fmt.Sprint("p/", w.rand.IntN(6))
	switch n := w.rand.IntN(100); {
	case n < 30:
		val := fmt.Sprint(w.rand.Int())
		w.written[put(w.t, w.fake, key, val)] = key + "=" + val
	case n < 42:
		remove(w.t, w.fake, key)
	case n < 44:
		w.churn()
	case n < 48:
		w.fake.Cut(errors.New("cable"))
	case n < 54:
		w.fake.Heal()
	case n < 57:
		w.fake.Compact()
	case n < 59:
		w.fake.Restart()
	case n < 60 && w.resets:
		w.restore = w.fake.Save()
	case n < 61 && w.resets:
		w.restore()
	case n < 66:
		w.open()
	case n < 69 && len(w.readers) > 0:
		i := w.rand.IntN(len(w.readers))
		require.NoError(w.t, w.readers[i].Close())
		w.readers = append(w.readers[:i], w.readers[i+1:]...)
	case n < 80:
		synctest.Wait()
	default:
		w.read()
	}
}

// churn writes and deletes about as many keys as a Range keeps tombstones.
func (w *world) churn() {
	n := remote.MinTombstones/2 + w.rand.IntN(remote.MinTombstones)
	for range n {
		w.churned++
		key := fmt.Sprint("p/churn/", w.churned)
		w.written[put(w.t, w.fake, key, "x")] = key + "=x"
	}
	if w.rand.IntN(2) == 0 {
		synctest.Wait()
	}
	for i := range n {
		remove(w.t, w.fake, fmt.Sprint("p/churn/", w.churned-i))
	}
}

func (w *world) open() {
	r := &reader{state: make(map[string]string), last: make(map[string]int64), one: w.rand.IntN(3) == 0}
	if r.one {
		r.Watcher = w.value.Watch()
		if w.rand.IntN(2) == 0 {
			r.Watcher = w.table.Value("p/1").Watch()
		}
	} else {
		r.Watcher = w.table.Watch()
	}
	w.readers = append(w.readers, r)
}

// read reads some entries with one reader.
func (w *world) read() {
	if len(w.readers) == 0 {
		return
	}
	r := w.readers[w.rand.IntN(len(w.readers))]
	for range w.rand.IntN(5) {
		synctest.Wait()
		select {
		case <-r.Changed():
		default:
			return
		}
		e, err := r.Get(w.t.Context(), event.BacklogOnly[entry]())
		if err == event.BacklogDone {
			return
		}
		require.NoError(w.t, err)
		w.check(r, e)
	}
}

// check applies e to the state of r. e must not be older than that state.
func (w *world) check(r *reader, e entry) {
	assert.False(w.t, e.Restart && r.one)
	assert.True(w.t, r.restarted || e.Restart || r.one, "a watcher begins with Restart: %+v", e)
	r.restarted = true
	e.Apply(r.state)
	if e.Restart {
		clear(r.last) // Entries that it has seen may follow again.
		return
	}
	if w.resets || !e.Present {
		return
	}
	assert.Greater(w.t, e.Revision, r.last[e.Key], "older, or twice: %+v", e)
	r.last[e.Key] = e.Revision
	assert.Equal(w.t, w.written[e.Revision], e.Key+"="+e.Value)
}

// checkConverged checks that all readers, and new ones, reach the content of
// the store.
func (w *world) checkConverged() {
	w.fake.Heal()
	for range 4 {
		w.open()
	}
	synctest.Wait()
	content, _ := w.fake.Content()
	all, one := make(map[string]string), make(map[string]string)
	for _, c := range content {
		all[c.Key] = string(c.Value)
		if c.Key == "p/1" {
			one[c.Key] = string(c.Value)
		}
	}
	for _, r := range w.readers {
		for _, e := range backlog(w.t, r) {
			w.check(r, e)
		}
		want := all
		if r.one {
			want = one
		}
		assert.Equal(w.t, want, r.state)
		assert.True(w.t, isOpen(r.Changed()))
		require.NoError(w.t, r.Close())
	}
}
