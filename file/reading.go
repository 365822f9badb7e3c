package file

import (
	"context"
	"errors"
	"time"

	"go.uber.org/atomic"
)

// settleTime is the time between two readings that must agree. A writer that replaces
// several files one after the other is seen in it.
const settleTime = 2 * time.Millisecond

// settleLimit is the time after which a reading counts as unsettled.
const settleLimit = time.Second

// maxTorn is the number of readings after which a single file is taken as it is, although it
// was written or replaced in the meantime. A file may be written all the time. Another event
// follows in that case.
const maxTorn = 3

// A reading is one state of the files of a source.
type reading struct {
	// settled reports that the files did not move while they were read. If they did,
	// content, err and digest are of no single state.
	settled bool

	content content
	err     error  // of the files
	digest  string // identifies the content or the error

	// mark is equal for two readings that have found the same state. For several files it
	// has the times of the files, too.
	mark string

	// pollReason is the reason why the system does not notify of all changes, or nil.
	pollReason error

	// stamp is the stamp of the files before they were read.
	stamp string
}

// transient reports whether another reading can succeed although the files are the same.
func (g reading) transient() bool { return g.content.transient || transient(g.err) }

// readings counts the calls of a view's read, for tests.
var readings atomic.Uint64

// read reads the source until the reading is consistent. It first makes m depend on the
// files, so that no change after the reading is missed. m is nil if the value only polls.
func (f *follower) read(ctx context.Context, m *member) (g reading) {
	var former string // the place and the digest of the reading before
	start := time.Now()
	for n := 0; ctx.Err() == nil && (n <= maxTorn || time.Since(start) < settleLimit); n++ {
		v := f.source.look()
		g = reading{stamp: v.stamp, pollReason: errPoll}
		if m != nil {
			g.pollReason = subscribe(m, v.dependencies)
		}
		readings.Inc()
		g.content, g.err = v.read()
		g.digest = digestOf(g)
		if g.mark = g.digest; f.several() {
			g.mark += v.stamp
		}
		moved := f.source.look().where != v.where
		if f.single {
			g.settled = !moved && !g.content.torn || n >= maxTorn && g.err == nil
		} else {
			place := v.where + g.digest
			g.settled = !moved && place == former
			former = place
		}
		if g.settled {
			return g
		}
		if !v.linked && !f.single {
			pause(ctx, settleTime)
		}
	}
	return g
}

func digestOf(g reading) string {
	if g.err != nil {
		return "error: " + g.err.Error()
	}
	return g.content.hash
}

var errUnreported = errors.New("the file system does not report all changes")

// subscribe makes m depend on d. It returns nil if the system notifies of each change, and
// otherwise the reason why it does not.
func subscribe(m *member, d dependencies) error {
	local := make(dependencies, len(d))
	for path, p := range d {
		if !unreported(path) {
			local[path] = p
		}
	}
	if err := process.update(m, local); err != nil {
		return err
	}
	if len(local) < len(d) {
		return errUnreported
	}
	return nil
}

// pause waits for d, or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
