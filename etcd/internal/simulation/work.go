package simulation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
)

// key returns the name of a key. Half of the keys are in p/a, which a narrowed
// permission leaves.
func (r *run) key(n int) string { return fmt.Sprintf("p/%c%d", 'a'+n%2, n) }

// newValue returns a value that no other write has, of at least size bytes. The
// caller holds the mutex.
func (r *run) newValue(size int) string {
	r.writes++
	text := fmt.Sprintf("value %d ", r.writes)
	return text + strings.Repeat("x", max(0, size-len(text)))
}

// commitNew writes a new value as another program does.
func (r *run) commitNew(key string, size int) {
	r.commit(context.Background(), change{key, version{value: r.newValue(size)}})
}

// A write is a write through a Value, and its result.
type write struct {
	operation
	what     string
	revision int64
	err      error
}

// value returns the Value of a key.
func (r *run) value(n int) *remote.Value[string] {
	key := r.key(n)
	if r.values[key] == nil {
		r.values[key] = remote.NewValue(r.etcd, key, remote.String())
	}
	return r.values[key]
}

// set does one write.
func (r *run) set(s Step) {
	v := r.value(s.N)
	r.group.Go(func() { r.write(v, s) })
}

func (r *run) write(v *remote.Value[string], s Step) *write {
	w := &write{what: s.String()}
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), operationKey{}, &w.operation), 10*time.Second)
	defer cancel()
	var val string
	var at int64
	r.locked(func() {
		r.done = append(r.done, w)
		val = r.newValue(s.Amount)
		now, _ := r.store.at(r.key(s.N), r.store.revision)
		at = now.revision
	})
	switch s.Do {
	case "delete":
		w.revision, w.err = v.Delete(ctx)
	case "create":
		w.revision, w.err = v.CompareAndSet(ctx, 0, val)
	case "compare":
		w.revision, w.err = v.CompareAndSet(ctx, at, val)
	default:
		w.revision, w.err = v.Set(ctx, val)
	}
	r.checkWrite(w)
	return w
}

// checkWrite checks that the result of w is true.
func (r *run) checkWrite(w *write) {
	r.mu.Lock()
	done := w.operation.done
	r.mu.Unlock()
	switch {
	case len(done) > 1:
		r.report("%s was done %d times", w.what, len(done))
	case w.err == nil && len(done) == 1 && done[0].revision != w.revision:
		r.report("%s returns revision %d, but was done at %d", w.what, w.revision, done[0].revision)
	case w.err == nil && len(done) == 0 && !strings.Contains(w.what, "delete"):
		r.report("%s returns no error, but was not done", w.what)
	case w.err != nil && !errors.Is(w.err, remote.ErrUnknownOutcome) && len(done) > 0:
		r.report("%s was done, but returns %v", w.what, w.err)
	}
}

// sync writes, syncs, and checks that a watcher gets the write or a newer state.
func (r *run) sync(s Step) {
	v := r.value(s.N)
	r.group.Go(func() {
		w := r.write(v, s)
		if w.err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		watcher := v.Watch() // Otherwise the end of Sync may begin another Follow.
		defer watcher.Close()
		err := v.Sync(ctx, w.revision)
		r.mu.Lock()
		// A reset before the write is as good as one after it, if the Follow has not
		// noticed it yet.
		resets := len(r.truth.resets)
		r.mu.Unlock()
		switch {
		case errors.Is(err, remote.ErrReset) && resets == 0:
			r.report("%s: Sync returns %v without a reset", w.what, err)
		case err != nil:
			return
		}
		e, err := watcher.Get(ctx, event.BacklogOnly[remote.Entry[string]]())
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			r.report("%s: Get after Sync returns %v", w.what, err)
		}
		if err == nil && e.Present && e.Revision < w.revision && resets == 0 {
			r.report("%s: Get after Sync returns revision %d, want %d or later", w.what, e.Revision, w.revision)
		}
	})
}

// startValue starts a watcher of a key that stays.
func (r *run) startValue(s Step) {
	v := r.value(s.N)
	rd := newReader(r, s, v.Watch(), v.Status())
	rd.key = r.key(s.N)
	rd.start()
}

// startRange starts a watcher of all keys, or of the first half, that stays.
func (r *run) startRange(s Step) {
	prefix := []string{"p/", "p/a"}[s.N]
	if r.ranges[prefix] == nil {
		r.ranges[prefix] = remote.NewRange(r.etcd, prefix, remote.String())
	}
	v := r.ranges[prefix]
	rd := newReader(r, s, v.Watch(), v.Status())
	rd.prefix = prefix
	rd.start()
}

// short starts watchers of a Value that end at once.
func (r *run) short(s Step) {
	r.group.Go(func() {
		for i := range s.Amount {
			v := remote.NewValue(r.etcd, r.key(s.N), remote.String())
			rd := newReader(r, s, v.Watch(), v.Status())
			rd.key = r.key(s.N)
			r.mu.Lock()
			since, resets := r.truth.newest(rd.key).mark(), r.truth.timeline
			r.mu.Unlock()
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i*i)*time.Millisecond)
			if e, err := rd.watcher.Get(ctx); err == nil {
				rd.check(e)
				r.mu.Lock()
				v := version{revision: e.Revision, value: e.Value, deleted: !e.Present}
				if _, ok, _ := r.truth.find(rd.key, v, since, false); !ok && resets == r.truth.timeline {
					r.violate("%v: the first Get returns %s, but at Watch the key was at %+v", s, describe(e), since)
				}
				r.mu.Unlock()
			}
			cancel()
			_ = rd.watcher.Close()
			_ = v.Close()
		}
	})
}
