package browsertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/inspect"
)

func publish[T any](t *testing.T, name string, v event.ValueWatch[T], opts ...inspect.Option[T]) (unpublish func()) {
	t.Helper()
	unpublish, err := inspect.Publish(name, v, opts...)
	require.NoError(t, err)
	t.Cleanup(unpublish)
	return unpublish
}

// A file is a value that reports a file.
type file struct {
	*event.MemoryValue[string]
	err error
}

func (f file) InspectFile() (path, hash string, loaded time.Time, err error) {
	return "/etc/app/limits.toml", "sha256:9f86d081", time.Now().Add(-3 * time.Hour), f.err
}

// A shared is a value that reports a connection.
type shared struct{ *event.MemoryValue[string] }

func (shared) InspectConnection() (string, time.Time, map[string]uint64, error) {
	return "broken", time.Now().Add(-time.Minute), map[string]uint64{"resets": 1}, errors.New("dial tcp 10.0.0.7:2379: connection refused")
}

const hostile = `<img src=x onerror=alert(1)>"'&`

// A program is what the page of the test shows.
type program struct {
	config, requests *event.MemoryValue[int]
	stalled          event.Watcher[int]
}

// newProgram publishes values of all kinds, and sets some of them until the test ends.
func newProgram(t *testing.T) *program {
	p := &program{config: event.New(1), requests: event.New(0)}
	publish(t, "config", p.config, inspect.Show(func(n int) string { return fmt.Sprintf("log_level = \"info\"\nversion = %d", n) }))
	publish(t, "requests", p.requests)
	publish(t, "limits", file{event.New("x"), errors.New("limits.toml:3:7: expected a number")})
	publish(t, "flags", shared{event.New("x")})
	publish(t, hostile, event.New("x"))
	leader := event.New("a")
	publish(t, "leader", leader)
	_ = leader.CloseWithError(errors.New("shutting down"))
	publish(t, "empty", new(event.MemoryValue[time.Time]))
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	for n := range 12 {
		w := inspect.Track(fmt.Sprint("worker ", n), p.config).Watch()
		t.Cleanup(func() { _ = w.Close() })
		go func() {
			for {
				if _, err := w.Get(ctx); err != nil {
					return
				}
			}
		}()
	}
	p.stalled = inspect.Track("stalled worker", p.config).Watch()
	t.Cleanup(func() { _ = p.stalled.Close() })
	go func() { // A rate that goes up and down, so that the sparkline is not flat.
		for n := 0; ctx.Err() == nil; n++ {
			p.requests.Set(n)
			time.Sleep(time.Duration(10+9*math.Sin(float64(time.Now().UnixMilli())/1500)) * time.Millisecond)
		}
	}()
	return p
}

