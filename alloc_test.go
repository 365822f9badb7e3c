package event_test

import (
	"context"
	"math"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/park"
)

// TestAllocations pins what the operations that do not wait allocate.
func TestAllocations(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var v, other event.MemoryValue[int]
	v.Set(1)
	other.Set(1)
	w := v.Watch()
	ended := event.New(1)
	_ = ended.Close()
	mapped := event.Map(&v, func(n int) int { return n })
	mw := mapped.Watch()
	kept := []event.GetOption[int]{event.Filter(func(int) bool { return true }), event.BacklogOnly[int]()}
	for _, c := range []struct {
		name string
		want float64
		op   func()
	}{
		{"Set", 1, func() { v.Set(2) }},
		{"Load", 0, func() { v.Load() }},
		{"Update that publishes", 1, func() { v.Update(func(int, bool) (int, bool) { return 3, true }) }},
		{"Update that does not", 0, func() { v.Update(func(int, bool) (int, bool) { return 4, false }) }},
		{"Set, Get", 1, func() { v.Set(5); _, _ = w.Get(ctx) }},
		{"Set, Get with kept options", 1, func() { v.Set(6); _, _ = w.Get(ctx, kept...) }},
		{"Get with BacklogOnly and nothing", 0, func() { _, _ = w.Get(ctx, kept...) }},
		{"Set, Changed", 1, func() { v.Set(7); w.Changed() }},
		{"New", 2, func() { escaped = event.New(8) }},
		{"Err", 0, func() { _, _ = v.Err(), ended.Err() }},
		{"Load of a ValueWatch", 0, func() { event.Load(mapped) }},
		{"Version, Behind", 0, func() { event.Version(mw); event.Behind(mw) }},
		{"LoadVersion", 0, func() { event.LoadVersion(&v); event.LoadVersion(mapped) }},
		{"Until, cancel", 16, func() {
			_, cancel := event.Until(ctx, &other, func(int) bool { return false })
			cancel()
		}},
		{"Watch, Get, Close", 1, func() {
			w := other.Watch()
			_, _ = w.Get(ctx)
			_ = w.Close()
		}},
	} {
		assert.Equal(t, c.want, testing.AllocsPerRun(100, c.op), c.name)
	}
}

// escaped keeps what a test has made on the heap.
var escaped any

// TestAllocationsOfTryGet pins that a TryGet adds none, on each kind of watcher. A CombineAll
// allocates its slice.
func TestAllocationsOfTryGet(t *testing.T) {
	for name, view := range map[string]func(v *event.MemoryValue[int]) event.ValueWatch[int]{
		"MemoryValue": func(v *event.MemoryValue[int]) event.ValueWatch[int] { return v },
		"Map": func(v *event.MemoryValue[int]) event.ValueWatch[int] {
			return event.Map(v, func(n int) int { return n })
		},
		"Distinct": func(v *event.MemoryValue[int]) event.ValueWatch[int] { return event.Distinct(v) },
		"Combine": func(v *event.MemoryValue[int]) event.ValueWatch[int] {
			return event.Combine(v, v, func(a, _ int) int { return a })
		},
		"Where": func(v *event.MemoryValue[int]) event.ValueWatch[int] {
			return event.Where(v, func(int) bool { return true })
		},
		"Rate":     func(v *event.MemoryValue[int]) event.ValueWatch[int] { return event.Rate(v, 1) },
		"Debounce": func(v *event.MemoryValue[int]) event.ValueWatch[int] { return event.Debounce(v, 1) },
	} {
		ctx, v, n := t.Context(), new(event.MemoryValue[int]), 0
		w := view(v).Watch()
		kept := []event.GetOption[int]{event.Filter(func(int) bool { return true })}
		try := func(opts ...event.GetOption[int]) {
			n++
			v.Set(n)
			for found := false; !found; { // A Rate or a Debounce may hold back.
				_, found, _ = event.TryGet(ctx, w, opts...)
			}
			_, _, _ = event.TryGet(ctx, w, opts...)
		}
		try()
		assert.EqualValues(t, 1, testing.AllocsPerRun(100, func() { try() }), "%s: that of the Set", name)
		assert.EqualValues(t, 1, testing.AllocsPerRun(100, func() { try(kept...) }), "%s: that of the Set", name)
	}

	v := event.New(1)
	w := unloadable{v}.Watch()
	assert.EqualValues(t, 1, testing.AllocsPerRun(100, func() { _, _, _ = event.TryGet(t.Context(), w) }), "elsewhere")
}

