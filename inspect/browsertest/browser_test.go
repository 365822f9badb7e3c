package browsertest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/inspect"
)

// patience is the time after which something has not happened.
const patience = time.Minute

// browserPath returns the path of the browser. In CI it installs the browser where it is
// missing; elsewhere the test is skipped.
func browserPath(t *testing.T) string {
	find := func() string {
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome", "headless-shell"} {
			if path, err := exec.LookPath(name); err == nil {
				return path
			}
		}
		return ""
	}
	if path := find(); path != "" {
		return path
	}
	if os.Getenv("CI") == "" {
		t.Skip("THE PAGE IS NOT TESTED: there is no browser. make browser installs Chromium and runs this test.")
	}
	out, err := exec.Command("sh", "-c", "apt-get update -q && apt-get install -qy chromium").CombinedOutput()
	require.NoError(t, err, string(out))
	path := find()
	require.NotEmpty(t, path)
	return path
}

// A tab is a tab of a browser that shows the page.
type tab struct {
	*testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string // what the console has, except for requests to a server that is gone
	requests []string
	down     bool // the server is gone: failed requests are expected
}

// newTab opens a browser with an empty tab.
func newTab(t *testing.T, width, height int, options ...chromedp.ExecAllocatorOption) *tab {
	t.Helper()
	options = append(append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browserPath(t)), chromedp.NoSandbox,
		chromedp.WindowSize(width, height), chromedp.Flag("disable-background-networking", true)), options...)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*patience)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &tab{T: t, ctx: ctx}
	chromedp.ListenTarget(ctx, b.note)
	b.do(network.Enable(), log.Enable(), runtime.Enable(), chromedp.EmulateViewport(int64(width), int64(height)))
	return b
}

// note notes what must not happen.
func (b *tab) note(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, ev.Request.URL)
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, "exception: "+ev.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		b.problems = append(b.problems, fmt.Sprint("console: ", ev.Type))
	case *log.EventEntryAdded:
		if !(b.down && ev.Entry.Source == log.SourceNetwork) {
			b.problems = append(b.problems, "log: "+ev.Entry.Text+" "+ev.Entry.URL)
		}
	}
}

// do runs actions.
func (b *tab) do(actions ...chromedp.Action) {
	b.Helper()
	require.NoError(b, chromedp.Run(b.ctx, actions...))
}

// eval returns the value of an expression in the page.
func eval[T any](b *tab, expression string) (val T) {
	b.Helper()
	b.do(chromedp.Evaluate(expression, &val))
	return val
}

// until waits until an expression is true in the page.
func (b *tab) until(expression string) {
	b.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		var is bool
		if err := chromedp.Run(b.ctx, chromedp.Evaluate("!!("+expression+")", &is)); err == nil && is {
			return
		} else if time.Now().After(end) {
			b.Fatalf("never true: %s (%v)\n%s", expression, err, eval[string](b, "document.body.innerText"))
		}
	}
}

// clean fails the test if the console has an error, or if something was loaded from elsewhere
// than address.
func (b *tab) clean(address string) {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b, b.problems)
	require.NotEmpty(b, b.requests)
	for _, url := range b.requests {
		if url != "about:blank" && url != "data:," {
			require.Contains(b, url, address)
		}
	}
}

// A server serves the page on one address, and can be stopped and started again.
type server struct {
	t       *testing.T
	address string
	http    *http.Server
	page    http.Handler

	mu      sync.Mutex
	streams int // that are open
	opened  int // in all
}

// ServeHTTP serves the page and counts its streams.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("format") == "events" {
		s.count(1)
		defer s.count(-1)
	}
	s.page.ServeHTTP(w, r)
}

func (s *server) count(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams += n
	s.opened += max(n, 0)
}

// counts returns the number of open streams, and of all.
func (s *server) counts() (streams, opened int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.streams, s.opened
}

func newServer(t *testing.T) *server {
	s := &server{t: t, address: "127.0.0.1:0"}
	s.start()
	t.Cleanup(s.stop)
	return s
}

func (s *server) start() {
	var l net.Listener
	require.Eventually(s.t, func() bool {
		var err error
		l, err = net.Listen("tcp", s.address)
		return err == nil
	}, patience, 10*time.Millisecond)
	s.address = l.Addr().String()
	mux := http.NewServeMux()
	s.page = inspect.Handler()
	mux.Handle("/debug/values/", s)
	s.http = &http.Server{Handler: mux}
	go func() { _ = s.http.Serve(l) }()
}

func (s *server) stop() { _ = s.http.Close() }

func (s *server) url() string { return "http://" + s.address + "/debug/values/" }

// axe returns the source of axe-core, which is fetched by npm, or "" if that is not possible.
func axe(t *testing.T) string {
	const version = "4.14.1"
	dir := t.TempDir()
	cmd := exec.Command("sh", "-c", "npm pack --silent axe-core@"+version+" && tar xzf axe-core-"+version+".tgz package/axe.min.js")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Logf("no axe-core, only the rules by hand: %v: %s", err, out)
		return ""
	}
	source, err := os.ReadFile(filepath.Join(dir, "package", "axe.min.js"))
	require.NoError(t, err)
	return string(source)
}