// rowOf is an expression for the row of a value.
func rowOf(name string) string {
	return fmt.Sprintf("[...document.querySelectorAll('#rows > tr[data-name]')].find(r => r.dataset.name === %s)", quoted(name))
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

const visibleNames = "[...document.querySelectorAll('#rows > tr[data-name]')].filter(r => !r.hidden).map(r => r.dataset.name)"

func sortBy(column string) chromedp.Action {
	return chromedp.Click(fmt.Sprintf(`th[data-key=%q] button`, column), chromedp.ByQuery)
}

func TestPageIsLive(t *testing.T) {
	p := newProgram(t)
	s := newServer(t)
	b := newTab(t, 1200, 900)
	b.do(chromedp.Navigate(s.url()))
	b.until("document.getElementById('status').textContent === 'Live.'")
	b.until(rowOf("config"))
	assert.Equal(t, []string{hostile, "config", "empty", "flags", "leader", "limits", "requests"}, eval[[]string](b, visibleNames))
	assert.Zero(t, eval[int](b, "document.images.length"))

	t.Run("sparkline grows", func(t *testing.T) {
		length := rowOf("requests") + ".querySelector('path').getAttribute('d').length"
		b.until(length + " > 20")
		was := eval[int](b, length)
		b.until(fmt.Sprintf("%s > %d", length, was))
		b.until(rowOf("requests") + ".querySelector('.rate span').textContent !== '0'")
	})
	t.Run("new values appear and go", func(t *testing.T) {
		unpublish := publish(t, "later", event.New(1))
		b.until(rowOf("later"))
		unpublish()
		b.until("!" + rowOf("later"))
	})
	t.Run("stalled watcher comes to the top", func(t *testing.T) {
		_, err := p.stalled.Get(t.Context())
		require.NoError(t, err)
		b.do(chromedp.Evaluate(rowOf("config")+".querySelector('button').click()", nil))
		first := "document.querySelector('.details:not([hidden]) .inner tbody tr')"
		b.until(first)
		for n := range 7 {
			p.config.Set(n)
		}
		b.until(first + ".textContent.startsWith('stalled worker7')")
		b.until("document.querySelector('.details:not([hidden]) pre').textContent.includes('version = 6')")
		b.do(sortBy("lag"))
		b.until("(" + visibleNames + ")[0] === 'config'")
		assert.Equal(t, "descending", eval[string](b, `document.querySelector('th[data-key="lag"]').getAttribute('aria-sort')`))
	})
	t.Run("sort", func(t *testing.T) {
		b.do(sortBy("name"))
		b.until("(" + visibleNames + ").join() === [..." + visibleNames + "].sort().join()")
		b.do(sortBy("name"))
		b.until("(" + visibleNames + ")[0] === 'requests'")
		b.do(sortBy("name"))
		b.do(sortBy("version"))
		b.until("(" + visibleNames + ")[0] === 'requests'")
		b.do(sortBy("name"))
	})
	t.Run("filter", func(t *testing.T) {
		b.do(chromedp.SendKeys("#filter", "LIM", chromedp.ByID))
		b.until("(" + visibleNames + ").join() === 'limits'")
		assert.Equal(t, "1 of 7 published", eval[string](b, "document.getElementById('count').textContent"))
		b.do(chromedp.Evaluate("const f = document.getElementById('filter'); f.value = ''; f.dispatchEvent(new Event('input'))", nil))
		b.until("(" + visibleNames + ").length === 7")
	})
	t.Run("keyboard", func(t *testing.T) {
		b.do(chromedp.Focus("#filter", chromedp.ByID))
		tabTo(b, "flags")
		b.do(chromedp.KeyEvent(kb.Enter))
		b.until("document.querySelector('.details:not([hidden])') && document.body.innerText.includes('connection refused')")
		focused := "document.activeElement.textContent === 'flags'"
		assert.True(t, eval[bool](b, focused))
		b.do(chromedp.Evaluate(`document.querySelector('th[data-key="state"] button').click()`, nil))
		b.until("(" + visibleNames + ")[0] === 'flags'")
		assert.True(t, eval[bool](b, focused), "the focus stays when the row moves")
		b.do(chromedp.KeyEvent(" "))
		b.until("!document.body.innerText.includes('connection refused')")
	})
	b.clean(s.address)
}

// tabTo presses Tab until the button with the given text has the focus.
func tabTo(b *tab, text string) {
	for range 50 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if eval[string](b, "document.activeElement.textContent") == text {
			return
		}
	}
	b.Fatalf("Tab never comes to %q", text)
}

// TestTheLastValueGoes unpublishes all values of an open page.
func TestTheLastValueGoes(t *testing.T) {
	unpublish := publish(t, "last", event.New(1))
	s := newServer(t)
	b := newTab(t, 1200, 900)
	b.do(chromedp.Navigate(s.url()))
	b.until(rowOf("last"))
	unpublish()
	b.until("!" + rowOf("last"))
	b.until("!document.getElementById('none').hidden")
	assert.Equal(t, "0 published", eval[string](b, "document.getElementById('count').textContent"))
	b.clean(s.address)
}

func TestLostServerIsFoundAgain(t *testing.T) {
	v := event.New(1)
	publish(t, "config", v)
	s := newServer(t)
	b := newTab(t, 1200, 900)
	b.do(chromedp.Navigate(s.url()))
	b.until(rowOf("config"))
	b.clean(s.address)
	for range 2 {
		b.mu.Lock()
		b.down = true
		b.mu.Unlock()
		s.stop()
		b.until("document.getElementById('status').textContent.startsWith('Connection lost')")
		assert.NotNil(t, eval[any](b, rowOf("config")+" ? 1 : null"), "the last state stays")
		v.Set(2)
		s.start()
		b.until("document.getElementById('status').textContent === 'Live.'")
		_, version, _ := event.LoadVersion(v)
		b.until(rowOf("config") + fmt.Sprintf(".cells[1].textContent === '%d'", version))
	}
	b.clean(s.address)
}

