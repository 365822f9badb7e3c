package event_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

// hooked is a value from elsewhere whose watchers call functions: one when they have taken something, one
// when they are asked for a channel.
type hooked struct {
	event.ValueWatch[int]
	took, asked func()
}

type hookedWatcher struct {
	event.Watcher[int]
	of *hooked
}

func (h *hooked) Watch() event.Watcher[int] { return hookedWatcher{h.ValueWatch.Watch(), h} }

func (w hookedWatcher) Get(ctx context.Context, opts ...event.GetOption[int]) (int, error) {
	n, err := w.Watcher.Get(ctx, opts...)
	if err == nil && w.of.took != nil {
		w.of.took()
	}
	return n, err
}

func (w hookedWatcher) Changed() <-chan struct{} {
	if w.of.asked != nil {
		w.of.asked()
	}
	return w.Watcher.Changed()
}

// holding are the views that hold a value back that a Get has taken.
var holding = map[string]func(event.ValueWatch[int]) event.ValueWatch[int]{
	"Rate":     func(v event.ValueWatch[int]) event.ValueWatch[int] { return event.Rate(v, time.Hour) },
	"Debounce": func(v event.ValueWatch[int]) event.ValueWatch[int] { return event.Debounce(v, time.Hour) },
}

// A Get may take a value from the source and hold it back. Only that Get can close
// a channel that Changed returned in the meantime.
func TestIntakeChangedDuringAGetIsNotLate(t *testing.T) {
	for name, over := range holding {
		synctest.Test(t, func(t *testing.T) {
			var v event.MemoryValue[int]
			source := &hooked{ValueWatch: &v}
			w := over(source).Watch()
			defer w.Close()
			v.Set(1)
			_, err := w.Get(t.Context())
			require.NoError(t, err)
			v.Set(2)
			var changed <-chan struct{}
			source.took = func() { changed = w.Changed() }
			nothing(t, w)
			<-changed
			n, err := w.Get(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, 2, n, name)
		})
	}
}

// A channel must not be late if a whole Get runs while Changed makes the channel,
// at whichever step of Changed the Get runs.
func TestIntakeGetDuringChangedMakesItNotLate(t *testing.T) {
	for name, over := range holding {
		for step := range 3 {
			synctest.Test(t, func(t *testing.T) {
				var v event.MemoryValue[int]
				source := &hooked{ValueWatch: &v}
				w := over(source).Watch()
				defer w.Close()
				v.Set(1)
				_, err := w.Get(t.Context())
				require.NoError(t, err)
				steps := 0
				source.asked = func() {
					if steps++; steps == step+1 {
						v.Set(2)
						nothing(t, w)
					}
				}
				changed := w.Changed()
				source.asked = nil
				assert.Greater(t, steps, step, name)
				<-changed
				n, err := w.Get(t.Context())
				assert.NoError(t, err)
				assert.Equal(t, 2, n, name)
			})
		}
	}
}
