package event_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/capability"
)

// unloadable is a value from elsewhere, which has no Load and whose watchers have nothing
// but what they must.
type unloadable struct{ event.ValueWatch[int] }

type plainWatcher struct{ event.Watcher[int] }

func (u unloadable) Watch() event.Watcher[int] { return plainWatcher{u.ValueWatch.Watch()} }

// entries is a keyed value, as far as the package knows.
type entries struct{ event.ValueWatch[int] }

type entriesWatcher struct{ event.Watcher[int] }

func (entries) Keyed() bool        { return true }
func (entriesWatcher) Keyed() bool { return true }

func (e entries) Watch() event.Watcher[int] { return entriesWatcher{e.ValueWatch.Watch()} }

func isKeyed(x any) bool { return capability.Of(x).Keyed }

// overInts are all views that there are of several values.
func overInts(vs ...event.ValueWatch[int]) map[string]any {
	return map[string]any{
		"Map":         event.Map(vs[0], func(n int) int { return n + 1 }),
		"Distinct":    event.Distinct(vs[0]),
		"Rate":        event.Rate(vs[0], time.Second),
		"Debounce":    event.Debounce(vs[0], time.Second),
		"Memo":        event.Memo(vs[0], func(n int) int { return n + 1 }),
		"Combine":     event.Combine(vs[0], vs[1], func(a, b int) int { return a + b }),
		"CombineAll":  event.CombineAll(vs...),
		"MapOfRate":   event.Map(event.Rate(vs[0], time.Second), func(n int) int { return n + 2 }),
		"CombineMaps": event.Combine(event.Map(vs[0], func(n int) int { return -n }), vs[1], func(a, b int) int { return a - b }),
	}
}

var viewKinds = []string{"Map", "Distinct", "Where", "Memo", "Rate", "Combine", "CombineAll"}

// allViewKinds has also those that hold back even the first value.
var allViewKinds = append([]string{"Debounce", "DebounceMax"}, viewKinds...)

// viewOfKind returns a view of that kind of two values, or the first of them.
func viewOfKind(kind string, a, b event.ValueWatch[int]) event.ValueWatch[int] {
	join := func(a, b int) int { return 1000*a + b }
	switch kind {
	case "Map":
		return event.Map(a, func(n int) int { return n })
	case "Distinct":
		return event.Distinct(a)
	case "Where":
		return event.Where(a, accepted)
	case "Memo":
		return event.Memo(a, func(n int) int { return n })
	case "Rate":
		return event.Rate(a, judgedInterval)
	case "Debounce":
		return event.Debounce(a, judgedInterval)
	case "DebounceMax":
		return event.DebounceMax(a, judgedInterval, 2*judgedInterval)
	case "Combine":
		return event.Combine(a, b, join)
	}
	return event.Map(event.CombineAll(a, b), func(all []int) int { return join(all[0], all[1]) })
}

func TestViewsAreLoadersWhereTheirSourcesAre(t *testing.T) {
	var a, b event.MemoryValue[int]
	for name, view := range overInts(&a, &b) {
		load(t, name, view, nil, false)
	}
	a.Set(1)
	for name, view := range overInts(&a, &b) {
		switch name {
		case "Combine", "CombineAll", "CombineMaps":
			load(t, name, view, nil, false)
		}
	}
	b.Set(2)
	for i := range 2 { // Also once they have ended.
		views := overInts(&a, &b)
		load(t, "Map", views["Map"], 2+i, true)
		load(t, "Distinct", views["Distinct"], 1+i, true)
		load(t, "Memo", views["Memo"], 2+i, true)
		load(t, "Rate", views["Rate"], 1+i, true)
		load(t, "Debounce", views["Debounce"], 1+i, true)
		load(t, "Combine", views["Combine"], 3+i, true)
		load(t, "CombineAll", views["CombineAll"], []int{1 + i, 2}, true)
		load(t, "MapOfRate", views["MapOfRate"], 3+i, true)
		load(t, "CombineMaps", views["CombineMaps"], -3-i, true)
		a.Set(2)
		assert.NoError(t, a.Close())
	}
	for name, view := range overInts(unloadable{&a}, &b) {
		assert.NotImplements(t, (*event.Loader[int])(nil), view, name)
		assert.NotImplements(t, (*event.Loader[[]int])(nil), view, name)
	}
	for name, view := range overInts(&a, unloadable{&b}) {
		_, of := view.(event.Loader[int])
		assert.Equal(t, name == "Map" || name == "Memo" || name == "Distinct" || name == "Rate" || name == "Debounce" || name == "MapOfRate", of, name)
		assert.NotImplements(t, (*event.Loader[[]int])(nil), view, name)
	}
}

