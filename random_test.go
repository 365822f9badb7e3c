package event_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/atomic"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/testkit"
	"github.com/eventvalue/event/internal/verify/model/replay"
)

var randomSeed = flag.Uint64("random.seed", 0, "run only the random program of this `seed`")

// TestRandomProgramsAgreeWithModel runs long random programs on several values and
// watchers and compares each step with the model. To see a failure again, run it with the
// -random.seed that it prints.
func TestRandomProgramsAgreeWithModel(t *testing.T) {
	const programs, steps = 12, 4000
	seeds := []uint64{*randomSeed}
	if seeds[0] == 0 {
		seeds = nil
		for range programs {
			seeds = append(seeds, rand.Uint64())
		}
	}
	n := steps
	if testing.Short() || testkit.RaceEnabled {
		n /= 8
	}
	for _, seed := range seeds {
		program := randomProgram(seed, steps)[:n*replay.StepSize]
		synctest.Test(t, func(t *testing.T) {
			limits := replay.Limits{Values: 4, Watchers: 12, Contexts: 6}
			if err := replay.Values(program, limits); err != nil {
				t.Errorf("-random.seed=%d: %v", seed, err)
			}
		})
	}
}

// TestRandomNotifyAgreesWithModel does so with broadcasts and waiters.
func TestRandomNotifyAgreesWithModel(t *testing.T) {
	const programs, steps = 100, 500
	for range programs {
		seed := rand.Uint64()
		if *randomSeed != 0 {
			seed = *randomSeed
		}
		program := randomBytes(seed, steps*replay.StepSize)
		synctest.Test(t, func(t *testing.T) {
			if err := replay.Notify(program); err != nil {
				t.Errorf("-random.seed=%d: %v", seed, err)
			}
		})
		if *randomSeed != 0 || testing.Short() {
			break
		}
	}
}

