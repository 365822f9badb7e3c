package file

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
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
//
// If events do not end within ten times Quiet, a single file is read as it is. Several files
// are then compared: they are read again and again, Quiet apart, until two readings in a row
// have found the same files, times and contents. Events do not count there, because not each
// event is a change.
type run struct {
	*follower
	member   *member // nil if the option Poll is set
	interval time.Duration
	timer    *time.Timer // of the next attempt

	// first is the time of the first change that was not read. It is zero if there is none.
	first time.Time

	// taken is the digest of the reading that was decoded last, or whose error was reported.
	// It is empty if there is none. seen is the mark of the last settled reading.
	taken, seen string

	// comparing reports that several files are compared. The timer has the time of the next
	// reading, and events do not change it.
	comparing bool

	// doubted reports that the first load has failed once. A save may have been in progress,
	// so it is tried again after Quiet.
	doubted bool
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
// or after ten times Quiet. It returns the time until then, or 0 while files are compared.
// The sweep, which would begin Quiet again, leaves the member alone until the change is read.
func (r *run) wait() time.Duration {
	if r.first.IsZero() {
		r.first = time.Now()
	}
	if r.member != nil {
		r.member.stamp.Store("")
	}
	if r.comparing {
		return 0
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
	if l.rethrow != nil {
		l.rethrow()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	r.seen = ""
	if l.settled {
		r.seen = l.mark
	}
	if l.verdict == repeat {
		r.wait()
		return nil
	}
	if l.verdict == compare {
		r.compare(l)
		return nil
	}
	r.first, r.comparing = time.Time{}, false
	r.rest(l)
	switch l.verdict {
	case unsettled:
		r.unsettled(l)
		return nil
	case unchanged:
		r.report(r.now.Err, l)
		return nil
	}
	r.taken = l.digest
	return r.finish(l)
}

// compare makes the next reading follow l after Quiet. It reports files that have changed for
// ten times Quiet and between the last two readings.
func (r *run) compare(l loaded) {
	r.wait()
	if r.comparing && l.late {
		r.unsettled(l)
	}
	r.comparing = true
	r.timer.Reset(max(r.settings.quiet, minPause))
}

func (r *run) unsettled(l loaded) {
	r.taken = "" // Whatever is read next is news.
	r.report(named(r.source.name(), ErrUnsettled), l)
}

// rest sets the timer if another attempt must follow l without an event, and gives the sweep
// what it compares. A value that polls needs no sweep.
func (r *run) rest(l loaded) {
	switch {
	case l.verdict == unsettled:
		r.timer.Reset(max(r.settings.quiet, minPause))
	case l.pollReason != nil:
		r.timer.Reset(r.interval)
	case l.transient():
		r.timer.Reset(fallback)
	}
	if r.member == nil {
		return
	}
	if l.pollReason != nil {
		l.stamp = ""
	}
	r.member.stamp.Store(l.stamp)
}

// finish publishes what was loaded, or reports the error.
func (r *run) finish(l loaded) error {
	if l.publish != nil {
		r.now.NotAfter = l.publish()
		r.now.Version++
		r.now.Hash, r.now.Loaded = l.content.hash, time.Now()
	}
	r.report(l.err, l)
	if l.err == nil || r.now.Version > 0 || r.settings.wait {
		return nil
	}
	if r.doubted {
		return l.err
	}
	r.doubted, r.taken = true, "" // The second reading counts even if it finds the same.
	r.timer.Reset(max(r.settings.quiet, minPause))
	return nil
}

// report sets the Status if there is something new in it.
func (r *run) report(err error, l loaded) {
	next := r.now
	next.Err, next.Polling = err, l.pollReason
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
		text := "file: the last version stays in force"
		if next.Version == 0 {
			text = "file: there is no version yet"
		}
		log.Warn(text, "version", next.Version, "error", next.Err)
	case next.Err == nil && last.Err != nil:
		log.Info("file: good again", "version", next.Version)
	}
}

// A verdict is what happens with a reading.
type verdict int

const (
	take      verdict = iota // it is decoded, and published or reported
	unchanged                // it was taken already
	repeat                   // it must be read again, after Quiet without an event
	compare                  // it must be read again, after Quiet
	unsettled                // it is of no single state
)

// A loaded is a reading, decoded if its verdict is take.
type loaded struct {
	reading
	verdict verdict
	late    bool             // the first change was ten times Quiet before the reading
	publish func() time.Time // nil if the content is in force already
	err     error            // of the files, or of the decoder
	rethrow func()           // repeats what the decoder did instead of returning, or is nil
}

// load reads and decodes on a goroutine of its own, because neither can be interrupted: at
// the end of ctx, load returns at once. The goroutine ends when the system call or the
// decoder returns. Until then, no other goroutine reads or decodes for the value.
//
// A panic of the decoder is passed to load. If load has returned, it is a panic of the
// goroutine.
func (r *run) load(ctx context.Context) loaded {
	late := !r.first.IsZero() && time.Since(r.first) >= 10*r.settings.quiet
	j := judge{taken: r.taken, seen: r.seen, hash: r.now.Hash, late: late, several: r.several(), comparing: r.comparing}
	done := make(chan loaded)
	go func() {
		var l loaded
		select {
		case r.busy <- struct{}{}:
		case <-ctx.Done():
			return
		}
		returned := false
		defer func() {
			if !returned {
				l.rethrow = rethrow(recover())
			}
			<-r.busy
			select {
			case done <- l:
			case <-ctx.Done():
				if l.rethrow != nil {
					l.rethrow()
				}
			}
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

// rethrow returns what repeats the end of a goroutine: a panic with value, or a Goexit if
// value is nil. The caller runs in the deferred function, so that the stack is complete.
func rethrow(value any) func() {
	if value == nil {
		return runtime.Goexit
	}
	p := &decoderPanic{value, debug.Stack()}
	return func() { panic(p) }
}

// A decoderPanic is the value of a panic of Serve: the value and the stack of the decoder's.
type decoderPanic struct {
	value any
	stack []byte
}

func (p *decoderPanic) Error() string { return fmt.Sprintf("%v\n\n%s", p.value, p.stack) }

// Unwrap returns the value if it is an error.
func (p *decoderPanic) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

func (r *run) readAndDecode(ctx context.Context, j judge) (l loaded) {
	l.reading, l.late = r.read(ctx, r.member), j.late
	if ctx.Err() != nil {
		return l
	}
	j.changed = r.member != nil && len(r.member.changed) > 0
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
	taken, seen string
	hash        string // of the content in force
	late        bool   // the first change was ten times Quiet ago
	several     bool   // the files may be changed one after the other
	comparing   bool
	changed     bool // an event came while the files were read
}

func (j judge) decide(g reading) verdict {
	polled := g.pollReason != nil && j.taken != ""
	switch {
	case !g.settled && j.several:
		return compare
	case !g.settled:
		return unsettled
	case g.digest == j.taken:
		return unchanged
	case j.several && (polled || j.late || j.comparing):
		if g.mark != j.seen {
			return compare
		}
	case j.several && j.changed, polled && !j.late && g.mark != j.seen:
		return repeat
	}
	return take
}