func TestStaticTableWithoutScript(t *testing.T) {
	newProgram(t)
	s := newServer(t)
	b := newTab(t, 1200, 900)
	b.do(emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(s.url()))
	var rows, text string
	b.do(chromedp.InnerHTML("#rows", &rows, chromedp.ByID), chromedp.Text("body", &text, chromedp.ByQuery))
	assert.Equal(t, 7, strings.Count(rows, "<tr"))
	assert.Contains(t, text, "Without scripts this table does not change")
	b.do(chromedp.Click(`#rows a[href="?value=config#open"]`, chromedp.ByQuery), chromedp.WaitVisible("#open", chromedp.ByID),
		chromedp.Text("#open", &text, chromedp.ByID))
	assert.Contains(t, text, "stalled worker")
	assert.Contains(t, text, "log_level")
	b.clean(s.address)
}

// TestHiddenPageHasNoStream hides the page as a browser does with a tab in the background.
func TestHiddenPageHasNoStream(t *testing.T) {
	v := event.New(1)
	publish(t, "config", v)
	s := newServer(t)
	b := newTab(t, 1200, 900)
	b.do(chromedp.Navigate(s.url()))
	b.until(rowOf("config"))
	hide := func(hidden bool) {
		b.do(chromedp.Evaluate(fmt.Sprintf("Object.defineProperty(document, 'hidden', {value: %v, configurable: true}); document.dispatchEvent(new Event('visibilitychange'))", hidden), nil))
	}
	streams := func() int { n, _ := s.counts(); return n }
	require.Equal(t, 1, streams())
	hide(true)
	require.Eventually(t, func() bool { return streams() == 0 }, patience, 10*time.Millisecond)
	_, opened := s.counts()
	time.Sleep(7 * time.Second) // Longer than the page waits for an event.
	_, still := s.counts()
	require.Equal(t, opened, still, "a hidden page does not connect")
	v.Set(2)
	hide(false)
	b.until(rowOf("config") + ".cells[1].textContent === '2'")
	require.Equal(t, 1, streams())
	assert.Equal(t, "Live.", eval[string](b, "document.getElementById('status').textContent"))
	b.clean(s.address)
}

// TestOpenDetailsStay scrolls, selects and focuses in details, some of which change.
func TestOpenDetailsStay(t *testing.T) {
	v := event.New(1)
	publish(t, "long", v, inspect.Show(func(int) string { return strings.Repeat("a line\n", 100) }))
	s := newServer(t)
	b := newTab(t, 1200, 900)
	b.do(chromedp.Navigate(s.url()))
	b.until(rowOf("long"))
	b.do(chromedp.Evaluate(rowOf("long")+".querySelector('button').click()", nil))
	const pre = "document.querySelector('.details pre')"
	b.until(pre)
	b.do(chromedp.Evaluate(pre+".scrollTop = 300; "+pre+".focus(); getSelection().setBaseAndExtent("+pre+".firstChild, 350, "+pre+".firstChild, 356); window.was = "+pre, nil))
	history := "document.querySelectorAll('.details table:last-child tbody tr').length"
	for n := range 3 {
		v.Set(n)
		b.until(fmt.Sprintf("%s === %d", history, n+2))
	}
	assert.True(t, eval[bool](b, pre+" === window.was"))
	assert.Equal(t, 300, eval[int](b, pre+".scrollTop"))
	assert.True(t, eval[bool](b, "document.activeElement === "+pre))
	assert.Equal(t, "a line", eval[string](b, "getSelection().toString()"))
	b.clean(s.address)
}

