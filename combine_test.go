package event_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

type pair struct{ a, b int }

func paired(a, b int) pair { return pair{a, b} }

func TestCombineGivesAPairAsSoonAsBothHaveAValue(t *testing.T) {
	var a, b event.MemoryValue[int]
	w := event.Combine(&a, &b, paired).Watch()
	nothing(t, w)
	a.Set(1)
	nothing(t, w)
	a.Set(2)
	nothing(t, w)
	b.Set(10)
	has(t, w, pair{2, 10})
	b.Set(11)
	b.Set(12)
	has(t, w, pair{2, 12})
	a.Set(3)
	b.Set(13)
	has(t, w, pair{3, 13})
}

func TestCombineWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a, b event.MemoryValue[int]
		w := event.Combine(&a, &b, paired).Watch()
		defer w.Close()
		for n := 1; n < 5; n++ {
			got := make(chan pair, 1)
			go func() { p, _ := w.Get(t.Context()); got <- p }()
			synctest.Wait()
			require.Empty(t, got)
			if n == 1 {
				b.Set(1)
				synctest.Wait()
				require.Empty(t, got)
			}
			if n%2 == 1 {
				a.Set(n)
			} else {
				b.Set(n)
			}
			p := <-got
			assert.Equal(t, n, max(p.a, p.b))
		}
	})
}

func TestCombineEnds(t *testing.T) {
	endA, endB := errors.New("a"), errors.New("b")
	for _, c := range []struct {
		name  string
		steps func(a, b *event.MemoryValue[int])
		want  []pair
		end   error
	}{
		{"TheNewestOnceAndThenTheEnd", func(a, b *event.MemoryValue[int]) {
			a.Set(1)
			b.Set(2)
			_ = b.CloseWithError(endB)
		}, []pair{{1, 2}}, endB},
		{"WithoutData", func(a, b *event.MemoryValue[int]) {
			_ = a.CloseWithError(endA)
			b.Set(2)
		}, nil, endA},
		{"TheSecondWithoutData", func(a, b *event.MemoryValue[int]) {
			a.Set(1)
			_ = b.CloseWithError(endB)
		}, nil, endB},
		{"WhileTheOtherHasNone", func(a, b *event.MemoryValue[int]) {
			a.Set(1)
			_ = a.CloseWithError(endA)
		}, nil, endA},
		{"OfSeveralTheFirstArguments", func(a, b *event.MemoryValue[int]) {
			a.Set(1)
			b.Set(2)
			_ = b.CloseWithError(endB)
			_ = a.CloseWithError(endA)
		}, []pair{{1, 2}}, endA},
	} {
		t.Run(c.name, func(t *testing.T) {
			for which := range 4 {
				var a, b event.MemoryValue[int]
				view := event.Combine(&a, &b, paired)
				early, late := view.Watch(), view.Watch()
				nothing(t, early)
				c.steps(&a, &b)
				w := []event.Watcher[pair]{
					early, late, view.Watch(), event.Map(view, func(p pair) pair { return p }).Watch(),
				}[which]
				for _, want := range c.want {
					got, err := now(t, w)
					assert.NoError(t, err)
					assert.Equal(t, want, got)
				}
				for range 2 {
					assert.False(t, opened(w.Changed()))
					_, err := now(t, w)
					assert.ErrorIs(t, err, event.ErrClosed)
					assert.ErrorIs(t, err, c.end)
					a.Set(100) // For ever, whatever comes.
					b.Set(100)
				}
			}
		})
	}
}

