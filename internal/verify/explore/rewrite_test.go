package explore_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/internal/verify/explore"
)

// TestRewriteRefusesWhatItDoesNotKnow has constructs that would escape the
// scheduler, or that need a thought before they are let in.
func TestRewriteRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, c := range []struct{ want, imports, body string }{
		{"sync.WaitGroup", `"sync"`, `var wg sync.WaitGroup; wg.Wait()`},
		{"sync.Cond", `"sync"`, `var c sync.Cond; c.Wait()`},
		{"sync.Once", `"sync"`, `var o sync.Once; o.Do(func() {})`},
		{"atomic.AddInt64", `"sync/atomic"`, `var n int64; atomic.AddInt64(&n, 1)`},
		{"atomic.Value", `"sync/atomic"`, `var v atomic.Value; v.Load()`},
		{"context.WithCancel", `"context"`, `_, f := context.WithCancel(context.Background()); f()`},
		{"time.Sleep", `"time"`, `time.Sleep(1)`},
		{"maps.Keys", `"maps"`, `for range maps.Keys(map[int]int{}) {}`},
		{"reflect.Select", `"reflect"`, `reflect.Select(nil)`},
		{"import of os", `"os"`, `os.Getpid()`},
		{"runtime.Gosched", `"runtime"`, `runtime.Gosched()`},
		{"unsafe.Sizeof", `"unsafe"`, `_ = unsafe.Sizeof(0)`},
		{"under another name", `a "sync/atomic"`, `var n a.Int32; n.Load()`},
		{"under another name", `. "sync/atomic"`, `var n Int32; n.Load()`},
		{"range over *types.Chan", ``, `for range make(chan int) {}`},
		{"range over a map", ``, `for range map[int]int{} {}`},
		{"len of a channel", ``, `_ = len(make(chan int))`},
		{"close that is deferred or started", ``, `defer close(make(chan int))`},
		{"select whose case assigns", ``, `c := make(chan int); select { case v := <-c: _ = v }`},
		{"two changes of the same text", ``, `c := make(chan (chan int)); select { case <-<-c: }`},
		{"case that is longer than a line", ``, "select { case <-func() chan int {\n return nil }(): }"},
		{"receive in a var declaration", ``, `var v = <-make(chan int); _ = v`},
		{"go statement with more than two", ``, `go func(a, b, c int) {}(1, 2, 3)`},
		{"*ast.BranchStmt", ``, "again:\n goto again"},
		{"recover", ``, `_ = recover()`},
	} {
		t.Run(c.want, func(t *testing.T) {
			imports := ""
			if c.imports != "" {
				imports = "import " + c.imports + "\n"
			}
			_, err := explore.Rewrite("x.go", "package park\n"+imports+"func f() {\n"+c.body+"\n}\n")
			require.ErrorContains(t, err, c.want)
			assert.Contains(t, err.Error(), "x.go:", "it says where")
		})
	}
}

const before = `package park

import (
	"context"
	"sync"

	"sync/atomic"
)

func f(ctx context.Context, c chan int, mu *sync.Mutex, n *atomic.Int32) int {
	go f(ctx, c)
	defer context.AfterFunc(ctx, func() { close(c) })()
	for n.Load() < 3 {
		c <- 1 + <-c
		v, ok := <-c
	}
	select {
	case <-ctx.Done():
		return 1
	case c <- 2:
	default:
	}
	select {
	case <-c:
		return 2
	}
}
`

const after = `package park; import sched "github.com/eventvalue/event/internal/verify/explore/sched"

import (
	"context"
	"github.com/eventvalue/event/internal/verify/explore/sched/sync"

	"github.com/eventvalue/event/internal/verify/explore/sched/atomic"
)

func f(ctx context.Context, c chan int, mu *sync.Mutex, n *atomic.Int32) int {
	sched.Go2(f, ctx, c)
	defer sched.AfterFunc(ctx, func() { sched.Close(c) })()
	for n.Load() < 3 {sched.Loop();
		sched.Send(c , 1 + sched.Recv(c))
		v, ok := sched.Recv2(c)
	}
	switch sched.SelectDefault(sched.OnRecv(ctx.Done()), sched.OnSend(c, 2)) {
	case 0:
		return 1
	case 1:
	default:
	}
	switch sched.Select(sched.OnRecv(c)) {
	case 0:
		return 2
	default: panic("no case"); }
}

var _ context.Context
`

