package remote_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

func TestRangeBeginsWithTheFullState(t *testing.T) {
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

func TestRangeIsKeyed(t *testing.T) {
	r := remote.NewRange(new(remotetest.Fake), "p/", remote.String())
	w := r.Watch()
	defer w.Close()
	assert.True(t, capability.Of(r).Keyed)
	assert.True(t, capability.Of(w).Keyed)
	assert.False(t, capability.Of(remote.NewValue(new(remotetest.Fake), "key", remote.String())).Keyed)
}

// TestRangeThroughMapAndPipe checks that every entry arrives, and that it is
// the newest of its key when Pipe offers it.
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
		for range 3 {
			got = append(got, <-c)
		}
		assert.Equal(t, []string{"*", "a=1", "c=1"}, got)
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
		assert.PanicsWithValue(t, "event: Distinct: keyed value: collect its entries in a MemoryValue and use that", func() {
			event.Distinct(m)
		})
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