// returns checks that w has a pair, whatever follows it.
func returns(t *testing.T, w event.Watcher[pair], want pair) {
	t.Helper()
	got, err := now(t, w)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// A source that has a value and ends without a cause keeps that value.
func TestCombineGoesOnWithoutASourceThatHasEnded(t *testing.T) {
	var a, b event.MemoryValue[int]
	w := event.Combine(&a, &b, paired).Watch()
	a.Set(1)
	b.Set(1)
	has(t, w, pair{1, 1})
	a.Set(2)
	assert.NoError(t, a.Close())
	has(t, w, pair{2, 1})
	assert.True(t, opened(w.Changed()), "an end that does not end the view is no change")
	open, _ := a.Watchers().(event.Loader[int]).Load()
	assert.Zero(t, open, "its watcher is closed")
	b.Set(2)
	has(t, w, pair{2, 2})
	b.Set(3)
	assert.NoError(t, b.Close())
	returns(t, w, pair{2, 3})
	for range 2 {
		assert.False(t, opened(w.Changed()))
		_, err := now(t, w)
		assert.True(t, err == event.ErrClosed, "all have ended: %v", err)
	}
	late := event.Combine(&a, &b, paired).Watch()
	returns(t, late, pair{2, 3})
	_, err := now(t, late)
	assert.True(t, err == event.ErrClosed)
}

func TestCombineEndsWithASourceThatHasNoValue(t *testing.T) {
	var a, b event.MemoryValue[int]
	w := event.Combine(&a, &b, paired).Watch()
	a.Set(1)
	assert.NoError(t, b.Close())
	for range 2 {
		_, err := now(t, w)
		var end *event.SourceError
		require.ErrorAs(t, err, &end)
		assert.Equal(t, event.SourceError{Index: 1, Err: event.ErrClosed}, *end)
		assert.ErrorIs(t, err, event.ErrClosed)
		assert.Equal(t, "event: source 1: event: value closed", err.Error())
		assert.False(t, opened(w.Changed()))
	}
}

// The end of a source with a cause comes after what was set before it, even if the
// other source was looked at before that.
func TestCombineEndsWithACauseAfterTheNewestPair(t *testing.T) {
	var a, b event.MemoryValue[int]
	cause := errors.New("cause")
	armed := false
	between := event.DistinctFunc(&b, func(x, y int) bool { // runs while b is looked at
		if armed {
			armed = false
			a.Set(2)
			assert.NoError(t, b.CloseWithError(cause))
		}
		return true
	})
	for name, view := range map[string]event.ValueWatch[pair]{
		"a first": event.Combine(&a, between, paired),
		"b first": event.Combine(between, &a, func(y, x int) pair { return pair{x, y} }),
	} {
		a, b = event.MemoryValue[int]{}, event.MemoryValue[int]{}
		a.Set(1)
		b.Set(1)
		w := view.Watch()
		has(t, w, pair{1, 1})
		armed = true
		b.Set(1)
		returns(t, w, pair{2, 1})
		a.Set(3)
		for range 2 {
			_, err := now(t, w)
			assert.ErrorIs(t, err, cause, name)
			assert.ErrorIs(t, err, event.ErrClosed, name)
		}
	}
}

// Of several ends that were there when a Get looked, that of the first argument
// counts, and stays.
func TestCombineAllEndsWithTheLowestIndex(t *testing.T) {
	vs, sources := make([]event.MemoryValue[int], 20), make([]event.ValueWatch[int], 20)
	for i := range vs {
		vs[i].Set(i)
		sources[i] = &vs[i]
	}
	w := event.CombineAll(sources...).Watch()
	_, err := now(t, w)
	require.NoError(t, err)
	for _, i := range []int{17, 3, 11} {
		assert.NoError(t, vs[i].CloseWithError(fmt.Errorf("end %d", i)))
	}
	vs[0].Set(100)
	vals, err := now(t, w)
	require.NoError(t, err)
	assert.Equal(t, 100, vals[0])
	assert.NoError(t, vs[1].CloseWithError(errors.New("too late")))
	for range 2 {
		_, err = now(t, w)
		var end *event.SourceError
		require.ErrorAs(t, err, &end)
		assert.Equal(t, 3, end.Index)
		assert.ErrorContains(t, err, "end 3")
	}
}

// endsLater is a context whose Err is an error of package event from some call on.
type endsLater struct {
	context.Context
	calls, after int
	err          error
}

func (c *endsLater) Err() error {
	if c.calls++; c.calls > c.after {
		return c.err
	}
	return nil
}

// The error of a context ends one Get, whatever it is, and not the view.
func TestCombineOutlivesAContextWithTheErrorOfAnEnd(t *testing.T) {
	for _, ctxErr := range []error{event.ErrClosed, fmt.Errorf("wrapped: %w", event.ErrClosed), event.BacklogDone} {
		for after := range 12 {
			var a, b event.MemoryValue[int]
			a.Set(1)
			b.Set(1)
			w := event.Combine(&a, &b, paired).Watch()
			first, err := w.Get(&endsLater{Context: context.Background(), after: after, err: ctxErr})
			if err == nil {
				assert.Equal(t, pair{1, 1}, first)
				a.Set(2)
			} else {
				assert.Equal(t, ctxErr, err)
			}
			_, err = now(t, w)
			assert.NoError(t, err, "%v after %d calls", ctxErr, after)
		}
	}
}

func TestCombineAll(t *testing.T) {
	vs := make([]*event.MemoryValue[int], 10)
	sources := make([]event.ValueWatch[int], len(vs))
	for i := range vs {
		vs[i] = new(event.MemoryValue[int])
		sources[i] = vs[i]
	}
	view := event.CombineAll(sources...)
	clear(sources) // It has a copy.
	w := view.Watch()
	for i, v := range vs {
		nothing(t, w)
		v.Set(i)
	}
	first, err := now(t, w)
	assert.NoError(t, err)
	vs[3].Set(30)
	second, err := now(t, w)
	assert.NoError(t, err)
	assert.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, first, "a fresh slice each")
	assert.Equal(t, []int{0, 1, 2, 30, 4, 5, 6, 7, 8, 9}, second)
}