// TestRewrite shows what becomes of each construct. All of it stays on its
// line.
func TestRewrite(t *testing.T) {
	text := strings.NewReplacer("go f(ctx, c)", "go func(context.Context, chan int) {}(ctx, c)", "v, ok :=", "_, _ =").Replace
	got, err := explore.Rewrite("x.go", text(before))
	require.NoError(t, err)
	head, got, _ := strings.Cut(got, "*/")
	assert.Regexp(t, `^/\*line .*/x\.go:1:1$`, head)
	want := strings.NewReplacer("sched.Go2(f,", "sched.Go2(func(context.Context, chan int) {},", "v, ok :=", "_, _ =").Replace(after)
	assert.Equal(t, want, got)
}

const beforeSkip = `package park

import (
	"os"
	"time"
)

type watcher[T any] struct{}

// wait waits.
//
//explore:skip sleeps
func (w *watcher[T]) wait(c chan T) (n int, err error) {
	time.Sleep(1)
	go func(a, b, c int) { _ = recover() }(1, 2, 3)
	for range c {
		<-c
	}
	return os.Getpid(), nil
}

//explore:skip sleeps
func short() { time.Sleep(1) }

//explore:skip receives in a case
func twice(c chan chan int) { select { case <-<-c: } }

func rewritten(c chan int) { <-c }
`

// TestSkip shows that a skipped function keeps its body, even with packages
// that are on no list, and gets a guard.
func TestSkip(t *testing.T) {
	got, err := explore.Rewrite("x.go", beforeSkip)
	require.NoError(t, err)
	_, got, _ = strings.Cut(got, "*/")
	want := strings.NewReplacer(
		"package park", `package park; import sched "github.com/eventvalue/event/internal/verify/explore/sched"`,
		"(n int, err error) {", `(n int, err error) {sched.Skipped("func (w *watcher[T]) wait");`,
		"func short() {", `func short() {sched.Skipped("func short");`,
		"twice(c chan chan int) {", `twice(c chan chan int) {sched.Skipped("func twice");`,
		"rewritten(c chan int) { <-c }", "rewritten(c chan int) { sched.Recv(c) }",
	).Replace(beforeSkip)
	assert.Equal(t, want, got)
}

// TestSkipIsRefused has directives that are wrong.
func TestSkipIsRefused(t *testing.T) {
	const (
		unknown   = "unknown directive //explore:"
		noReason  = "directive without a reason"
		notAFunc  = "directive that is not in the doc comment of a function with a body"
		notNeeded = "directive that is not needed"
		sleep     = "{ time.Sleep(1) }"
	)
	for _, c := range []struct{ name, want, code string }{
		{"Typo", unknown + "skp", "//explore:skp sleeps\nfunc f() " + sleep},
		{"Space", unknown, "//explore: skip sleeps\nfunc f() " + sleep},
		{"Elsewhere", unknown + "x", "//explore:x\nvar _ = 1"},
		{"NoReason", noReason, "//explore:skip\nfunc f() " + sleep},
		{"BlankReason", noReason, "//explore:skip \t \nfunc f() " + sleep},
		{"Type", notAFunc, "//explore:skip sleeps\ntype t int"},
		{"Variable", notAFunc, "//explore:skip sleeps\nvar f = func() " + sleep},
		{"NoBody", notAFunc, "//explore:skip sleeps\nfunc f()"},
		{"NotItsDoc", notAFunc, "//explore:skip sleeps\n\nfunc f() " + sleep},
		{"InABody", notAFunc, "func f() {\n//explore:skip sleeps\ntime.Sleep(1)\n}"},
		{"NotNeeded", notNeeded, "//explore:skip sleeps\nfunc f(c chan int) { go f(c); <-c }"},
		{"Atomic", "atomic.Bool in a function that is skipped", "//explore:skip sleeps\nfunc f() { var b atomic.Bool; b.Load(); time.Sleep(1) }"},
		{"Mutex", "sync.Mutex in a function that is skipped", "//explore:skip sleeps\nfunc f(*sync.Mutex) " + sleep},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := explore.Rewrite("x.go", `package park
import ("sync"; "sync/atomic"; "time")
var mu sync.Mutex
var b atomic.Bool
var d time.Duration
`+c.code+"\n")
			require.ErrorContains(t, err, c.want)
			assert.Contains(t, err.Error(), "x.go:", "it says where")
		})
	}
}
