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
	content content
	err     error // of the files

	// key identifies the content or the error.
	key string

	// settled reports that the rest is valid: the files did not move while they were read.
	settled bool

	// polled reports that the system does not notify of all changes.
	polled error

	// same reports whether the files are as they were before the reading.
	same func() bool
}

// readings counts the calls of a view's read, for tests.
var readings atomic.Uint64

// read reads the source until the reading is consistent. It first makes m follow the files,
// so that no change after the reading is missed. m is nil if the value only polls.
func (f *follower) read(ctx context.Context, m *member) (r reading) {
	var former string // the key of the reading before, with its place
	start := time.Now()
	for n := 0; ctx.Err() == nil && (n <= maxTorn || time.Since(start) < settleLimit); n++ {
		v := f.source.look()
		r = reading{same: func() bool { return f.source.look().stamp == v.stamp }}
		if m == nil {
			r.polled = errPoll
		} else {
			r.polled = follow(m, v.dependencies)
		}
		readings.Inc()
		r.content, r.err = v.read()
		r.key = keyOf(r)
		moved := f.source.look().where != v.where
		if f.single {
			r.settled = !moved && !r.content.torn || n >= maxTorn && r.err == nil
		} else {
			place := v.where + r.key
			r.settled = !moved && place == former
			former = place
		}
		if r.settled {
			return r
		}
		if !v.linked && !f.single {
			pause(ctx, settleTime)
		}
	}
	return r
}

func keyOf(r reading) string {
	if r.err != nil {
		return "error: " + r.err.Error()
	}
	return r.content.hash
}

var (
	errUnreported = errors.New("the file system does not report all changes")
	errSilent     = errors.New("a change was not reported")
)

// follow makes m follow d. It returns nil if the system notifies of each change, and
// otherwise the reason why it does not.
func follow(m *member, d dependencies) error {
	local := make(dependencies, len(d))
	for path, p := range d {
		if !unreported(path) {
			local[path] = p
		}
	}
	switch err := process.follow(m, local); {
	case err != nil:
		return err
	case len(local) < len(d):
		return errUnreported
	case m.silent.Load():
		return errSilent
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
