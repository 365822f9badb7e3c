package remote_test

import (
	"context"
	"testing"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/eventtest"
	"github.com/eventvalue/event/remote"
	"github.com/eventvalue/event/remotetest"
)

type testItem = eventtest.Item

// TestConformance is the contract of package event on what a Value's entries hold. Set waits until
// the watchers of this process can see the value; that it waits at all is what a Value lacks.
// What allocates is this adapter; see TestGetAllocatesNothing.
func TestConformance(t *testing.T) {
	eventtest.Run(t, newSubject, eventtest.NonBlockingSet, eventtest.NoAllocation)
}

func newSubject(t testing.TB) eventtest.Subject {
	v := remote.NewValue(new(remotetest.Fake), "key", remote.JSON[*testItem]())
	// Somebody watches all the time: a Value that nobody watches knows no final value.
	w := v.Watch()
	t.Cleanup(func() {
		_ = w.Close()
		_ = v.Close()
	})
	return eventtest.Subject{
		Set: func(x *testItem) {
			revision, err := v.Set(context.Background(), x)
			if err == nil {
				err = v.Sync(context.Background(), revision)
			}
			_ = err // After Close it is that, and a Set is to be dropped then.
		},
		Watch: func() event.Watcher[*testItem] { return watchPresent(v) },
		Close: v.CloseWithError,
	}
}

// present is a Watcher of values: absence is not news to it.
type present struct {
	event.Watcher[remote.Entry[*testItem]]
}

// watchPresent returns a watcher that has seen the absence if there is no value.
func watchPresent(v *remote.Value[*testItem]) event.Watcher[*testItem] {
	w := v.Watch()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	_, _ = w.Get(ctx, event.Filter(func(e remote.Entry[*testItem]) bool {
		if e.Present {
			cancel() // Which leaves the entry unseen.
		}
		return !e.Present
	}))
	return present{w}
}

func (p present) Get(ctx context.Context, opts ...event.GetOption[*testItem]) (*testItem, error) {
	inner := []event.GetOption[remote.Entry[*testItem]]{
		event.Filter(func(e remote.Entry[*testItem]) bool { return e.Present }),
	}
	for _, o := range opts {
		opt := event.GetOption[remote.Entry[*testItem]]{BacklogOnly: o.BacklogOnly}
		if pred := o.Predicate; pred != nil {
			opt.Predicate = func(e remote.Entry[*testItem]) bool { return pred(e.Value) }
		}
		inner = append(inner, opt)
	}
	e, err := p.Watcher.Get(ctx, inner...)
	return e.Value, err
}
