package inspect_test

import (
	"testing"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/eventtest"
	"github.com/eventvalue/event/inspect"
)

type item = eventtest.Item

func TestTrackKeepsTheGuarantees(t *testing.T) {
	eventtest.Run(t, func(testing.TB) eventtest.Subject {
		source := new(event.MemoryValue[*item])
		v := inspect.Track("conformance", source)
		return eventtest.Subject{Set: source.Set, Watch: v.Watch, Load: v.(event.Loader[*item]).Load, Update: source.Update, Close: source.CloseWithError}
	})
}

func TestTrackOfViewsKeepsTheGuarantees(t *testing.T) {
	if testing.Short() {
		t.Skip("TestTrackKeepsTheGuarantees is the short one")
	}
	same := func(i *item) *item { return i }
	for name, over := range map[string]func(*event.MemoryValue[*item]) event.ValueWatch[*item]{
		"TrackOfMap": func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return inspect.Track("conformance", event.Map(v, same))
		},
		"MapOfTrackOfTrack": func(v *event.MemoryValue[*item]) event.ValueWatch[*item] {
			return event.Map(inspect.Track("outer", inspect.Track("inner", v)), same)
		},
	} {
		t.Run(name, func(t *testing.T) {
			eventtest.Run(t, func(testing.TB) eventtest.Subject {
				source := new(event.MemoryValue[*item])
				v := over(source)
				return eventtest.Subject{Set: source.Set, Watch: v.Watch, Load: v.(event.Loader[*item]).Load, Close: source.CloseWithError}
			})
		})
	}
	t.Run("CombineOfTrack", func(t *testing.T) {
		eventtest.Run(t, func(testing.TB) eventtest.Subject {
			source, one := new(event.MemoryValue[*item]), event.New(1)
			_ = one.Close()
			v := event.Combine(one, inspect.Track("conformance", source), func(_ int, i *item) *item { return i })
			return eventtest.Subject{Set: source.Set, Watch: v.Watch, Close: source.CloseWithError}
		}, eventtest.NoAllocation, eventtest.Collectable, eventtest.PreciseChanges)
	})
}
