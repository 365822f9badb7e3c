package inspect_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/inspect"
	other "github.com/eventvalue/event/inspect/testdata/inspect"
	"github.com/eventvalue/event/internal/testkit"
)

func TestTrackListsOpenWatchers(t *testing.T) {
	before := inspect.Groups()
	synctest.Test(t, func(t *testing.T) {
		v := event.New(1)
		publish(t, "v", v)
		assert.Empty(t, find(t, "v").Tracked)
		opened := time.Now()
		idle := inspect.Track("idle", v).Watch()
		time.Sleep(time.Second)
		waits := inspect.Track("waits", v).Watch()
		_, err := waits.Get(t.Context())
		require.NoError(t, err)
		v.Set(2)
		v.Set(3)
		_, err = waits.Get(t.Context())
		require.NoError(t, err)
		done := make(chan error)
		go func() {
			_, err := waits.Get(t.Context())
			done <- err
		}()
		synctest.Wait()
		info := find(t, "v")
		assert.Equal(t, 2, info.TrackedTotal)
		assert.Equal(t, 2, info.Watchers)
		assert.Equal(t, uint64(3), info.WorstLag)
		assert.Equal(t, []inspect.Tracked{
			{Name: "idle", Version: 0, Lag: 3, Versioned: true, Opened: opened},
			{Name: "waits", Version: 3, Lag: 0, Versioned: true, Opened: opened.Add(time.Second), Waiting: true},
		}, info.Tracked)
		_ = waits.Close()
		assert.Equal(t, event.ErrWatcherClosed, <-done)
		_ = waits.Close()
		assert.Equal(t, 1, find(t, "v").TrackedTotal)
		_ = idle.Close()
		assert.Empty(t, find(t, "v").Tracked)
		assert.Equal(t, before, inspect.Groups())
	})
}

// TestTrackedUnderAView checks that a view over a tracked value has tracked watchers, and
// that the result of Track can be published.
func TestTrackedUnderAView(t *testing.T) {
	v := event.New(1)
	tracked := inspect.Track("below", v)
	publish(t, "v", tracked)
	w := event.Map(tracked, func(n int) string { return fmt.Sprint(n) }).Watch()
	defer w.Close()
	info := find(t, "v")
	assert.Equal(t, 1, info.TrackedTotal)
	assert.Equal(t, 1, info.Watchers)
	assert.True(t, info.Versioned)
}

func TestTrackedValueLoads(t *testing.T) {
	v := event.New(1)
	v.Set(2)
	tracked := inspect.Track("t", v)
	val, version, ok := event.LoadVersion(tracked)
	assert.Equal(t, []any{2, uint64(2), true}, []any{val, version, ok})
	val, version, ok = event.LoadVersion(event.Map(tracked, func(n int) int { return 10 * n }))
	assert.Equal(t, []any{20, uint64(2), true}, []any{val, version, ok})
	combined := event.Combine(v, v, func(a, b int) int { return a + b })
	tracked = inspect.Track("t", combined)
	_, _, ok = event.LoadVersion(tracked)
	assert.False(t, ok)
	val, ok = event.Load(event.Distinct(tracked))
	assert.Equal(t, []any{4, true}, []any{val, ok})
	_, is := inspect.Track("t", event.Where(v, func(int) bool { return true })).(event.Loader[int])
	assert.False(t, is)
}

func TestTryGetOfTracked(t *testing.T) {
	w := inspect.Track("t", event.New(1)).Watch()
	defer w.Close()
	val, ok, err := event.TryGet(t.Context(), w)
	assert.Equal(t, []any{1, true, nil}, []any{val, ok, err})
	_, ok, err = event.TryGet(t.Context(), w)
	assert.Equal(t, []any{false, nil}, []any{ok, err})
	w = inspect.Track("t", foreign{event.New(1)}).Watch()
	defer w.Close()
	val, ok, err = event.TryGet(t.Context(), w)
	assert.Equal(t, []any{1, true, nil}, []any{val, ok, err})
	_, ok = event.Version(w)
	assert.False(t, ok)
}

// foreign is a value whose watchers this module does not know.
type foreign struct{ event.ValueWatch[int] }

func (f foreign) Watch() event.Watcher[int] { return foreignWatcher{f.ValueWatch.Watch()} }

type foreignWatcher struct{ event.Watcher[int] }

// slices are values that cannot be compared.
type slices []event.ValueWatch[int]

func (s slices) Watch() event.Watcher[int] { return s[0].Watch() }

func TestIncomparableValue(t *testing.T) {
	before := inspect.Groups()
	v := slices{event.New(1)}
	publish(t, "slices", v)
	w := inspect.Track("t", v).Watch()
	assert.Zero(t, find(t, "slices").TrackedTotal)
	_ = w.Close()
	assert.Equal(t, before, inspect.Groups())
}

