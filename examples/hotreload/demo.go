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
	"github.com/eventvalue/event/file"
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
	// quick reports that the next edit does not wait until all workers have
	// this one.
	quick bool
}

var edits = []edit{
	{old: "max_connections = 100", new: "max_connections = 200"},
	{old: `"info"`, new: `"debug"`},
	{old: `"5s"`, new: `"5s`},                // A syntax error, …
	{old: `"5s`, new: `"3s"`},                // … corrected.
	{old: "burst = 50", new: "burst = 5000"}, // More than requests_per_second, …
	{old: "burst = 5000", new: "burst = 60"}, // … corrected.
	{old: "_second = 500", new: "_second = 600", quick: true},
	{old: "_second = 600", new: "_second = 700", quick: true},
	{old: "_second = 700", new: "_second = 800", quick: true},
	{old: "_second = 800", new: "_second = 900", quick: true},
	{old: "_second = 900", new: "_second = 1000"},
	{old: `"debug"`, new: `"warn"`},
}

const (
	// demoQuiet is short, because the edits of the demonstration are atomic.
	demoQuiet = time.Millisecond
	// demoPatience is the time after which an edit counts as not noticed.
	demoPatience = 30 * time.Second
	// demoPause is the pause between edits on a terminal, so that a person can
	// follow.
	demoPause = 300 * time.Millisecond
)

var (
	errDemoOver   = errors.New("the demonstration is over")
	errNotNoticed = errors.New("the edit was not noticed: can files be watched here?")
)

// A demo edits its own file and shows the effects of the edits.
type demo struct {
	*Service
	screen *Screen
	path   string
	text   string // The contents of the file.
	status event.Watcher[file.Status]
	step   atomic.Int64 // The number of edits; the live line reads it too.
	bad    int          // The number of edits with an error.
}

// runDemo runs the demonstration.
func runDemo(ctx context.Context, o options, screen *Screen) (err error) {
	dir, err := os.MkdirTemp("", "hotreload")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "service.toml")
	if err := replaceFile(path, original); err != nil {
		return err
	}

	screen.Printf("%d workers follow %s\n\n", o.workers, path)
	d := &demo{
		Service: StartService(ctx, path, decodeService, o, file.Quiet(demoQuiet)),
		screen:  screen,
		path:    path,
		text:    original,
	}
	err = d.withPage(o, screen, func() error {
		err := d.run(ctx)
		if o.page != "" && err == nil {
			screen.Printf("\nthe page stays until Ctrl-C\n")
			<-ctx.Done()
		}
		return err
	})
	end, fileErr := d.Stop(errDemoOver)
	if ctx.Err() != nil {
		screen.Printf("\n%v\n", errInterrupted)
		return nil
	}
	if err := cmp.Or(fileErr, err); err != nil {
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

// observe waits for the effect of the last edit and shows it. After a quick
// edit it does not wait for the workers. The table's row is then printed after
// a later edit.
func (d *demo) observe(ctx context.Context, quick bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, demoPatience, errNotNoticed)
	defer cancel()
	st, err := d.status.Get(ctx) // The watcher has seen the effects of all earlier edits.
	switch {
	case err != nil:
		return cmp.Or(context.Cause(ctx), err)
	case st.Err != nil:
		d.bad++
		d.screen.Problem(st)
		return nil
	case quick: // The next edit waits until this one is set, so that each edit is a version.
		_, err := event.Wait(ctx, d.Config, func(c *Config) bool { return c.Version >= int(st.Version) })
		return err
	}
	version, err := event.Wait(ctx, d.Config.Delivered(), func(v int) bool { return v >= int(st.Version) })
	if err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	d.screen.Rows(d.Config.Take(version))
	return nil
}

// progress returns the live line.
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
	d.screen.Printf("%d of %d workers were told that %v, and ended.\n", end.Closed, d.Config.workers, errDemoOver)
	d.screen.Printf("%d goroutines are left.\n", end.Goroutines)
}

func pause(ctx context.Context) {
	select {
	case <-time.After(demoPause):
	case <-ctx.Done():
	}
}

// replaceFile replaces the text of the file at path atomically, as good editors
// do.
func replaceFile(path, text string) error {
	next := path + ".new"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(next, path)
}
