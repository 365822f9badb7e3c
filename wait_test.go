package event_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var v event.MemoryValue[int]
		go func() {
			for n := range 4 {
				v.Set(n)
				synctest.Wait()
			}
		}()
		n, err := event.Wait(ctx, &v, func(n int) bool { return n > 2 })
		assert.NoError(t, err)
		assert.Equal(t, 3, n)

		_ = v.Close()
		_, err = event.Wait(ctx, &v, func(int) bool { return false })
		assert.Equal(t, event.ErrClosed, err)
		cancel()
		_, err = event.Wait(ctx, &v, func(int) bool { return true })
		assert.Equal(t, context.Canceled, err)
	})
}

func TestAllGoesOnAfterAnErrorThatLeavesTheWatcherUsable(t *testing.T) {
	errBad := errors.New("bad value")
	var got []any
	for n, err := range event.All[int](t.Context(), script{gives(1), fails(errBad), gives(2), fails(event.ErrClosed)}) {
		if err != nil {
			got = append(got, err)
		} else {
			got = append(got, n)
		}
	}
	assert.Equal(t, []any{1, errBad, 2, event.ErrClosed}, got)
}

func TestValuesSkipsErrors(t *testing.T) {
	var got []int
	for n := range event.Values[int](t.Context(), script{gives(1), fails(errors.New("bad value")), gives(2), fails(event.ErrClosed)}) {
		got = append(got, n)
	}
	assert.Equal(t, []int{1, 2}, got)
}

func TestValuesEnds(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	v := event.New(1)
	none := event.Filter(func(int) bool { return false })
	for n := range event.Values(ended, v) {
		t.Error("under an ended context", n)
	}
	for n := range event.Values(t.Context(), v, event.BacklogOnly[int](), none) {
		t.Error("rejected", n)
	}
	calls := 0
	all := event.Values(t.Context(), v, event.BacklogOnly[int]())
	for range 2 { // It may be used again.
		for n := range all {
			assert.Equal(t, 1, n)
			calls++
		}
	}
	assert.Equal(t, 2, calls)
}

func TestValuesClosesItsWatcher(t *testing.T) {
	v := event.New(1)
	counts := v.Watchers()
	open := func(want int) {
		n, _ := event.Load(counts)
		assert.Equal(t, want, n)
	}
	for range event.Values(t.Context(), v) {
		open(1)
		break
	}
	open(0)
	assert.Panics(t, func() {
		for range event.Values(t.Context(), v) {
			panic("body")
		}
	})
	open(0)
	for range event.Values(t.Context(), v, event.BacklogOnly[int]()) {
		open(1)
	}
	open(0)
}

func TestAllYieldsTheEndOfItsContextAfterAnotherError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	errBad := errors.New("bad value")
	var errs []error
	for _, err := range event.All[int](ctx, script{fails(errBad)}) {
		errs = append(errs, err)
		cancel()
	}
	assert.Equal(t, []error{errBad, context.Canceled}, errs)
}

func TestAllEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var v event.MemoryValue[int]
	for name, c := range map[string]struct {
		ctx  context.Context
		opts []event.GetOption[int]
		want error
	}{
		"ByContext":     {ctx, nil, context.Canceled},
		"ByBacklogDone": {t.Context(), []event.GetOption[int]{event.BacklogOnly[int]()}, event.BacklogDone},
	} {
		var errs []error
		for _, err := range event.All(c.ctx, &v, c.opts...) {
			errs = append(errs, err)
		}
		assert.Equal(t, []error{c.want}, errs, name)
	}
}

func TestAllClosesItsWatcher(t *testing.T) {
	for name, leave := range map[string]func(all func(func(int, error) bool)){
		"Break": func(all func(func(int, error) bool)) { all(func(int, error) bool { return false }) },
		"Panic": func(all func(func(int, error) bool)) {
			assert.Panics(t, func() { all(func(int, error) bool { panic("body") }) })
		},
		"End": func(all func(func(int, error) bool)) { all(func(int, error) bool { return true }) },
	} {
		w := &scripted{script: script{gives(1), fails(event.ErrClosed)}}
		leave(event.All[int](t.Context(), watchOf{w}))
		assert.True(t, w.closed, name)
	}
}

// failing is a context that ends with an error that == cannot compare.
type failing struct{ context.Context }

func (f failing) Err() error {
	if f.Context.Err() != nil {
		return problems{"one"}
	}
	return nil
}

func TestAllYieldsAnUncomparableEndOnce(t *testing.T) {
	for name, when := range map[string]func(cancel func()){
		"before": func(cancel func()) { cancel() },
		"during": func(cancel func()) { go func() { synctest.Wait(); cancel() }() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				var v event.MemoryValue[int]
				when(cancel)
				n := 0
				for _, err := range event.All(failing{ctx}, &v) {
					n++
					require.Equal(t, problems{"one"}, err)
					require.Equal(t, 1, n)
				}
				assert.Equal(t, 1, n)
			})
		})
	}
}

// A flag that must be on before work begins is waited for once.
func ExampleWait() {
	var healthy event.MemoryValue[bool]
	go healthy.Set(true)

	_, err := event.Wait(context.Background(), &healthy, func(ok bool) bool { return ok })
	fmt.Println("healthy:", err == nil)
	// Output: healthy: true
}

// All is for loops that do nothing but follow.
func ExampleAll() {
	var leader event.MemoryValue[string]
	leader.Set("alice")

	for name, err := range event.All(context.Background(), &leader) {
		if err != nil {
			fmt.Println("the end:", errors.Is(err, event.ErrClosed))
			break
		}
		fmt.Println("leader:", name)
		leader.Close()
	}
	// Output:
	// leader: alice
	// the end: true
}

// Values is for loops that treat every end alike.
func ExampleValues() {
	var leader event.MemoryValue[string]
	leader.Set("alice")

	for name := range event.Values(context.Background(), &leader) {
		fmt.Println("leader:", name)
		leader.Close()
	}
	fmt.Println("the end:", leader.Err())
	// Output:
	// leader: alice
	// the end: event: value closed
}
