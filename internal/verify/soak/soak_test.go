package main

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
)

// small is a run that takes a second or so.
func small(fresh func() value) (bool, string) {
	var out bytes.Buffer
	ok := run(config{
		duration: 5 * time.Minute, gets: 20_000, values: 20, watchers: 200, producers: 2,
		pause: 100 * time.Microsecond, patience: 2 * time.Minute, fresh: fresh,
	}, &screen{w: &out, every: time.Hour}, nil)
	return ok, out.String()
}

func TestSoakPasses(t *testing.T) {
	ok, out := small(func() value { return new(event.MemoryValue[item]) })
	assert.True(t, ok, out)
	assert.Contains(t, out, "PASS")
}

// wrong is a value whose watchers are wrong.
type wrong struct {
	event.MemoryValue[item]
	get func(w *wrongWatcher, ctx context.Context, opts ...event.GetOption[item]) (item, error)
}

type wrongWatcher struct {
	event.Watcher[item]
	v    *wrong
	last item
}

func (v *wrong) Watch() event.Watcher[item] {
	return &wrongWatcher{Watcher: v.MemoryValue.Watch(), v: v}
}

func (w *wrongWatcher) Get(ctx context.Context, opts ...event.GetOption[item]) (item, error) {
	if rand.IntN(10) != 0 {
		it, err := w.Watcher.Get(ctx, opts...)
		w.last = it
		return it, err
	}
	return w.v.get(w, ctx, opts...)
}

func TestSoakFindsBugs(t *testing.T) {
	// A bug can lead to several violations. The first one that is reported
	// depends on the schedule, so want has all of them.
	type getter = func(w *wrongWatcher, ctx context.Context, opts ...event.GetOption[item]) (item, error)
	for _, c := range []struct {
		name, want string
		get        getter
	}{
		{"Repeats", "value .* was returned after|after Close, Get returned <nil>", func(w *wrongWatcher, ctx context.Context, opts ...event.GetOption[item]) (item, error) {
			if newest, _ := w.v.Load(); w.last.seq == 0 || newest != w.last || ctx.Err() != nil || len(opts) > 0 {
				return w.Watcher.Get(ctx, opts...)
			}
			return w.last, nil
		}},
		{"Stale", "value .*(was returned after|was there before)|BacklogDone, but|before the final value", func(w *wrongWatcher, ctx context.Context, opts ...event.GetOption[item]) (item, error) {
			it, err := w.Watcher.Get(ctx, opts...)
			if err == nil && it.seq > 2 {
				it = newItemAt(it, it.seq-2)
			}
			return it, err
		}},
		{"Torn", "that was never set", func(w *wrongWatcher, ctx context.Context, opts ...event.GetOption[item]) (item, error) {
			it, err := w.Watcher.Get(ctx, opts...)
			it.sum++
			return it, err
		}},
		{"EndedContext", "under a context that had ended|after the context's end|BacklogDone, but|before the final value", func(w *wrongWatcher, ctx context.Context, opts ...event.GetOption[item]) (item, error) {
			if ctx.Err() == nil {
				return w.Watcher.Get(ctx, opts...)
			}
			it, err := w.Watcher.Get(context.Background(), append(slices.Clip(opts), event.BacklogOnly[item]())...)
			if err != nil {
				err = ctx.Err()
			}
			return it, err
		}},
		{"NoFilter", "the Filter rejects", func(w *wrongWatcher, ctx context.Context, opts ...event.GetOption[item]) (item, error) {
			return w.Watcher.Get(ctx, onlyBacklog(opts)...)
		}},
		{"DoneTooEarly", "backlog done|BacklogDone, but|there is nothing", func(*wrongWatcher, context.Context, ...event.GetOption[item]) (item, error) {
			return item{}, event.BacklogDone
		}},
		{"EndsByItself", "was not closed|before the final value|event: value closed", func(*wrongWatcher, context.Context, ...event.GetOption[item]) (item, error) {
			return item{}, event.ErrClosed
		}},
		{"NoReason", "Get returned event: concurrent Get", func(*wrongWatcher, context.Context, ...event.GetOption[item]) (item, error) {
			return item{}, event.ErrConcurrentGet
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ok, out := small(func() value { return &wrong{get: c.get} })
			assert.False(t, ok)
			assert.Regexp(t, "FAIL: .*("+c.want+")", out)
		})
	}
}

// newItemAt is it with another sequence number.
func newItemAt(it item, seq uint64) item {
	it.seq, it.sum = seq, seq^uint64(it.at)
	return it
}

func onlyBacklog(opts []event.GetOption[item]) (backlog []event.GetOption[item]) {
	for _, o := range opts {
		if o.BacklogOnly {
			backlog = append(backlog, o)
		}
	}
	return backlog
}

// TestSoakFindsAWaitWithoutReason has Gets hang until their context ends.
func TestSoakFindsAWaitWithoutReason(t *testing.T) {
	var out bytes.Buffer
	get := func(_ *wrongWatcher, ctx context.Context, _ ...event.GetOption[item]) (item, error) {
		<-ctx.Done()
		return item{}, ctx.Err()
	}
	ok := run(config{
		duration: time.Minute, gets: 1 << 62, values: 3, watchers: 50, producers: 2,
		pause: 100 * time.Microsecond, patience: time.Millisecond, fresh: func() value { return &wrong{get: get} },
	}, &screen{w: &out, every: time.Hour}, nil)
	assert.False(t, ok)
	assert.Contains(t, out.String(), "a follower has been waiting")
}

func TestFlat(t *testing.T) {
	grows, flat := make([]uint64, 100), make([]uint64, 100)
	for i := range grows {
		grows[i], flat[i] = 10<<20+uint64(i)<<18, 10<<20+uint64(i%7)<<18
	}
	_, _, ok := (&monitor{heap: grows}).flat()
	assert.False(t, ok)
	_, _, ok = (&monitor{heap: flat}).flat()
	assert.True(t, ok)
}

func TestHistogram(t *testing.T) {
	var h histogram
	assert.Zero(t, h.quantile(0.5))
	for d := range int64(100_000) {
		b := bucket(uint64(d))
		assert.LessOrEqual(t, least(b), uint64(d))
		assert.Greater(t, least(b+1), uint64(d))
		h.add(d)
	}
	for _, q := range []float64{0.01, 0.5, 0.99, 0.999} {
		want := q * 100_000
		assert.InDelta(t, want, float64(h.quantile(q)), want/8)
	}
}
