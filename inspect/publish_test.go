package inspect_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/inspect"
)

// publish publishes v until the end of the test.
func publish[T any](t testing.TB, name string, v event.ValueWatch[T], opts ...inspect.Option[T]) (unpublish func()) {
	t.Helper()
	unpublish, err := inspect.Publish(name, v, opts...)
	require.NoError(t, err)
	t.Cleanup(unpublish)
	return unpublish
}

// find returns the Info of the given name.
func find(t testing.TB, name string) inspect.Info {
	t.Helper()
	for _, info := range inspect.Values() {
		if info.Name == name {
			return info
		}
	}
	t.Fatalf("%q is not listed", name)
	return inspect.Info{}
}

func names() (all []string) {
	for _, info := range inspect.Values() {
		all = append(all, info.Name)
	}
	return all
}

func TestPublishListsByName(t *testing.T) {
	a, b := event.New(1), event.New("x")
	unpublishB := publish(t, "b", b)
	unpublishA := publish(t, "a", a)
	assert.Equal(t, []string{"a", "b"}, names())
	unpublishA()
	assert.Equal(t, []string{"b"}, names())
	publish(t, "a", b)
	unpublishA()
	assert.Equal(t, []string{"a", "b"}, names(), "a later value of the name is not affected")
	unpublishB()
	unpublishB()
	assert.Equal(t, []string{"a"}, names())
}

func TestPublishErrors(t *testing.T) {
	v := event.New(1)
	publish(t, "taken", v)
	view := event.Map(v, func(n int) int { t.Error("called for nothing"); return n })
	combined := event.Combine(v, v, func(a, b int) int { t.Error("called for nothing"); return a + b })
	for want, f := range map[error]func() (func(), error){
		inspect.ErrPublished: func() (func(), error) { return inspect.Publish("taken", view) },
		inspect.ErrName:      func() (func(), error) { return inspect.Publish("a\xff", view) },
		inspect.ErrNoEnd:     func() (func(), error) { return inspect.Publish("endless", combined, inspect.UntilEnd[int]()) },
	} {
		unpublish, err := f()
		assert.ErrorIs(t, err, want)
		assert.Regexp(t, `"taken"|"a\\xff"|"endless"`, err.Error(), "the error names the name")
		unpublish()
	}
	_, err := inspect.Publish("", view)
	assert.ErrorIs(t, err, inspect.ErrName)
	assert.Equal(t, []string{"taken"}, names())
}

// A foreignPointer is a value of another package.
type foreignPointer struct{ event.ValueWatch[int] }

func TestBadUsePanics(t *testing.T) {
	var none *event.MemoryValue[int]
	assert.PanicsWithValue(t, "inspect: Publish: nil value", func() { _, _ = inspect.Publish[int]("x", nil) })
	assert.PanicsWithValue(t, "inspect: Publish: nil value", func() { _, _ = inspect.Publish("x", none) })
	assert.PanicsWithValue(t, "inspect: Publish: nil value", func() { _, _ = inspect.Publish[int]("x", (*foreignPointer)(nil)) })
	assert.PanicsWithValue(t, "inspect: Track: nil value", func() { inspect.Track("x", none) })
	assert.PanicsWithValue(t, "inspect: Show: nil function", func() { inspect.Show[int](nil) })
	assert.PanicsWithValue(t, "inspect: Log: nil value", func() { _ = inspect.Log(t.Context(), discard, none, "x") })
	assert.PanicsWithValue(t, "inspect: Log: nil logger", func() { _ = inspect.Log(t.Context(), nil, event.New(1), "x") })
	assert.Empty(t, names())
}

func TestUntilEnd(t *testing.T) {
	v := event.New(1)
	publish(t, "ends", v, inspect.UntilEnd[int]())
	publish(t, "stays", v)
	assert.Equal(t, []string{"ends", "stays"}, names())
	_ = v.CloseWithError(errors.New("the reason"))
	again := event.New(2)
	publish(t, "ends", again)
	assert.Equal(t, uint64(1), find(t, "ends").Version)
	assert.False(t, find(t, "ends").Ended)
	stays := find(t, "stays")
	assert.True(t, stays.Ended)
	assert.Equal(t, "ended", stays.State)
	assert.Equal(t, v.Err().Error(), stays.End)
}

// TestViewsReportTheEnd closes the source of views.
func TestViewsReportTheEnd(t *testing.T) {
	v := event.New(1)
	same := func(n int) int { return n }
	views := map[string]event.ValueWatch[int]{
		"map": event.Map(v, same), "memo": event.Memo(v, same), "distinct": event.Distinct(v),
		"where": event.Where(v, func(int) bool { return true }), "rate": event.Rate(v, time.Hour),
		"debounce": event.Debounce(v, time.Hour), "deep": event.Map(event.Distinct(v), same),
		"of tracked": event.Map(inspect.Track("t", v), same),
	}
	for name, view := range views {
		publish(t, name, view)
		assert.False(t, find(t, name).Ended, name)
	}
	publish(t, "until its end", views["map"], inspect.UntilEnd[int]())
	_ = v.CloseWithError(errors.New("the reason"))
	for name := range views {
		assert.True(t, find(t, name).Ended, name)
		assert.Contains(t, find(t, name).End, "closed", name)
	}
	assert.NotContains(t, names(), "until its end")
}

