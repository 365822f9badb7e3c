package simulation

import (
	"context"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// A world is the servers, the lines and the client of one run.
type world struct {
	Params
	hooks Hooks

	mu      sync.Mutex
	store   *store
	truth   *truth
	members []*member
	client  *client
	over    chan struct{} // closed at the end of the run

	quota       quota
	permitted   *[]span // nil: everything
	noEtcd      bool    // a proxy answers instead of etcd
	loseAnswers int     // the number of answers to writes that get lost

	streams int   // the number of open streams
	calls   int   // the number of calls so far
	sent    int64 // the number of bytes that have arrived at the client

	violations []string
}

// Hooks gives the simulation what it needs of package etcd beyond its exported names.
type Hooks struct {
	// Meter returns the functions by which a simulated connection takes part in the
	// measurement. The first connects the lifeline of a call to the connection. The
	// second counts bytes. The third records the error with which a call ends.
	Meter func() (connect func(context.Context), count func(int64), end func(context.Context, error))
	// Own returns a Watcher that can make others, as a client can.
	Own func(w clientv3.Watcher, another func() clientv3.Watcher) clientv3.Watcher
}

// A quota is the state of the servers' quota.
type quota int

const (
	quotaFree     quota = iota
	quotaReached        // the next write is done and refused
	quotaExceeded       // writes are refused
)

// A span is a range of keys that the user may use.
type span struct{ from, end string }

func newWorld(p Params, hooks Hooks) *world {
	w := &world{Params: p, store: newStore(), truth: newTruth(), over: make(chan struct{}), hooks: hooks}
	for i := range p.members {
		w.members = append(w.members, &member{w: w, id: uint64(i + 1), changed: make(chan struct{})})
	}
	return w
}

// mayUse reports whether the user may use all keys of a range.
func (w *world) mayUse(from, end string) bool {
	if w.permitted == nil {
		return true
	}
	for _, s := range *w.permitted {
		if end == "" && inRange(from, s.from, s.end) || end != "" && s.from <= from && end <= s.end {
			return true
		}
	}
	return false
}

// commit writes events to the store. It notes the write in the operation of ctx.
// The caller holds the mutex.
func (w *world) commit(ctx context.Context, events ...change) {
	done := w.store.commit(events...)
	w.truth.add(done)
	if op, ok := ctx.Value(operationKey{}).(*operation); ok && len(done) > 0 {
		op.done = append(op.done, mark{w.truth.timeline, w.store.revision})
	}
	w.advance()
}

// advance lets the members apply what is committed.
func (w *world) advance() {
	for _, m := range w.members {
		m.advance()
	}
}

// sleep waits for d. It returns false if done is closed or the run is over first.
func (w *world) sleep(d time.Duration, done <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-done:
	case <-w.over:
	}
	return false
}

// report reports a violation. The caller does not hold the mutex.
func (w *world) report(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violations = append(w.violations, time.Now().Format("[05.000] ")+fmt.Sprintf(format, args...))
}

// An operation is one write of the simulation. Its context leads to it.
type operation struct{ done []mark }

type operationKey struct{}