// TestAllocationsOfChanged pins what a round of Changed, Set and Get allocates: the
// channel, the state that carries it and the snapshot. In addition, a CombineAll
// allocates its slice, its signal, and the relay that it takes again with the state
// that carries that.
func TestAllocationsOfChanged(t *testing.T) {
	var v event.MemoryValue[int]
	w := v.Watch()
	round := func() {
		c := w.Changed()
		v.Set(1)
		<-c
		_, _ = w.Get(t.Context())
	}
	round()
	assert.EqualValues(t, 3, testing.AllocsPerRun(100, round))

	vs, sources := make([]event.MemoryValue[int], 5), make([]event.ValueWatch[int], 5)
	for i := range vs {
		vs[i].Set(0)
		sources[i] = &vs[i]
	}
	all := event.CombineAll(sources...).Watch()
	_, _ = all.Get(t.Context())
	combined := func() {
		c := all.Changed()
		vs[3].Set(1)
		<-c
		_, _ = all.Get(t.Context())
	}
	combined()
	assert.EqualValues(t, 7, testing.AllocsPerRun(100, combined))
}

// TestAllocationsOfCombineAll pins that a Get of a CombineAll for which nobody waits
// allocates the slice that it returns, however many sources there are.
func TestAllocationsOfCombineAll(t *testing.T) {
	vs, sources := make([]event.MemoryValue[int], 100), make([]event.ValueWatch[int], 100)
	for i := range vs {
		vs[i].Set(0)
		sources[i] = &vs[i]
	}
	w := event.CombineAll(sources...).Watch()
	round := func() {
		vs[50].Set(1)
		_, err := w.Get(t.Context())
		assert.NoError(t, err)
	}
	for range 3 { // The first Get looks at all sources, the second arms their hooks.
		round()
	}
	assert.EqualValues(t, 2, testing.AllocsPerRun(100, round), "the Set's state and the slice")
}

// TestAllocationsOfWaiting pins that a Get that waits again under one context allocates nothing.
func TestAllocationsOfWaiting(t *testing.T) {
	const rounds = 2000
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var there, back event.MemoryValue[int]
	var echo sync.WaitGroup
	defer echo.Wait()
	defer there.Close()
	echo.Go(func() {
		for n := range event.Values(ctx, &there) {
			back.Set(n)
		}
	})
	w := back.Watch()
	defer w.Close()
	allocated := testing.AllocsPerRun(rounds, func() {
		there.Set(1)
		_, err := w.Get(ctx)
		require.NoError(t, err)
	})
	assert.InDelta(t, 2, allocated, 0.5, "two Sets, and nothing for two Gets")
}

// TestAllocationsOfASetThatWakes pins that a Set's allocations do not grow with the
// number of waiters. A Set allocates the snapshot and, from a few waiters on, the
// hand-off and the state that its chains share.
func TestAllocationsOfASetThatWakes(t *testing.T) {
	for n, want := range map[int]uint64{1: 1, park.Inline: 1, park.Inline + 1: 3, 1000: 3} {
		least := uint64(math.MaxUint64) // Of some tries: the runtime allocates, too, now and then.
		for range 10 {
			synctest.Test(t, func(t *testing.T) { least = min(least, mallocsOfSet(t, n)) })
		}
		assert.LessOrEqual(t, least, want, "%d watchers", n)
	}
}

