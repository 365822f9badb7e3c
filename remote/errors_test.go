package remote_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

func TestBadValueLeavesTheWatcherUsable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		v := remote.NewValue(f, "key", remote.JSON[string]())
		defer v.Close()
		revision := put(t, f, "key", "no JSON")
		w := v.Watch()
		_, err := w.Get(t.Context())
		require.ErrorIs(t, err, remote.ErrBadValue)
		var bad *remote.BadValueError
		require.ErrorAs(t, err, &bad)
		assert.Equal(t, "key", bad.Key)
		assert.Equal(t, revision, bad.Revision)
		assert.ErrorContains(t, err, `"key" at revision 1`)
		waits(t, w)
		put(t, f, "key", "also none")
		synctest.Wait()
		_, err = w.Get(t.Context(), event.Filter(func(entry) bool { return false }), event.BacklogOnly[entry]())
		require.ErrorIs(t, err, remote.ErrBadValue, "a Filter is not asked about what is no value")
		put(t, f, "key", `"good"`)
		assert.Equal(t, "good", get(t, w).Value)
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

// TestPanicInDecode has a codec that panics on one of two values.
func TestPanicInDecode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(remotetest.Fake)
		r := remote.NewRange(f, "p/", remote.Codec[string](panicking{remote.String()}))
		defer r.Close()
		v := remote.NewValue(f, "p/a", remote.Codec[string](panicking{remote.String()}))
		defer v.Close()
		put(t, f, "p/a", "panic")
		put(t, f, "p/b", "good")
		w, one := r.Watch(), v.Watch()
		assert.Equal(t, restart, get(t, w))
		for _, w := range []event.Watcher[entry]{w, one} {
			_, err := w.Get(t.Context())
			var bad *remote.BadValueError
			require.ErrorAs(t, err, &bad)
			require.ErrorIs(t, err, errPanic)
			assert.Equal(t, "p/a", bad.Key)
			assert.Contains(t, string(bad.Stack), "panicking.Decode")
		}
		assert.Equal(t, "b=good", pending(t, w))
		put(t, f, "p/a", "mended")
		assert.Equal(t, "a=mended", pending(t, w))
	})
}

var errPanic = errors.New("an ordinary bug")

// A panicking codec panics on the value "panic".
type panicking struct{ remote.Codec[string] }

func (c panicking) Decode(data []byte) (string, error) {
	if string(data) == "panic" {
		panic(errPanic)
	}
	return c.Codec.Decode(data)
}
