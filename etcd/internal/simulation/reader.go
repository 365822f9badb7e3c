package simulation

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
)

// A reader is one watcher, and all that it has got. The mutex of the world guards
// it.
type reader struct {
	*run
	step        Step
	key, prefix string // one of them
	watcher     event.Watcher[remote.Entry[string]]
	status      event.ValueWatch[remote.Status]

	table    map[string]remote.Entry[string]
	marks    map[string]mark // of the last entry of each key
	again    map[string]bool // keys whose last entry may come once more
	gets     int
	restarts int
	ended    error
}

func newReader(r *run, s Step, w event.Watcher[remote.Entry[string]], status event.ValueWatch[remote.Status]) *reader {
	return &reader{
		run: r, step: s, watcher: w, status: status,
		table: make(map[string]remote.Entry[string]), marks: make(map[string]mark), again: make(map[string]bool),
	}
}

// start reads until the run ends.
func (rd *reader) start() {
	rd.locked(func() { rd.readers = append(rd.readers, rd) })
	rd.readersGroup.Go(func() {
		defer rd.watcher.Close()
		for {
			e, err := rd.watcher.Get(rd.ctx)
			if err != nil {
				rd.locked(func() { rd.ended = err })
				if rd.ctx.Err() == nil && !rd.clientClosed() {
					rd.report("%v: Get returns %v", rd.step, err)
				}
				return
			}
			rd.check(e)
			if rd.restartsForEver() {
				return
			}
			if rd.step.For > 0 {
				rd.sleep(rd.step.For, rd.hurry)
			}
		}
	})
}

// restartsForEver reports whether the watcher restarts more often than the
// scenario explains: at the begin, and after deletions that it has missed.
func (rd *reader) restartsForEver() bool {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	if rd.restarts <= 2 {
		return false
	}
	rd.violate("%v has restarted %d times after %d Gets", rd.step, rd.restarts, rd.gets)
	return true
}

// check checks an entry, and keeps it.
func (rd *reader) check(e remote.Entry[string]) {
	rd.mu.Lock()
	defer rd.mu.Unlock()
	rd.gets++
	if e.Restart {
		rd.restarts++
		clear(rd.table)
		for key := range rd.marks {
			rd.again[key] = true
		}
		return
	}
	v := version{revision: e.Revision, value: e.Value, deleted: !e.Present}
	before := rd.marks[e.Key]
	m, ok, ever := rd.truth.find(e.Key, v, before, !rd.again[e.Key])
	switch {
	case !ever:
		rd.violate("%v: Get returns %s, which the store never had", rd.step, describe(e))
	case !ok:
		rd.violate("%v: Get returns %s, but the watcher was at %+v already", rd.step, describe(e), before)
	case rd.forbidden(m):
		rd.violate("%v: Get returns %s, which was written %v after the permission had ended", rd.step, describe(e),
			m.at.Sub(rd.permittedSince))
	}
	rd.marks[e.Key] = m.mark()
	delete(rd.again, e.Key)
	if rd.table[e.Key] = e; !e.Present && rd.key == "" {
		delete(rd.table, e.Key)
	}
}

// describe is short even if the value is long.
func describe(e remote.Entry[string]) string {
	if !e.Present {
		return "the absence of " + e.Key
	}
	val := e.Value[:min(20, len(e.Value))]
	return time.Duration(e.Revision).String() + " " + e.Key + " " + val
}

// noticeTime is the time within which a Store notices that a permission has
// ended: 15 silences and a few requests.
const noticeTime = 45 * time.Second

// mayRead reports whether the user may read all that the reader follows.
func (rd *reader) mayRead() bool {
	if rd.key != "" {
		return rd.mayUse(rd.key, "")
	}
	return rd.mayUse(rd.prefix, rd.prefix[:len(rd.prefix)-1]+string(rd.prefix[len(rd.prefix)-1]+1))
}

// forbidden reports whether the user must not get m any more.
func (rd *reader) forbidden(m moment) bool {
	return !rd.mayRead() && m.at.Sub(rd.permittedSince) > noticeTime
}

// caughtUp reports whether the reader has the newest state.
func (rd *reader) caughtUp() bool {
	if rd.key != "" {
		e, ok := rd.table[rd.key]
		v, present := rd.store.at(rd.key, rd.store.revision)
		return ok && e.Present == present && e.Revision == v.revision && e.Value == v.value
	}
	want := make(map[string]remote.Entry[string])
	end := rd.prefix[:len(rd.prefix)-1] + string(rd.prefix[len(rd.prefix)-1]+1)
	for _, e := range rd.store.state(rd.prefix, end, rd.store.revision) {
		want[e.key] = remote.Entry[string]{Key: e.key, Value: e.value, Present: true, Revision: e.revision}
	}
	return rd.restarts > 0 && maps.Equal(rd.table, want)
}

// now returns the status of what the reader follows.
func (rd *reader) now() remote.Status { return load(rd.status) }

// load returns the newest status.
func load(v event.ValueWatch[remote.Status]) remote.Status {
	w := v.Watch()
	defer w.Close()
	st, _ := w.Get(context.Background())
	return st
}

// clientClosed reports whether the client is closed.
func (r *run) clientClosed() bool { return errors.Is(r.client.ctx.Err(), context.Canceled) }