// mallocsOfSet returns how many objects a Set allocates on which n watchers wait.
func mallocsOfSet(t *testing.T, n int) uint64 {
	var v event.MemoryValue[int]
	var wg sync.WaitGroup
	defer wg.Wait()
	for range n {
		wg.Go(func() {
			w := v.Watch()
			defer w.Close()
			_, _ = w.Get(t.Context())
		})
	}
	synctest.Wait()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // Else what they allocate counts, too.
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	v.Set(1)
	runtime.ReadMemStats(&after)
	return after.Mallocs - before.Mallocs
}

// TestSnapshotSize pins what a Set allocates: 24 bytes for an int where those have 8.
func TestSnapshotSize(t *testing.T) {
	want := 2*unsafe.Sizeof(uintptr(0)) + unsafe.Sizeof(uint64(0))
	assert.Equal(t, want, event.SnapshotSize[int]())
}

// TestWatcherSize pins what a Watch allocates.
func TestWatcherSize(t *testing.T) {
	want := map[uintptr]uintptr{8: 64, 4: 36}[unsafe.Sizeof(uintptr(0))]
	assert.Equal(t, want, event.WatcherSize[int]())
}

// TestInlining pins what the fast paths consist of: of the compiler's report on a program
// that uses them, on a 64-bit and a 32-bit machine. (On the latter a Load is a call: two
// words are compared there.)
func TestInlining(t *testing.T) {
	both := []string{
		"can inline event.(*snapshot[go.shape.int]).seenState",
		"can inline event.(*snapshot[go.shape.int]).final",
		"inlining call to event.(*watcherState).load",
		"inlining call to event.(*watcherState).cas",
		"inlining call to event.(*atomicPtr[go.shape.struct { github.com/eventvalue/event.version",
		"inlining call to atomic.(*UnsafePointer).Load",
	}
	for arch, want := range map[string][]string{
		"amd64": append([]string{"inlining call to event.(*MemoryValue[go.shape.int]).Load"}, both...),
		"386":   both,
	} {
		t.Run(arch, func(t *testing.T) {
			report := compile(t, arch, "-m")
			for _, line := range want {
				assert.True(t, strings.Contains(report, line), line)
			}
		})
	}
}

// TestGetCallsNothing pins that Get's fast path is made of bare instructions: all that Get
// calls is the context, by a register, the slow path, and, if it is registered with a
// context, what asks whether that is another. The wait is in Get itself: see park.Receive.
func TestGetCallsNothing(t *testing.T) {
	code := compile(t, "amd64", "-S")
	start := regexp.MustCompile(`(?m)^\S*event\.\(\*watcher\[go\.shape\.int\]\)\.Get STEXT`).FindStringIndex(code)
	require.NotNil(t, start)
	body := code[start[0]:]
	if end := regexp.MustCompile(`(?m)^\S.* STEXT`).FindAllStringIndex(body, 2); len(end) == 2 {
		body = body[:end[1][0]]
	}
	assert.True(t, strings.Contains(body, "CMPXCHGQ"), "the compare-and-swap is there")
	assert.True(t, strings.Contains(body, "runtime.chanrecv1(SB)"), "the receive is there")
	assert.True(t, strings.Contains(body, "runtime.selectgo(SB)"), "the select is there")
	allowed := regexp.MustCompile(`^(\w\w|.*\.(getSlow|Prepare|finishWait|getBusy|RegisteredElsewhere)\(SB\)|runtime\.(chanrecv1|selectgo|gopanic|morestack_noctxt|panic\w+)\(SB\))$`)
	for _, call := range regexp.MustCompile(`\tCALL\t(.+)`).FindAllStringSubmatch(body, -1) {
		assert.Regexp(t, allowed, call[1], "a call instead of an instruction")
	}
}

// compile returns what the compiler says, under the given flag, of a small program that
// uses the package.
func compile(t *testing.T, arch, flag string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("compiles the package")
	}
	cmd := exec.Command("go", "build", "-gcflags="+flag, "-o", t.TempDir()+"/out", "./testdata/inline")
	cmd.Env = append(cmd.Environ(), "GOARCH="+arch, "GOOS=linux", "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	require.NotEmpty(t, out, "the compiler says something")
	return string(out)
}
