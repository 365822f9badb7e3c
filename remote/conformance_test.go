package remote_test

import (
	"context"
	"errors"
	"testing"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/eventtest"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remote/remotetest"
)

type testItem = eventtest.Item

// TestConformance runs the conformance suite of package event on the values in
// a Value's entries. TestRangeConformance runs it on one key of a Range.
//
// Set waits until the watchers of this process can see the value, so
// NonBlockingSet does not apply. The adapter allocates, so NoAllocation does
// not apply; TestGetAllocatesNothing has no adapter.
func TestConformance(t *testing.T) {
	eventtest.Run(t, func(t testing.TB) eventtest.Subject {
		v := remote.NewValue(new(remotetest.Fake), "key", remote.JSON[*testItem]())
		return subject(t, v, func(x *testItem) (int64, error) { return v.Set(context.Background(), x) })
	}, eventtest.NonBlockingSet, eventtest.NoAllocation)
}

func TestRangeConformance(t *testing.T) {
	eventtest.Run(t, func(t testing.TB) eventtest.Subject {
		r := remote.NewRange(new(remotetest.Fake), "p/", remote.JSON[*testItem]())
		return subject(t, r, func(x *testItem) (int64, error) { return r.Set(context.Background(), "p/key", x) })
	}, eventtest.NonBlockingSet, eventtest.NoAllocation)
}

// TestRangeValueConformance runs it on a Value of a Range.
func TestRangeValueConformance(t *testing.T) {
	eventtest.Run(t, func(t testing.TB) eventtest.Subject {
		r := remote.NewRange(new(remotetest.Fake), "p/", remote.JSON[*testItem]())
		v := r.Value("p/key")
		return subject(t, v, func(x *testItem) (int64, error) { return v.Set(context.Background(), x) })
	}, eventtest.NonBlockingSet, eventtest.NoAllocation)
}

// shared is what a Value and a Range have in common.
type shared interface {
	event.ValueWatch[itemEntry]
	Sync(ctx context.Context, revision int64) error
	CloseWithError(cause error) error
}

type itemEntry = remote.Entry[*testItem]

func subject(t testing.TB, v shared, set func(*testItem) (int64, error)) eventtest.Subject {
	// A watcher is open all the time: a Value without watchers has no final
	// value.
	w := v.Watch()
	t.Cleanup(func() {
		_ = w.Close()
		_ = v.CloseWithError(nil)
	})
	return eventtest.Subject{
		Set: func(x *testItem) {
			revision, err := set(x)
			if err == nil {
				err = v.Sync(context.Background(), revision)
			}
			if err != nil && !errors.Is(err, event.ErrClosed) { // After Close, a Set is dropped.
				panic(err)
			}
		},
		Watch: func() event.Watcher[*testItem] { return watchPresent(v) },
		Close: v.CloseWithError,
	}
}

// present is a Watcher of values. It skips absence.
type present struct{ event.Watcher[itemEntry] }

// watchPresent returns a watcher that has seen the entry before the value:
// absence or Restart.
func watchPresent(v shared) event.Watcher[*testItem] {
	w := v.Watch()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, _ = w.Get(ctx, event.Filter(func(e itemEntry) bool {
		if e.Present {
			cancel() // Which leaves the entry unseen.
		}
		return !e.Present
	}))
	return present{w}
}

func (p present) Get(ctx context.Context, opts ...event.GetOption[*testItem]) (*testItem, error) {
	inner := []event.GetOption[itemEntry]{event.Filter(func(e itemEntry) bool { return e.Present })}
	for _, o := range opts {
		opt := event.GetOption[itemEntry]{BacklogOnly: o.BacklogOnly}
		if pred := o.Predicate; pred != nil {
			opt.Predicate = func(e itemEntry) bool { return pred(e.Value) }
		}
		inner = append(inner, opt)
	}
	e, err := p.Watcher.Get(ctx, inner...)
	return e.Value, err
}
