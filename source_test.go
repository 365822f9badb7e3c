package event_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
)

func TestCombineOverWatchersFromElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a, b, c event.MemoryValue[int]
		view := event.CombineAll[int](unloadable{&a}, &b, event.Map[int](unloadable{&c}, func(n int) int { return n }))
		w := view.Watch()
		before := testkit.Goroutines()
		changed := w.Changed()
		synctest.Wait()
		assert.Equal(t, before+1, testkit.Goroutines(), "one goroutine for all")
		b.Set(1)
		synctest.Wait()
		assert.False(t, opened(changed))
		assert.Equal(t, before, testkit.Goroutines(), "the channel has closed")
		nothing(t, w)
		changed = w.Changed()
		c.Set(2)
		synctest.Wait()
		assert.False(t, opened(changed))
		nothing(t, w)
		w.Changed()
		got := make(chan []int)
		go func() { ns, _ := w.Get(t.Context()); got <- ns }()
		synctest.Wait()
		a.Set(3)
		assert.Equal(t, []int{3, 1, 2}, <-got)
		synctest.Wait()
		w.Changed()
		assert.NoError(t, w.Close())
		synctest.Wait()
		assert.Equal(t, before, testkit.Goroutines(), "given back by Close")
	})
}

// One select takes at most 65,536 cases.
func TestCombineOfVeryManyWatchersFromElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		vs := make([]event.MemoryValue[int], 1<<16+10)
		sources := make([]event.ValueWatch[int], len(vs))
		for i := range vs {
			vs[i].Set(1)
			sources[i] = unloadable{&vs[i]}
		}
		w := event.CombineAll(sources...).Watch()
		vals, err := now(t, w)
		assert.NoError(t, err)
		assert.Len(t, vals, len(vs))
		changed, got := w.Changed(), make(chan int)
		go func() {
			vals, err := w.Get(t.Context())
			assert.NoError(t, err)
			got <- vals[len(vals)-1]
		}()
		synctest.Wait()
		assert.True(t, opened(changed))
		vs[len(vs)-1].Set(2)
		assert.Equal(t, 2, <-got)
		<-changed
		assert.NoError(t, w.Close())
	})
}
