package event_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
)

func isOdd(n int) bool { return n%2 == 1 }

func TestWhereBeginsWithTheFirstAcceptedValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v event.MemoryValue[int]
		view := event.Where(&v, isOdd)
		v.Set(1)
		has(t, view.Watch(), 1)
		v.Set(2)
		w := view.Watch() // The 1 is gone.
		nothing(t, w)
		got := make(chan int, 1)
		go func() { n, _ := w.Get(t.Context()); got <- n }()
		for n := 4; n < 10; n += 2 {
			v.Set(n)
			synctest.Wait()
			assert.Empty(t, got)
		}
		v.Set(11)
		assert.Equal(t, 11, <-got)
	})
}

func TestWhereOfARejectedFinalValue(t *testing.T) {
	var v event.MemoryValue[int]
	view := event.Where(&v, isOdd)
	w := view.Watch()
	v.Set(1)
	has(t, w, 1)
	v.Set(2)
	_ = v.Close()
	for _, w := range []event.Watcher[int]{w, view.Watch()} {
		_, err := w.Get(t.Context())
		assert.Equal(t, event.ErrClosed, err)
		assert.False(t, opened(w.Changed()))
	}
}

func TestWhereIsAskedBeforeTheFilters(t *testing.T) {
	var v event.MemoryValue[int]
	w := event.Where(&v, isOdd).Watch()
	v.Set(2)
	_, err := now(t, w, event.Filter(func(int) bool { t.Error("asked about a rejected value"); return true }))
	assert.Equal(t, event.BacklogDone, err)
	v.Set(3)
	_, err = now(t, w, event.Filter(func(n int) bool { return n > 3 }))
	assert.Equal(t, event.BacklogDone, err)
	v.Set(5)
	has(t, w, 5)
}

// What a Get with BacklogOnly has left out counts as seen, and Combine waits for more.
func TestWhereUnderOtherViews(t *testing.T) {
	var a, b event.MemoryValue[int]
	w := event.Combine(event.Where(&a, isOdd), &b, paired).Watch()
	b.Set(10)
	a.Set(2)
	nothing(t, w)
	a.Set(3)
	has(t, w, pair{3, 10})
	a.Set(4)
	nothing(t, w)
	b.Set(11)
	has(t, w, pair{3, 11}) // The last accepted value stays.
	d := event.Distinct(event.Where(&a, isOdd)).Watch()
	a.Set(5)
	has(t, d, 5)
	a.Set(6)
	a.Set(5)
	nothing(t, d)
}

func TestWhereOfAPanickingPredicateConsumesNothing(t *testing.T) {
	var v event.MemoryValue[int]
	broken := true
	w := event.Where(&v, func(n int) bool {
		if broken {
			panic("boom")
		}
		return true
	}).Watch()
	v.Set(1)
	for range 2 {
		assert.PanicsWithValue(t, "boom", func() { _, _ = now(t, w) })
	}
	broken = false
	has(t, w, 1)
}

// Gets that meet do not share what they are made of.
func TestWhereGetDuringAGet(t *testing.T) {
	var v event.MemoryValue[int]
	w := event.Where(&v, isOdd).Watch()
	v.Set(1)
	n, err := now(t, w, event.Filter(func(int) bool {
		_, err := w.Get(t.Context(), event.Filter(func(int) bool { return false }))
		assert.Equal(t, event.ErrConcurrentGet, err)
		return true
	}))
	assert.NoError(t, err)
	assert.Equal(t, 1, n)
	v.Set(3)
	has(t, w, 3)
}

func TestWhereIsNoLoaderAndKeepsTheMark(t *testing.T) {
	var v event.MemoryValue[int]
	assert.NotImplements(t, (*event.Loader[int])(nil), event.Where(&v, isOdd))
	plain, keyed := event.Where(&v, isOdd), event.Where[int](entries{&v}, isOdd)
	assert.False(t, isKeyed(plain))
	assert.False(t, isKeyed(plain.Watch()))
	assert.True(t, isKeyed(keyed))
	assert.True(t, isKeyed(keyed.Watch()))
	v.Set(1)
	has(t, keyed.Watch(), 1)
}

func TestWhereAllocatesNothing(t *testing.T) {
	var v event.MemoryValue[int]
	w := event.Where(&v, func(int) bool { return true }).Watch()
	kept := []event.GetOption[int]{event.BacklogOnly[int](), event.Filter(isOdd)}
	for name, op := range map[string]func(){
		"Get":                   func() { v.Set(1); _, _ = w.Get(t.Context()) },
		"Get with kept options": func() { v.Set(1); _, _ = w.Get(t.Context(), kept...) },
	} {
		op()
		assert.EqualValues(t, 1, testing.AllocsPerRun(100, op), "%s: the Set", name)
	}
}

func ExampleWhere() {
	type job struct {
		Name  string
		Ready bool
	}
	var next event.MemoryValue[job]
	var workers event.MemoryValue[int]
	ready := event.Where(&next, func(j job) bool { return j.Ready })
	w := event.Combine(ready, &workers, func(j job, n int) string { return fmt.Sprint(j.Name, " for ", n) }).Watch()
	defer w.Close()

	workers.Set(3)
	next.Set(job{"build", true})
	fmt.Println(w.Get(context.Background()))
	next.Set(job{"test", false}) // Not yet.
	workers.Set(4)
	fmt.Println(w.Get(context.Background()))
	// Output:
	// build for 3 <nil>
	// build for 4 <nil>
}