func load(t *testing.T, name string, view, want any, ok bool) {
	t.Helper()
	switch l := view.(type) {
	case event.Loader[int]:
		got, has := l.Load()
		assert.Equal(t, ok, has, name)
		if ok {
			assert.Equal(t, want, got, name)
		} else {
			assert.Zero(t, got, name)
		}
	case event.Loader[[]int]:
		got, has := l.Load()
		assert.Equal(t, ok, has, name)
		if ok {
			assert.Equal(t, want, got, name)
		} else {
			assert.Nil(t, got, name)
		}
	default:
		assert.Fail(t, "no Loader", name)
	}
}

func TestLoad(t *testing.T) {
	var v event.MemoryValue[int]
	check := func(view event.ValueWatch[int], want int, wantOK bool) {
		t.Helper()
		n, ok := event.Load(view)
		assert.Equal(t, wantOK, ok)
		assert.Equal(t, want, n)
	}
	check(&v, 0, false)
	v.Set(1)
	check(&v, 1, true)
	check(event.Rate(&v, time.Second), 1, true)
	check(event.Map[int](shouting{&v}, func(n int) int { return -n }), -100, true)
	check(unloadable{&v}, 0, false)
}

func ExampleLoad() {
	var limit event.MemoryValue[int]
	double := event.Map(&limit, func(n int) int { return 2 * n })
	fmt.Println(event.Load(double))
	limit.Set(10)
	fmt.Println(event.Load(double))
	// Output:
	// 0 false
	// 20 true
}

func TestMapKeepsTheMarkOfAKeyedValue(t *testing.T) {
	var v event.MemoryValue[int]
	id := func(n int) int { return n }
	plain := event.Map(&v, id)
	assert.False(t, isKeyed(plain))
	assert.False(t, isKeyed(plain.Watch()))
	view := event.Map(event.Map[int](entries{&v}, id), id)
	assert.True(t, isKeyed(view))
	assert.True(t, isKeyed(view.Watch()))
	v.Set(1)
	has(t, view.Watch(), 1)
	assert.NotImplements(t, (*event.Loader[int])(nil), view)
	loader := event.Map[int](loadableEntries{entries{&v}, &v}, id)
	assert.True(t, isKeyed(loader))
	assert.True(t, isKeyed(loader.Watch()))
	assert.Implements(t, (*event.Loader[int])(nil), loader)
}

// behindEntries is a keyed value whose watchers know how far behind they are.
type behindEntries struct{ entries }

type behindEntriesWatcher struct{ event.Watcher[int] }

func (behindEntriesWatcher) Keyed() bool            { return true }
func (behindEntriesWatcher) Behind() (uint64, bool) { return 3, true }

func (e behindEntries) Watch() event.Watcher[int] {
	return behindEntriesWatcher{e.entries.Watch()}
}

func TestMapOfAKeyedValueKnowsHowFarBehindItIs(t *testing.T) {
	var v event.MemoryValue[int]
	w := event.Map[int](behindEntries{entries{&v}}, func(n int) int { return n }).Watch()
	assert.True(t, isKeyed(w))
	assert.EqualValues(t, 3, behind(t, w))
}

type loadableEntries struct {
	entries
	event.Loader[int]
}

// A watcher that is printed or logged by accident does not show a value, which may be
// a secret.
func TestPrintedWatchersShowNoValue(t *testing.T) {
	for _, kind := range allViewKinds {
		synctest.Test(t, func(t *testing.T) {
			var a, b event.MemoryValue[int]
			view := viewOfKind(kind, &a, &b)
			w := view.Watch()
			defer w.Close()
			a.Set(987654321)
			b.Set(987654321)
			_, err := w.Get(t.Context())
			assert.NoError(t, err)
			for _, verb := range []string{"%v", "%s", "%+v", "%#v"} {
				for _, x := range []any{w, view, struct{ W, w any }{w, w}} {
					assert.NotContains(t, fmt.Sprintf(verb, x), "987654321", "%s %s", kind, verb)
				}
			}
		})
	}
}