func randomBytes(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

// randomProgram is random bytes in which the operations have weights: what ends
// something for good is rare, and what follows it by chance frequent.
func randomProgram(seed uint64, steps int) []byte {
	weights := []struct{ op, weight byte }{
		{replay.Set, 30},
		{replay.Update, 8},
		{replay.Watch, 8},
		{replay.Get, 60},
		{replay.Backlog, 25},
		{replay.Changed, 20},
		{replay.CloseWatcher, 3},
		{replay.CloseValue, 1},
		{replay.Cancel, 6},
		{replay.NewContext, 12},
		{replay.CancelThenSet, 5},
		{replay.CloseThenSet, 2},
		{replay.Advance, 2},
		{replay.Renew, 4},
		{replay.Crowd, 1},
	}
	var ops []byte
	for _, w := range weights {
		for range w.weight {
			ops = append(ops, w.op)
		}
	}
	p := randomBytes(seed, steps*replay.StepSize)
	r := rand.New(rand.NewPCG(seed, 1))
	for i := 0; i < len(p); i += replay.StepSize {
		p[i] = ops[r.IntN(len(ops))]
	}
	return p
}

// TestRandomViews sets, closes and gets at random, and has each result judged. To see a failure
// again, run it with the -random.seed that it prints.
func TestRandomViews(t *testing.T) {
	for range max(sized(400), 20) {
		seed := *randomSeed
		if seed == 0 {
			seed = rand.Uint64()
		}
		for _, kind := range allViewKinds {
			synctest.Test(t, func(t *testing.T) {
				require.NoError(t, randomView(kind, rand.New(rand.NewPCG(seed, 0))), "-random.seed=%d, %s", seed, kind)
			})
		}
	}
}

// A judge knows what was set of two values, and what a watcher of a view may return of that.
// What it says is what the contract says, for one Get at a time.
type judge struct {
	kind     string
	versions [2]int // 0 is no data
	vals     [2]int
	ends     [2]error

	seen     [2]int // the versions last returned or passed
	last     int    // what was returned last
	returned bool
	at       time.Time // when
	over     error     // the end, once it was returned
	after    bool      // something was returned since a source has ended

	pause pause // of a Debounce
}

const judgedInterval = time.Minute

// accepted is the predicate of the Where that is judged.
func accepted(n int) bool { return n != 3 }

// A pause is what a Debounce has found.
type pause struct {
	longest time.Duration
	taken   int // the version that a Get has taken last
	first   time.Time
	due     time.Time
	found   int // the version that Changed has found last
	at      time.Time
}

// looks notes that a Get looks at the source.
func (j *judge) looks() {
	p := &j.pause
	if newest := j.versions[0]; newest != p.taken {
		at := time.Now()
		if p.found == newest {
			at = p.at
		}
		if p.taken == j.seen[0] {
			p.first = at
		}
		p.taken, p.due = newest, at.Add(judgedInterval)
		if end := p.first.Add(p.longest); end.Before(p.due) {
			p.due = end
		}
	}
}

// changed notes a call of Changed.
func (j *judge) changed() {
	if p := &j.pause; j.versions[0] != p.taken && j.versions[0] != p.found {
		p.found, p.at = j.versions[0], time.Now()
	}
}

// held reports whether what is unseen is held back.
func (j *judge) held() bool {
	switch j.kind {
	case "Rate":
		return j.returned && time.Since(j.at) < judgedInterval
	case "Debounce", "DebounceMax":
		return j.ends[0] == nil && (j.versions[0] != j.pause.taken || time.Now().Before(j.pause.due))
	}
	return false
}

// used is how many of the values the view is of.
func (j *judge) used() int {
	if j.kind == "Combine" || j.kind == "CombineAll" {
		return 2
	}
	return 1
}

// newest is what the view makes of what there is, and whether there is a whole.
func (j *judge) newest() (val int, whole bool) {
	val, whole = j.vals[0], j.versions[0] > 0
	if j.used() == 2 {
		val, whole = 1000*val+j.vals[1], whole && j.versions[1] > 0
	}
	return val, whole
}

func (j *judge) end() error {
	for _, end := range j.ends[:j.used()] {
		if end != nil {
			return end
		}
	}
	return nil
}

func (j *judge) same() bool {
	return j.versions[0] == j.seen[0] && (j.used() == 1 || j.versions[1] == j.seen[1])
}

// unseen reports whether there is something that is let through, now or, if held, later.
func (j *judge) unseen() (unseen, held bool) {
	val, whole := j.newest()
	unseen = whole && !j.same() && !(j.kind == "Distinct" && j.returned && val == j.last) && (j.kind != "Where" || accepted(val))
	return unseen, unseen && j.held()
}

// judge returns what is wrong with the result of a Get with BacklogOnly and a filter.
func (j *judge) judge(val int, err error, accepts func(int) bool) error {
	newest, whole := j.newest()
	unseen, held := j.unseen()
	there := unseen && !held && accepts(newest) && j.over == nil
	switch {
	case err == nil:
		if !there || val != newest {
			return fmt.Errorf("it returns %d, the newest is %d (unseen %t, held back %t, over %v)", val, newest, unseen, held, j.over)
		}
		j.last, j.returned, j.at, j.seen = val, true, time.Now(), j.versions
		j.after = j.end() != nil
		return nil
	case there && !j.after:
		return fmt.Errorf("it returns %w, though %d is unseen", err, newest)
	case errors.Is(err, event.ErrClosed):
		if j.end() == nil || held {
			return fmt.Errorf("it returns the end (held back: %t)", held)
		}
		if j.over == nil {
			j.over = err
		}
		if !errors.Is(err, j.over) {
			return fmt.Errorf("it returns %w, it has ended with %w", err, j.over)
		}
	case err == event.BacklogDone:
		if j.end() != nil && !held {
			return fmt.Errorf("it has ended with %w", j.end())
		}
	default:
		return err
	}
	if whole && !held {
		j.seen = j.versions // Passed.
	}
	return nil
}

func randomView(kind string, r *rand.Rand) error {
	var vs [2]event.MemoryValue[int]
	w := viewOfKind(kind, &vs[0], &vs[1]).Watch()
	defer w.Close()
	j := &judge{kind: kind, pause: pause{longest: 1000 * time.Hour}}
	if kind == "DebounceMax" {
		j.pause.longest = 2 * judgedInterval
	}
	var out <-chan struct{} // a channel that was open, and nothing has happened to be told of since
	for range 200 {
		i := r.IntN(2)
		switch op := r.IntN(100); {
		case op < 40:
			if n := r.IntN(4); j.ends[i] == nil {
				vs[i].Set(n)
				j.vals[i], j.versions[i] = n, j.versions[i]+1
			}
		case op < 41 && j.ends[i] == nil:
			j.ends[i] = fmt.Errorf("end %d", i)
			_ = vs[i].CloseWithError(j.ends[i])
		case op < 50:
			time.Sleep(time.Duration(r.IntN(70)) * time.Second)
			synctest.Wait()
		case op < 52:
			j.changed()
			w.Changed()
		case op < 60: // A Get that fails consumes nothing, whatever it has taken.
			ctx, cancel := context.WithCancel(context.Background())
			j.looks()
			_, err := w.Get(ctx, event.BacklogOnly[int](), event.Filter(func(int) bool { cancel(); return true }))
			if asked := ctx.Err() != nil; asked && !errors.Is(err, context.Canceled) {
				return fmt.Errorf("a Get whose context ends returns %w", err)
			} else if cancel(); asked {
				break
			}
			if err := j.judge(0, err, func(int) bool { return true }); err != nil {
				return fmt.Errorf("a Get with nothing to ask about: %w", err)
			}
		default:
			least := r.IntN(3) * 2
			accepts := func(n int) bool { return n%4 >= least }
			j.looks()
			val, err := w.Get(context.Background(), event.BacklogOnly[int](), event.Filter(accepts))
			if err := j.judge(val, err, accepts); err != nil {
				return err
			}
			if c := w.Changed(); err == event.BacklogDone {
				if !opened(c) {
					return errors.New("after BacklogDone, Changed is closed, though nothing has happened")
				}
				out = c
			}
		}
		unseen, held := j.unseen()
		if unseen && !held || j.end() != nil && !held {
			if out != nil && opened(out) || opened(w.Changed()) {
				return fmt.Errorf("Changed is open, though something is unseen (%t) or it has ended (%v)", unseen, j.end())
			}
			out = nil
		}
	}
	return nil
}

// TestConcurrentViews has a producer for each source of a view and several consumers,
// all at once, and judges what each consumer gets: guarantees 2 and 3 for each part,
// and what comes before the end for the whole.
func TestConcurrentViews(t *testing.T) {
	for _, c := range []struct {
		name    string
		sources int
		view    func(vs []event.ValueWatch[int]) event.ValueWatch[[]int]
	}{
		{"Combine", 2, func(vs []event.ValueWatch[int]) event.ValueWatch[[]int] {
			return event.Combine(vs[0], vs[1], func(a, b int) []int { return []int{a, b} })
		}},
		{"CombineOfCombine", 3, func(vs []event.ValueWatch[int]) event.ValueWatch[[]int] {
			pairs := event.Combine(vs[0], vs[1], func(a, b int) []int { return []int{a, b} })
			return event.Combine(pairs, vs[2], func(p []int, c int) []int { return []int{p[0], p[1], c} })
		}},
		{"CombineOfForeign", 3, func(vs []event.ValueWatch[int]) event.ValueWatch[[]int] {
			return event.CombineAll(vs[0], unloadable{vs[1]}, vs[2])
		}},
		{"Memo", 1, func(vs []event.ValueWatch[int]) event.ValueWatch[[]int] {
			return event.Memo(vs[0], func(n int) []int { return []int{n} })
		}},
		{"CombineOfMemos", 2, func(vs []event.ValueWatch[int]) event.ValueWatch[[]int] {
			same := func(n int) int { return n }
			return event.Combine(event.Memo(vs[0], same), event.Memo(vs[1], same), func(a, b int) []int { return []int{a, b} })
		}},
		{"CombineAllOfFew", 5, func(vs []event.ValueWatch[int]) event.ValueWatch[[]int] { return event.CombineAll(vs...) }},
		{"CombineAllOfMany", 40, func(vs []event.ValueWatch[int]) event.ValueWatch[[]int] { return event.CombineAll(vs...) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range max(sized(60), 5) {
				a := newArena(c.sources)
				a.nested = c.name == "CombineOfCombine"
				a.run(t, c.view)
			}
		})
	}
}

// An arena is the sources of a view under test, with what is known of them.
type arena struct {
	vs []event.MemoryValue[int]

	// Producers store these: begun before a Set, done after it. The value that is set
	// is its number, from 1 on.
	begun, done []atomic.Int64

	// returned is the newest value of each source that a consumer has returned.
	returned []atomic.Int64

	causes   []error   // why each source ends, or nil
	last     []int64   // the last value of each source
	atClose  [][]int64 // done of all sources when a source with a cause was closed
	strictly bool      // returned binds other consumers

	// nested reports that the first two sources are a Combine of their own. It may
	// have ended, with the cause of one of them, in a Get that returned a value all
	// the same. What the other is set to after that is not news of the Combine.
	nested bool
	ending []atomic.Bool // set before a source is closed with a cause
}

// binds reports whether a Get that has returned had to see all Sets of source i that
// had returned before it.
func (a *arena) binds(i int) bool { return !a.nested || i > 1 || !a.ending[1-i].Load() }

func newArena(sources int) *arena {
	a := &arena{
		vs: make([]event.MemoryValue[int], sources), begun: make([]atomic.Int64, sources), done: make([]atomic.Int64, sources),
		returned: make([]atomic.Int64, sources), causes: make([]error, sources), last: make([]int64, sources),
		atClose: make([][]int64, sources), strictly: sources <= 16, ending: make([]atomic.Bool, sources),
	}
	for i := range a.vs {
		a.last[i] = int64(1 + rand.IntN(20))
		if rand.IntN(2*sources) == 0 {
			a.causes[i] = fmt.Errorf("cause %d", i)
		}
	}
	return a
}

func (a *arena) run(t *testing.T, view func([]event.ValueWatch[int]) event.ValueWatch[[]int]) {
	sources := make([]event.ValueWatch[int], len(a.vs))
	for i := range a.vs {
		sources[i] = &a.vs[i]
	}
	v := view(sources)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // A watchdog: it is not reached.
	defer cancel()
	var all sync.WaitGroup
	for kind := range 3 {
		w := v.Watch()
		all.Go(func() {
			defer w.Close()
			assert.NoError(t, a.consume(ctx, w, kind))
		})
	}
	for i := range a.vs {
		all.Go(func() { a.produce(i) })
	}
	all.Wait()
}

// produce sets the values of a source and closes it.
func (a *arena) produce(i int) {
	for n := range a.last[i] {
		a.begun[i].Store(n + 1)
		a.vs[i].Set(int(n + 1))
		a.done[i].Store(n + 1)
		if rand.IntN(3) == 0 {
			runtime.Gosched()
		}
	}
	if a.causes[i] != nil {
		a.ending[i].Store(true)
		a.atClose[i] = newestOf(a.done)
	}
	_ = a.vs[i].CloseWithError(a.causes[i])
}

func newestOf(of []atomic.Int64) []int64 {
	vals := make([]int64, len(of))
	for i := range of {
		vals[i] = of[i].Load()
	}
	return vals
}

// consume follows the view to its end, in a way of the given kind, and returns what is
// wrong.
func (a *arena) consume(ctx context.Context, w event.Watcher[[]int], kind int) error {
	last := make([]int, len(a.vs))
	for {
		if kind == 1 {
			select {
			case <-w.Changed():
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		done, returned := newestOf(a.done), newestOf(a.returned)
		var opts []event.GetOption[[]int]
		if kind > 0 {
			opts = append(opts, event.BacklogOnly[[]int]())
		}
		vals, err := w.Get(ctx, opts...)
		switch {
		case err == event.BacklogDone:
			runtime.Gosched()
			continue
		case errors.Is(err, event.ErrClosed):
			return a.judgeEnd(err, last)
		case err != nil:
			return err
		}
		moved := false
		for i, val := range vals {
			switch n := int64(val); {
			case val < last[i]:
				return fmt.Errorf("source %d goes back from %d to %d", i, last[i], val)
			case n < done[i] && a.binds(i):
				return fmt.Errorf("source %d: %d, although Set(%d) had returned", i, val, done[i])
			case n > a.begun[i].Load():
				return fmt.Errorf("source %d: %d, which was not set", i, val)
			case a.strictly && n < returned[i] && a.binds(i):
				return fmt.Errorf("source %d: %d, although another Get has returned %d", i, val, returned[i])
			}
			moved = moved || val > last[i]
			for {
				old := a.returned[i].Load()
				if int64(val) <= old || a.returned[i].CompareAndSwap(old, int64(val)) {
					break
				}
			}
		}
		if !moved {
			return fmt.Errorf("%v twice", vals)
		}
		last = vals
	}
}

// judgeEnd returns what is wrong with the end of the view, before which last was
// returned.
func (a *arena) judgeEnd(end error, last []int) error {
	var of *event.SourceError
	if !errors.As(end, &of) {
		for i, val := range last {
			if int64(val) != a.last[i] {
				return fmt.Errorf("all have ended, and %d of source %d is the last, not %d", val, i, a.last[i])
			}
		}
		return nil
	}
	for i, cause := range a.causes {
		if cause == nil || !errors.Is(end, cause) {
			continue
		}
		if last[0] == 0 {
			return nil // There never was a whole.
		}
		if int64(last[i]) != a.last[i] {
			return fmt.Errorf("source %d has ended with %d, and %d was returned last", i, a.last[i], last[i])
		}
		for j, least := range a.atClose[i] {
			if int64(last[j]) < least {
				return fmt.Errorf("source %d was at %d when source %d ended, and %d was returned last", j, least, i, last[j])
			}
		}
		return nil
	}
	return fmt.Errorf("no source has ended with %w", end)
}
