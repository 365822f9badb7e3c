package model_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/verify/model"
)

// The model is compared with the real one all day; what is tested here is that
// it says itself what the contract says, where both could be wrong together.

func TestModelGet(t *testing.T) {
	ctx := context.Background()
	even := event.Filter(func(n int) bool { return n%2 == 0 })
	backlog := event.BacklogOnly[int]()
	var v model.Value[int]
	w := v.Watch().(*model.Watcher[int])
	is := func(val int, err error, opts ...event.GetOption[int]) {
		t.Helper()
		got := w.Start(ctx, opts...)
		require.Equal(t, model.Result[int]{Val: val, Err: err}, got)
	}
	is(0, event.BacklogDone, backlog)
	v.Set(1)
	is(1, nil)
	v.Set(1) // Equal values count.
	is(1, nil, backlog)
	v.Set(3)
	is(0, event.BacklogDone, backlog, even)
	is(0, event.BacklogDone, backlog) // It has passed the 3.
	require.True(t, w.Start(ctx, even).Blocked)
	is(0, event.ErrConcurrentGet)
	v.Set(5)
	require.True(t, w.Resume().Blocked)
	v.Set(6)
	require.Equal(t, model.Result[int]{Val: 6}, w.Resume())
	v.Set(7)
	cause := errors.New("cause")
	require.NoError(t, v.CloseWithError(cause))
	v.Set(8)
	require.NoError(t, v.Close())
	end := w.Start(ctx, even).Err // A rejected final value counts as passed.
	require.ErrorIs(t, end, event.ErrClosed)
	require.ErrorIs(t, end, cause)
	require.NoError(t, w.Close())
	is(0, event.ErrWatcherClosed)
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	is(0, context.Canceled)
	_, err := v.Watch().Get(ctx)
	require.Equal(t, context.Canceled, err)
}

func TestModelEndedContextLeavesUnseen(t *testing.T) {
	var v model.Value[int]
	w := v.Watch().(*model.Watcher[int])
	ctx, cancel := context.WithCancel(context.Background())
	require.True(t, w.Start(ctx).Blocked)
	cancel()
	v.Set(1)
	require.Equal(t, model.Result[int]{Err: context.Canceled}, w.Resume())
	require.Equal(t, model.Result[int]{Val: 1}, w.Start(context.Background()))
}

func TestModelChanged(t *testing.T) {
	var v model.Value[int]
	w := v.Watch()
	c := w.Changed()
	require.Equal(t, c, w.Changed())
	select {
	case <-c:
		t.Fatal("closed though there is no data")
	default:
	}
	v.Set(1)
	<-c
	<-w.Changed()
	_, err := w.Get(t.Context())
	require.NoError(t, err)
	c = w.Changed()
	require.NoError(t, w.Close())
	<-w.Changed()
	require.NoError(t, v.Close())
	<-c
}

func TestModelUpdate(t *testing.T) {
	var v model.Value[int]
	val, ok := v.Update(func(old int, ok bool) (int, bool) { return 1, ok })
	require.Equal(t, 0, val)
	require.False(t, ok)
	val, ok = v.Update(func(old int, ok bool) (int, bool) {
		if old == 0 {
			v.Set(5) // Somebody was faster: it is asked again.
		}
		return old + 1, true
	})
	require.Equal(t, 6, val)
	require.True(t, ok)
}

// TestModelBlocks uses the model as a value like any other.
func TestModelBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v model.Value[int]
		for _, c := range []struct {
			name string
			end  func(w event.Watcher[int], cancel func())
			want error
		}{
			{"Set", func(event.Watcher[int], func()) { v.Set(1) }, nil},
			{"cancel", func(_ event.Watcher[int], cancel func()) { cancel() }, context.Canceled},
			{"close", func(w event.Watcher[int], _ func()) { _ = w.Close() }, event.ErrWatcherClosed},
			{"end", func(event.Watcher[int], func()) { _ = v.Close() }, event.ErrClosed},
		} {
			w := v.Watch()
			_, _ = w.Get(t.Context(), event.BacklogOnly[int]())
			ctx, cancel := context.WithCancel(t.Context())
			got := make(chan error, 1)
			go func() { _, err := w.Get(ctx); got <- err }()
			synctest.Wait()
			require.Empty(t, got, c.name)
			c.end(w, cancel)
			require.Equal(t, c.want, <-got, c.name)
			cancel()
		}
	})
}