// TestWorstHundred has more tracked watchers than are listed.
func TestWorstHundred(t *testing.T) {
	const n = 1000
	v := event.New(0)
	publish(t, "v", v)
	for i := range n {
		w := inspect.Track(fmt.Sprint(i), v).Watch()
		defer w.Close()
		if i < n/2 { // Each passes one version more than the one before; the later half passes none.
			_, err := w.Get(t.Context())
			require.NoError(t, err)
			v.Set(i)
		}
	}
	for range 10 {
		v.Set(0)
	}
	info := find(t, "v")
	assert.Equal(t, n, info.TrackedTotal)
	assert.Equal(t, info.Version, info.WorstLag)
	require.Len(t, info.Tracked, inspect.MaxTracked)
	for i, w := range info.Tracked {
		assert.Equal(t, fmt.Sprint(n/2+i), w.Name, "the oldest first")
		assert.Equal(t, info.Version, w.Lag)
	}
}

// TestNamesAreCountedOverAll has more tracked watchers of a name than are listed, and more names.
func TestNamesAreCountedOverAll(t *testing.T) {
	v := event.New(0)
	publish(t, "v", v)
	for i := range 5 * inspect.MaxTracked {
		name := "many"
		if i%2 == 0 {
			name = fmt.Sprint("one ", i)
		}
		w := inspect.Track(name, v).Watch()
		defer w.Close()
	}
	names := find(t, "v").TrackedNames
	require.Len(t, names, inspect.MaxTracked)
	assert.Equal(t, []any{"one 0", 1, uint64(1), true}, []any{names[0].Name, names[0].Open, names[0].WorstLag, names[0].LagKnown}, "the oldest first")
	assert.Equal(t, []any{"many", 5 * inspect.MaxTracked / 2}, []any{names[1].Name, names[1].Open})
	assert.True(t, names[0].Oldest.Before(names[1].Oldest))
}

func TestProfileHasStacks(t *testing.T) {
	before := inspect.Profile().Count()
	w := openedHere()
	assert.Equal(t, before+1, inspect.Profile().Count())
	var b bytes.Buffer
	require.NoError(t, inspect.Profile().WriteTo(&b, 1))
	assert.Regexp(t, `(?m)^1 @.*\n#\t\w+\t\S*openedHere\+`, b.String(), "the stack begins at the caller of Watch")
	_ = w.Close()
	_ = w.Close()
	assert.Equal(t, before, inspect.Profile().Count())
	assert.Equal(t, "event.watchers", inspect.Profile().Name())
}

// TestProfileHasFunctionsOfOthers opens a watcher in a package that is also called inspect.
func TestProfileHasFunctionsOfOthers(t *testing.T) {
	w := other.Open(event.New(1))
	defer w.Close()
	var b bytes.Buffer
	require.NoError(t, inspect.Profile().WriteTo(&b, 1))
	assert.Regexp(t, `(?m)^1 @.*\n#\t\w+\t\S*trackedPool\S*Open\+`, b.String(), "the stack begins at the caller of Watch")
}

//go:noinline
func openedHere() event.Watcher[int] { return inspect.Track("p", event.New(1)).Watch() }

func TestPanicInAPredicateEndsTheGet(t *testing.T) {
	v := event.New(1)
	publish(t, "v", v)
	w := inspect.Track("t", v).Watch()
	defer w.Close()
	assert.Panics(t, func() { _, _ = w.Get(context.Background(), event.Filter(func(int) bool { panic("boom") })) })
	assert.False(t, find(t, "v").Tracked[0].Waiting)
}

// TestProfileIsReadByPprof has go tool pprof read the profile.
func TestProfileIsReadByPprof(t *testing.T) {
	w := openedHere()
	defer w.Close()
	file := filepath.Join(t.TempDir(), "watchers.pb.gz")
	f, err := os.Create(file)
	require.NoError(t, err)
	require.NoError(t, inspect.Profile().WriteTo(f, 0))
	require.NoError(t, f.Close())
	out, err := exec.Command("go", "tool", "pprof", "-top", "-symbolize=none", file).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "Type: event.watchers")
	assert.Contains(t, string(out), "openedHere")
}

// TestTrackObjects has the numbers of objects that the documentation of Track states.
func TestTrackObjects(t *testing.T) {
	if testkit.RaceEnabled {
		t.Skip("the race detector allocates")
	}
	const runs = 1000
	v := event.New(1)
	ws := make([]event.Watcher[int], 0, 4*runs)
	tracked := inspect.Track("w", v)
	assert.LessOrEqual(t, testing.AllocsPerRun(runs, func() { tracked = inspect.Track("w", v) }), 2.0)
	plain := testing.AllocsPerRun(runs, func() { ws = append(ws, v.Watch()) })
	assert.LessOrEqual(t, testing.AllocsPerRun(runs, func() { ws = append(ws, tracked.Watch()) }), plain+5)
	w := tracked.Watch()
	assert.Zero(t, testing.AllocsPerRun(runs, func() { _, _, _ = event.TryGet(t.Context(), w) }))
	for _, w := range append(ws, w) {
		_ = w.Close()
	}
}