// TestRowsStayUnderThePointer sorts by version while the pointer is on a row.
func TestRowsStayUnderThePointer(t *testing.T) {
	first, second := event.New(1), event.New(1)
	first.Set(1)
	publish(t, "first", first)
	publish(t, "second", second)
	s := newServer(t)
	b := newTab(t, 1200, 900)
	b.do(chromedp.Navigate(s.url()))
	b.until(rowOf("second"))
	b.do(sortBy("version"))
	order := "(" + visibleNames + ").join()"
	b.until(order + " === 'first,second'")
	at := eval[[]float64](b, "(r => [r.x + 5, r.y + 5])("+rowOf("second")+".getBoundingClientRect())")
	b.do(chromedp.MouseEvent(input.MouseMoved, at[0], at[1]))
	b.until("document.getElementById('rows').matches(':hover')")
	second.Set(2)
	second.Set(3)
	second.Set(4)
	b.until(rowOf("second") + ".cells[1].textContent === '4'")
	publish(t, "third", event.New(1))
	b.until(rowOf("third"))
	assert.Equal(t, "first,second,third", eval[string](b, order))
	b.do(chromedp.MouseEvent(input.MouseMoved, 1, 1))
	b.until(order + " === 'second,first,third'")
	b.clean(s.address)
}

// TestUnknownIsADash has values without versions, without watchers that have any, and without
// data.
func TestUnknownIsADash(t *testing.T) {
	v := event.New(1)
	sum := event.Combine(v, v, func(a, b int) int { return a + b })
	publish(t, "sum", sum)
	publish(t, "empty", new(event.MemoryValue[int]))
	w := inspect.Track("w", sum).Watch()
	t.Cleanup(func() { _ = w.Close() })
	s := newServer(t)
	b := newTab(t, 1200, 900)
	b.do(chromedp.Navigate(s.url()))
	b.until(rowOf("sum"))
	cells := func(name string) []string {
		return eval[[]string](b, "[..."+rowOf(name)+".cells].slice(1).map(c => c.textContent)")
	}
	live := map[string][]string{"sum": {"–", "–", "–", "–", "–", "open"}, "empty": {"0", "0", "0", "–", "–", "no data"}}
	for name, want := range live {
		assert.Equal(t, want, cells(name), name)
	}
	b.do(emulation.SetScriptExecutionDisabled(true), chromedp.Navigate(s.url()))
	var rows string
	b.do(chromedp.Text("#rows", &rows, chromedp.ByID))
	assert.Regexp(t, `sum\s+int\s+–\s+–\s+–\s+–\s+–\s+open`, rows)
	assert.Regexp(t, `empty\s+int\s+0\s+0\s+0\s+–\s+–\s+no data`, rows)
	b.clean(s.address)
}

// TestSlowValueDoesNotDisableThePage has a function that blocks longer than the page waits for
// an event.
func TestSlowValueDoesNotDisableThePage(t *testing.T) {
	gate := make(chan struct{})
	publish(t, "slow", event.New(1), inspect.Show(func(int) string { <-gate; return "the text" }))
	other := event.New(1)
	publish(t, "other", other)
	s := newServer(t)
	b := newTab(t, 1200, 900)
	b.do(chromedp.Navigate(s.url()))
	b.until(rowOf("slow") + ".lastChild.textContent === 'slow'")
	b.do(chromedp.Evaluate(rowOf("slow")+".querySelector('button').click()", nil))
	b.until("document.body.innerText.includes('What follows is of the look before.')")
	for n := range 3 {
		other.Set(n)
		b.until(fmt.Sprintf("%s.cells[1].textContent === '%d'", rowOf("other"), n+2))
	}
	assert.Equal(t, "Live.", eval[string](b, "document.getElementById('status').textContent"))
	close(gate)
	b.until(rowOf("slow") + ".lastChild.textContent === 'open'")
	b.until("document.querySelector('.details pre').textContent === 'the text'")
	b.clean(s.address)
}

