package file

import (
	"context"
	"errors"
	"runtime"
	"time"
)

// minPause is the shortest time between two attempts that have found the files in motion.
const minPause = 10 * time.Millisecond

var errPoll = errors.New("the option Poll is set")

// A run is one Serve.
//
//	          event                 Quiet without an event
//	idle ─────────────▶ waiting ───────────────────────────▶ reading
//	  ▲                  ▲    │ event: wait again                │
//	  │                  └────┘                                  │
//	  └───────── published, or reported in the Status ───────────┘
//
// A value that polls is waiting all the time. It reads twice what is new to it.
type run struct {
	*follower
	member   *member // nil if the option Poll is set
	interval time.Duration
	timer    *time.Timer // of the next attempt

	// first is the time of the first change that was not read. It is zero if there is none.
	first time.Time

	// tried is the key of the reading that was processed last. seen is the key of the last
	// reading. They differ while a value that polls waits for a second equal reading.
	tried, seen string
}

// loop reads at once, and then after changes.
func (r *run) loop(ctx context.Context) error {
	var changed <-chan struct{}
	if r.member != nil {
		changed = r.member.changed
	}
	for {
		if err := r.attempt(ctx); err != nil {
			return err
		}
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-changed:
				r.wait()
			case <-r.timer.C:
				select {
				case <-changed: // This event was first.
					waiting = r.wait() > 0
				default:
					waiting = false
				}
			}
		}
	}
}

// wait sets the timer to the time at which a change is read: after Quiet without another,
// or after ten times Quiet. It returns the time until then.
func (r *run) wait() time.Duration {
	if r.member != nil {
		r.member.setSame(nil) // The sweep would find the same change.
	}
	if r.first.IsZero() {
		r.first = time.Now()
	}
	quiet := r.settings.quiet
	d := max(0, min(quiet, time.Until(r.first.Add(10*quiet))))
	r.timer.Reset(d)
	return d
}

// attempt reads, and publishes or reports. It sets the timer if there is more to do. It
// returns an error only if Serve must end.
func (r *run) attempt(ctx context.Context) error {
	r.timer.Stop()
	l := r.load(ctx)
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.rethrow != nil {
		l.rethrow()
	}
	if l.verdict == repeat {
		r.seen = l.key
		r.wait()
		return nil
	}
	r.first = time.Time{}
	if l.polled != nil {
		r.timer.Reset(r.interval)
	}
	if r.member != nil {
		r.member.setSame(l.same)
	}
	switch {
	case !l.settled:
		r.tried = "" // Whatever is read next is news.
		r.report(named(r.source.name(), ErrUnsettled), l)
		r.timer.Reset(max(r.settings.quiet, minPause))
		return nil
	case l.verdict == unchanged:
		r.report(r.now.Err, l)
		return nil
	}
	r.tried, r.seen = l.key, l.key
	return r.finish(l)
}

// finish publishes what was loaded, or reports the error.
func (r *run) finish(l loaded) error {
	if l.publish != nil {
		r.now.NotAfter = l.publish()
		r.now.Version++
		r.now.Hash, r.now.Loaded = l.content.hash, time.Now()
	}
	r.report(l.err, l)
	if l.err != nil && r.now.Version == 0 && !r.settings.wait {
		return l.err
	}
	return nil
}

// report sets the Status if there is something new in it.
func (r *run) report(err error, l loaded) {
	next := r.now
	next.Err, next.Polling = err, l.polled
	last, ok := r.status.Load()
	if ok && next.equal(last) {
		return
	}
	r.now = next
	r.status.Set(next)
	r.log(last, next)
}

func (r *run) log(last, next Status) {
	log := r.settings.logger.With("path", r.source.name())
	if reason := message(next.Polling); reason != message(last.Polling) {
		if reason != "" {
			log.Warn("file: polls", "reason", reason, "every", r.interval)
		} else {
			log.Info("file: watches")
		}
	}
	switch {
	case next.Version != last.Version:
		log.Info("file: new version", "version", next.Version, "hash", next.Hash)
	case next.Err != nil && message(next.Err) != message(last.Err):
		log.Warn("file: the last version stays in force", "version", next.Version, "error", next.Err)
	case next.Err == nil && last.Err != nil:
		log.Info("file: good again", "version", next.Version)
	}
}

// A verdict is what happens with a reading.
type verdict int

const (
	take      verdict = iota // it is decoded, and published or reported
	unchanged                // it was taken already
	repeat                   // it must be read again
)

// A loaded is a reading, decoded if its verdict is take.
type loaded struct {
	reading
	verdict verdict
	publish func() time.Time // nil if the content is in force already
	err     error
	rethrow func() // what the decoder did instead of returning, or nil
}

// load reads and decodes on a goroutine of its own, because neither can be interrupted: at
// the end of ctx, load returns at once. The goroutine ends when the system call or the
// decoder returns. Until then, no other goroutine reads or decodes for the value.
func (r *run) load(ctx context.Context) loaded {
	late := !r.first.IsZero() && time.Since(r.first) >= 10*r.settings.quiet
	j := judge{tried: r.tried, seen: r.seen, hash: r.now.Hash, late: late}
	done := make(chan loaded, 1)
	go func() {
		var l loaded
		select {
		case r.reading <- struct{}{}:
		case <-ctx.Done():
			return
		}
		returned := false
		defer func() {
			if !returned {
				l.rethrow = rethrow(recover())
			}
			<-r.reading
			done <- l
		}()
		l = r.readAndDecode(ctx, j)
		returned = true
	}()
	select {
	case l := <-done:
		return l
	case <-ctx.Done():
		return loaded{}
	}
}

func rethrow(value any) func() {
	if value == nil {
		return runtime.Goexit
	}
	return func() { panic(value) }
}

func (r *run) readAndDecode(ctx context.Context, j judge) (l loaded) {
	l.reading = r.read(ctx, r.member)
	if !l.settled || ctx.Err() != nil {
		return l
	}
	if l.verdict = j.decide(l.reading); l.verdict != take {
		return l
	}
	l.err = l.reading.err
	if l.err == nil && l.content.hash != j.hash {
		if l.publish, l.err = r.decode(l.content); l.err != nil {
			l.publish, l.err = nil, named(r.source.name(), l.err)
		}
	}
	return l
}

// A judge decides what happens with a reading. It is a copy of the state of a run, because a
// reading may outlast the Serve.
type judge struct {
	tried, seen string
	hash        string // of the content in force
	late        bool   // the first change was ten times Quiet ago
}

func (j judge) decide(g reading) verdict {
	switch {
	case g.key == j.tried:
		return unchanged
	case g.polled != nil && j.tried != "" && g.key != j.seen && !j.late:
		return repeat
	}
	return take
}
