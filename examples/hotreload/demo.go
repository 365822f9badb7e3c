package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/eventvalue/event"
)

const original = `# The configuration of a service that does not exist.
log_level = "info"

[server]
address = "127.0.0.1:8080"
read_timeout = "5s"
max_connections = 100

[limits]
requests_per_second = 500
burst = 50
`

// An edit replaces a piece of the file.
type edit struct {
	old, new string
	// quick: the next edit does not wait until all workers have this one.
	quick bool
}

var edits = []edit{
	{old: "max_connections = 100", new: "max_connections = 200"},
	{old: `"info"`, new: `"debug"`},
	{old: `"5s"`, new: `"5s`},                // A syntax error, …
	{old: `"5s`, new: `"3s"`},                // … mended.
	{old: "burst = 50", new: "burst = 5000"}, // More than requests_per_second, …
	{old: "burst = 5000", new: "burst = 60"}, // … mended.
	{old: "_second = 500", new: "_second = 600", quick: true},
	{old: "_second = 600", new: "_second = 700", quick: true},
	{old: "_second = 700", new: "_second = 800", quick: true},
	{old: "_second = 800", new: "_second = 900", quick: true},
	{old: "_second = 900", new: "_second = 1000"},
	{old: `"debug"`, new: `"warn"`},
}

const (
	// The demonstration's edits are complete when they appear: there is little to wait for.
	demoQuiet = time.Millisecond
	// An edit of which nothing has come for so long was not noticed.
	demoPatience = 30 * time.Second
	// Between edits where somebody watches: else there is nothing to be seen.
	demoPause = 300 * time.Millisecond
)

var (
	errDemoOver   = errors.New("the demonstration is over")
	errNotNoticed = errors.New("the edit was not noticed: can files be watched here?")
)

// A demo edits a file of its own and shows what becomes of the edits.
type demo struct {
	*Service
	screen *Screen
	path   string
	text   string // What is in the file.
	status event.Watcher[Status]
	step   atomic.Int64 // How many edits were made; the live line reads it too.
	bad    int          // How many of them were no good.
}

// runDemo runs the demonstration.
func runDemo(ctx context.Context, workers int, screen *Screen) (err error) {
	dir, err := os.MkdirTemp("", "hotreload")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "service.toml")
	if err := replaceFile(path, original); err != nil {
		return err
	}

	screen.Printf("%d workers follow %s\n\n", workers, path)
	d := &demo{
		Service: StartService(ctx, path, workers, demoQuiet),
		screen:  screen,
		path:    path,
		text:    original,
	}
	err = d.run(ctx)
	end, fileErr := d.Stop(errDemoOver)
	if err := cmp.Or(context.Cause(ctx), fileErr, err); err != nil {
		return err
	}
	d.summarize(end)
	return nil
}

// run makes the edits, one after the other.
func (d *demo) run(ctx context.Context) error {
	d.status = d.File.Status().Watch()
	defer d.status.Close()
	defer d.screen.Live(d.progress)()
	d.screen.Heading()
	if err := d.observe(ctx, false); err != nil {
		return err
	}
	for _, e := range edits {
		if d.screen.live && !e.quick {
			pause(ctx)
		}
		d.step.Add(1)
		d.text = strings.Replace(d.text, e.old, e.new, 1)
		if err := replaceFile(d.path, d.text); err != nil {
			return err
		}
		if err := d.observe(ctx, e.quick); err != nil {
			return err
		}
	}
	return nil
}

// observe waits for what the last edit has led to and shows it. If that was a quick one, the
// table's row waits until a later one has reached all workers too.
func (d *demo) observe(ctx context.Context, quick bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, demoPatience, errNotNoticed)
	defer cancel()
	st, err := d.status.Get(ctx) // This watcher has seen what has come of the edits before.
	switch {
	case err != nil:
		return cmp.Or(context.Cause(ctx), err)
	case st.Err != nil:
		d.bad++
		d.screen.Problem(st)
		return nil
	case quick:
		return nil
	}
	version, err := event.Wait(ctx, d.Config.Settled(), func(v int) bool { return v >= st.Version })
	if err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	d.screen.Rows(d.Config.Take(version))
	return nil
}

// progress is the live line.
func (d *demo) progress() string {
	version, have := d.Config.Progress()
	return fmt.Sprintf("edit %d/%d: %d/%d workers have version %d",
		d.step.Load(), len(edits), have, d.Config.workers, version)
}

func (d *demo) summarize(end Ending) {
	version, _ := d.Config.Progress()
	d.screen.Printf("\nThe times run from just before Set until a worker's Get has returned, over the workers that\n"+
		"got the version. Who skipped it got a newer one instead: all have got version %d.\n", version)
	d.screen.Printf("\n%d edits, %d good and %d bad; version %d is in force.\n",
		len(edits), len(edits)-d.bad, d.bad, version)
	d.screen.Printf("%d of %d workers were told that %v, and ended.\n", end.Told, d.Config.workers, errDemoOver)
	d.screen.Printf("%d goroutines are left.\n", end.Goroutines)
}

func pause(ctx context.Context) {
	select {
	case <-time.After(demoPause):
	case <-ctx.Done():
	}
}

// replaceFile gives the file at path a new text as good editors do: the whole of it at once.
func replaceFile(path, text string) error {
	next := path + ".new"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(next, path)
}