// TestTitleHasTheProgram tells the tabs of several programs apart.
func TestTitleHasTheProgram(t *testing.T) {
	s := newServer(t)
	b := newTab(t, 1200, 900)
	b.do(chromedp.Navigate(s.url()))
	assert.Equal(t, strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")+": Event values", eval[string](b, "document.title"))
}

// TestAccessible checks contrast, roles and names, in the light and in the dark, wide and
// narrow.
func TestAccessible(t *testing.T) {
	newProgram(t)
	s := newServer(t)
	source := axe(t)
	for _, dark := range []bool{false, true} {
		for _, width := range []int{1200, 390} {
			t.Run(fmt.Sprint("dark ", dark, " width ", width), func(t *testing.T) {
				b := openRows(t, s, width, dark, "config", "flags", "limits")
				roles(b)
				if source != "" {
					checkAxe(b, source)
				}
			})
		}
	}
}

// openRows opens the page and some of its rows.
func openRows(t *testing.T, s *server, width int, dark bool, names ...string) *tab {
	b := newTab(t, width, 900)
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}), chromedp.Navigate(s.url()))
	for _, name := range names {
		b.until(rowOf(name))
		b.do(chromedp.Evaluate(rowOf(name)+".querySelector('button').click()", nil))
	}
	b.until(fmt.Sprintf("document.querySelectorAll('.details dl').length === %d", len(names)))
	return b
}

// roles checks by hand what a screen reader needs, and that nothing is cut off.
func roles(b *tab) {
	b.Helper()
	assert.Equal(b, "en", eval[string](b, "document.documentElement.lang"))
	assert.Equal(b, "status", eval[string](b, "document.getElementById('status').getAttribute('role')"))
	assert.True(b, eval[bool](b, "[...document.querySelectorAll('button')].every(e => e.textContent.trim())"))
	assert.True(b, eval[bool](b, "[...document.querySelectorAll('input')].every(e => e.labels.length)"))
	assert.True(b, eval[bool](b, "[...document.querySelectorAll('svg')].every(e => e.getAttribute('role') === 'img' && e.getAttribute('aria-label'))"))
	assert.True(b, eval[bool](b, "[...document.querySelectorAll('[aria-controls]')].every(e => document.getElementById(e.getAttribute('aria-controls')))"))
	assert.True(b, eval[bool](b, "document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than the window")
	assert.Empty(b, eval[[]string](b, lowContrast), "contrast below 4.5")
}

// lowContrast is an expression for the texts whose contrast is below what WCAG AA requires.
const lowContrast = `(() => {
	const channels = c => c.match(/[\d.]+/g).map(Number);
	const light = c => { const [r, g, b] = channels(c).map(x => x / 255).map(x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4); return .2126*r + .7152*g + .0722*b; };
	const behind = e => { for (; e; e = e.parentElement) { const c = channels(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return getComputedStyle(e).backgroundColor; } return 'rgb(255,255,255)'; };
	return [...document.querySelectorAll('body *')].filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.checkVisibility() && !e.closest('script, noscript')).filter(e => {
		const a = light(getComputedStyle(e).color), b = light(behind(e));
		return (Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5;
	}).map(e => e.outerHTML.slice(0, 100));
})()`

// checkAxe runs axe-core. It is put in by the debugger, to which the page's policy does not
// apply.
func checkAxe(b *tab, source string) {
	b.Helper()
	b.do(chromedp.Evaluate(source+";0", nil))
	var violations []string
	b.do(chromedp.Evaluate(`axe.run(document).then(r => r.violations.map(v => v.id + ': ' + v.help + ' ' + v.nodes.map(n => n.html.slice(0, 100)).join(' ')))`,
		&violations, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	assert.Empty(b, violations)
	assert.Positive(b, eval[int](b, "axe.run ? 1 : 0"))
}

// TestScreenshots writes the pictures of the documentation.
func TestScreenshots(t *testing.T) {
	newProgram(t)
	s := newServer(t)
	dir := t.TempDir()
	if os.Getenv("SCREENSHOTS") != "" {
		dir = filepath.Join("..", "..", "docs", "images")
		require.NoError(t, os.MkdirAll(dir, 0o755))
	}
	for name, of := range map[string]struct {
		width int
		dark  bool
	}{"inspect-light.png": {1200, false}, "inspect-dark.png": {1200, true}, "inspect-phone.png": {390, true}} {
		b := openRows(t, s, of.width, of.dark, "config")
		points := 4
		if os.Getenv("SCREENSHOTS") != "" {
			points = 60
		}
		b.until(fmt.Sprintf("(%s.querySelector('path').getAttribute('d').match(/[ML]/g) || []).length > %d", rowOf("requests"), points))
		var picture []byte
		b.do(chromedp.FullScreenshot(&picture, 100))
		require.Greater(t, len(picture), 10_000)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), picture, 0o644))
		b.clean(s.address)
	}
}