// An endless value has an Err that uses the package.
type endless struct{ *event.MemoryValue[int] }

func (endless) Err() error {
	inspect.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/?value=none", nil))
	return nil
}

func TestErrRunsWithoutALock(t *testing.T) {
	publish(t, "endless", endless{event.New(1)}, inspect.UntilEnd[int]())
	_, err := inspect.Publish("endless", event.New(1))
	assert.ErrorIs(t, err, inspect.ErrPublished)
	assert.Equal(t, []string{"endless"}, names())
}

// TestEndedValuesAreNotKept publishes many values until their ends, and looks at none.
func TestEndedValuesAreNotKept(t *testing.T) {
	for n := range 1000 {
		v := event.New(n)
		publish(t, fmt.Sprint("short", n), v, inspect.UntilEnd[int]())
		_ = v.Close()
		require.Less(t, inspect.Held(), 40)
	}
}

func TestUnpublishedValueIsGarbage(t *testing.T) {
	before := inspect.Groups()
	v := event.New(make([]byte, 100))
	gone := weak.Make(v)
	unpublish := publish(t, "garbage", v)
	w := inspect.Track("a watcher", v).Watch()
	inspect.Values()
	_ = w.Close()
	unpublish()
	v = nil
	require.Eventually(t, func() bool { runtime.GC(); return gone.Value() == nil }, time.Minute, time.Millisecond)
	runtime.KeepAlive(unpublish)
	runtime.KeepAlive(w)
	assert.Equal(t, before, inspect.Groups())
}

func TestInfoOfMemoryValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := new(event.MemoryValue[string])
		publish(t, "fresh", v)
		info := find(t, "fresh")
		assert.Equal(t, "no data", info.State)
		assert.True(t, info.Versioned)
		assert.False(t, info.HasData)
		assert.Equal(t, int64(-1), info.Size)

		v.Set("secret")
		w := v.Watch()
		defer w.Close()
		publish(t, "v", v)
		for range 20 {
			v.Set("secret")
		}
		first := time.Now()
		time.Sleep(time.Minute)
		info = find(t, "v")
		assert.Equal(t, "string", info.Type)
		assert.Equal(t, uint64(21), info.Version)
		assert.Equal(t, uint64(20), info.Sets)
		assert.Equal(t, int64(unsafe.Sizeof("")+6), info.Size)
		assert.Equal(t, 1, info.Watchers)
		assert.Equal(t, first, info.Published)
		assert.Equal(t, first.Add(time.Minute), info.Seen, "a look finds the version first")
		assert.Equal(t, info.Seen, info.At)
		assert.Equal(t, "open", info.State)
		assert.Empty(t, info.Text)
		assert.Zero(t, info.Rate)

		time.Sleep(10 * time.Second)
		for range 5 {
			v.Set("x")
		}
		later := find(t, "v")
		assert.Equal(t, 0.5, later.Rate, "5 in 10 s")
		assert.Equal(t, info.Seen.Add(10*time.Second), later.Seen)
		assert.Equal(t, 0.5, find(t, "v").Rate, "two looks at once are no time")
		time.Sleep(time.Second)
		assert.Zero(t, find(t, "v").Rate)
		assert.Equal(t, later.Seen, find(t, "v").Seen)
	})
}

func TestInfoOfView(t *testing.T) {
	v, calls := event.New(1), 0
	publish(t, "map", event.Map(v, func(n int) int { calls++; return n }), inspect.Show(func(n int) string { return fmt.Sprint(n) }))
	publish(t, "combine", event.Combine(v, v, func(a, b int) int { return a + b }), inspect.Show(func(n int) string { return fmt.Sprint(n) }))
	publish(t, "where", event.Where(v, func(int) bool { return true }))
	v.Set(2)
	m, c, w := find(t, "map"), find(t, "combine"), find(t, "where")
	assert.Equal(t, []any{uint64(2), true, uint64(1), "2", -1}, []any{m.Version, m.Versioned, m.Sets, m.Text, m.Watchers})
	assert.True(t, m.Shown && c.Shown && !w.Shown)
	assert.Equal(t, []any{uint64(0), false, true, "4"}, []any{c.Version, c.Versioned, c.HasData, c.Text})
	assert.Equal(t, []any{false, false, "open"}, []any{w.Versioned, w.HasData, w.State})
	v.Set(3)
	assert.Equal(t, "6", find(t, "combine").Text)
}

func TestShowRunsOncePerVersion(t *testing.T) {
	v, calls := event.New(1), 0
	publish(t, "counted", v, inspect.Show(func(n int) string { calls++; return fmt.Sprint(n) }))
	for range 3 {
		assert.Equal(t, "1", find(t, "counted").Text)
	}
	assert.Equal(t, 1, calls)
	v.Set(2)
	assert.Equal(t, "2", find(t, "counted").Text)
}