func ExampleCombine() {
	var limit, used event.MemoryValue[int]
	free := event.Combine(&limit, &used, func(limit, used int) int { return limit - used }).Watch()
	defer free.Close()

	limit.Set(10)
	used.Set(3)
	fmt.Println(free.Get(context.Background()))
	used.Set(7)
	fmt.Println(free.Get(context.Background()))
	// Output:
	// 7 <nil>
	// 3 <nil>
}

func ExampleCombineAll() {
	var a, b, c event.MemoryValue[bool]
	all := event.CombineAll(&a, &b, &c)
	go func() {
		for _, v := range []*event.MemoryValue[bool]{&a, &b, &c} {
			v.Set(true)
		}
	}()
	healthy, err := event.Wait(context.Background(), all, func([]bool) bool { return true })
	fmt.Println(healthy, err)
	// Output: [true true true] <nil>
}

// CombineAll takes ValueWatches, so that a slice of pointers is converted first.
func ExampleCombineAll_slice() {
	members := []*event.MemoryValue[bool]{event.New(true), event.New(false)}
	watched := make([]event.ValueWatch[bool], len(members))
	for i, m := range members {
		watched[i] = m
	}
	fmt.Println(event.Load(event.CombineAll(watched...)))
	// Output: [true false] true
}

// An end that followed a rejected pair is final within one Get, too.
func TestCombineLooksAtNothingAfterTheEnd(t *testing.T) {
	var a, b event.MemoryValue[int]
	a.Set(1)
	b.Set(1)
	w := event.Combine(&a, &b, paired).Watch()
	has(t, w, pair{1, 1})
	assert.NoError(t, b.CloseWithError(errors.New("cause")))
	a.Set(2)
	asked := 0
	_, err := w.Get(t.Context(), event.Filter(func(p pair) bool {
		asked++
		a.Set(p.a + 1)
		return asked > 100
	}))
	assert.ErrorIs(t, err, event.ErrClosed)
	assert.Equal(t, 1, asked)
}

// callsBack is a value from elsewhere whose Changed calls a function.
type callsBack struct {
	event.ValueWatch[int]
	changed *func()
}

type callsBackWatcher struct {
	event.Watcher[int]
	changed *func()
}

func (c callsBack) Watch() event.Watcher[int] {
	return callsBackWatcher{c.ValueWatch.Watch(), c.changed}
}

func (w callsBackWatcher) Changed() <-chan struct{} {
	if f := *w.changed; f != nil {
		*w.changed = nil
		f()
	}
	return w.Watcher.Changed()
}

// Foreign code may call back into the view, or panic, at any time.
func TestCombineCallsForeignCodeWithoutALock(t *testing.T) {
	for name, view := range map[string]func(a, b event.ValueWatch[int]) event.ValueWatch[pair]{
		"Foreign": func(a, b event.ValueWatch[int]) event.ValueWatch[pair] { return event.Combine(a, b, paired) },
		"RateOfForeign": func(a, b event.ValueWatch[int]) event.ValueWatch[pair] {
			return event.Combine(event.Rate(a, time.Nanosecond), b, paired)
		},
		"CombineOfForeign": func(a, b event.ValueWatch[int]) event.ValueWatch[pair] {
			inner := event.Combine(a, b, func(x, _ int) int { return x })
			return event.Combine(inner, b, paired)
		},
	} {
		t.Run(name, func(t *testing.T) {
			for calls := range 6 {
				synctest.Test(t, func(t *testing.T) {
					var a, b event.MemoryValue[int]
					var foreign func()
					w := view(callsBack{&a, &foreign}, &b).Watch()
					defer w.Close()
					a.Set(1)
					b.Set(1)
					_, err := w.Get(t.Context())
					require.NoError(t, err)
					var later func(n int)
					later = func(n int) {
						foreign = func() {
							if n > 0 {
								later(n - 1)
								return
							}
							w.Changed()
							panic("foreign")
						}
					}
					later(calls)
					for range 3 {
						func() {
							defer func() { _ = recover() }()
							w.Changed()
						}()
					}
					foreign = nil
					c := w.Changed()
					a.Set(2)
					<-c // It would hang if the foreign source were not followed.
				})
			}
		})
	}
}
