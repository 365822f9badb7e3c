package integration

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
)

// errAny stands for any error.
var errAny = errors.New("any error")

// A recorder is a Follow in progress. It does what batches say, and checks that they may say it.
type recorder struct {
	t     *testing.T
	scope remote.Scope
	stop  context.CancelFunc
	ended chan error
	beats event.MemoryValue[struct{}] // set after each batch

	mu       sync.Mutex
	table    map[string]remote.Change
	revision int64
	pieces   []remote.Batch
	broken   error
	fulls    int // whole states
	resets   int // of which older or otherwise than what was known
	breaks   int
	changes  int
}

// follow starts a Follow, which ends with the test. What it returns must be its context's end, unless
// the test takes it from ended.
func follow(t *testing.T, store remote.Store, scope remote.Scope) *recorder {
	t.Helper()
	return followIn(t, context.Background(), store, scope)
}

// followIn is follow under a context.
func followIn(t *testing.T, ctx context.Context, store remote.Store, scope remote.Scope) *recorder {
	t.Helper()
	ctx, stop := context.WithCancel(ctx)
	r := &recorder{t: t, scope: scope, stop: stop, ended: make(chan error, 1), table: map[string]remote.Change{}}
	go func() { r.ended <- store.Follow(ctx, scope, r.apply) }()
	t.Cleanup(r.close)
	return r
}

func (r *recorder) close() {
	r.stop()
	select {
	case err := <-r.ended:
		if !errors.Is(err, context.Canceled) {
			r.t.Errorf("Follow returns %v", err)
		}
		r.ended <- err
	case <-time.After(patience):
		r.t.Error("Follow does not return")
	}
}

// refused waits until Follow reports a refusal like want.
func (r *recorder) refused(want error) {
	r.t.Helper()
	r.until("a refusal", func() bool { return errors.Is(r.broken, remote.ErrRefused) && errors.Is(r.broken, want) })
}

// ends fails the test unless Follow returns by itself, with an error like want.
func (r *recorder) ends(want error) {
	r.t.Helper()
	select {
	case err := <-r.ended:
		if !errors.Is(err, want) && (want != errAny || err == nil) {
			r.t.Errorf("Follow returns %v, want %v", err, want)
		}
		r.ended <- context.Canceled // for close
	case <-time.After(patience):
		r.t.Fatalf("Follow does not return; want %v", want)
	}
}

func (r *recorder) apply(b remote.Batch) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.beats.Set(struct{}{})
	switch {
	case b.Broken != nil:
		r.broken, r.pieces = b.Broken, nil
		r.breaks++
		return nil
	case b.Full:
		r.pieces = nil
	}
	r.pieces = append(r.pieces, b)
	if !b.More {
		r.conclude()
	}
	return nil
}

// conclude does what the pieces say.
func (r *recorder) conclude() {
	pieces := r.pieces
	r.pieces, r.broken = nil, nil
	revision := pieces[len(pieces)-1].Revision
	full := false
	old := r.table
	for _, p := range pieces {
		if p.Full {
			full = true
			r.table = map[string]remote.Change{}
			r.fulls++
		}
		for _, c := range p.Changes {
			r.change(c, full, revision)
		}
	}
	switch {
	case full && r.older(old, revision):
		r.resets++
	case !full && revision < r.revision:
		r.t.Errorf("the revision goes back from %d to %d", r.revision, revision)
	}
	r.revision = revision
}

func (r *recorder) change(c remote.Change, full bool, revision int64) {
	r.changes++
	switch {
	case !r.scope.Contains(c.Key):
		r.t.Errorf("key %q is not in %v", c.Key, r.scope)
	case c.Revision > revision:
		r.t.Errorf("key %q of revision %d in a batch of %d", c.Key, c.Revision, revision)
	case full && c.Deleted:
		r.t.Errorf("key %q is deleted in a whole state", c.Key)
	case !full && c.Revision <= r.revision:
		r.t.Errorf("key %q of revision %d comes again after %d", c.Key, c.Revision, r.revision)
	}
	if c.Deleted {
		delete(r.table, c.Key)
		return
	}
	r.table[c.Key] = c
}

// older reports whether a full state is a reset.
func (r *recorder) older(old map[string]remote.Change, revision int64) bool {
	if revision < r.revision {
		return true
	}
	for k, c := range r.table {
		was := old[k]
		if c.Revision < was.Revision || c.Revision == was.Revision && string(c.Value) != string(was.Value) {
			return true
		}
	}
	return false
}

// until waits until the state of the recorder is as ok says.
func (r *recorder) until(what string, ok func() bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if !r.wait(ctx, ok) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.t.Fatalf("%s: does not come; there are %d keys at revision %d, broken: %v, %d breaks, %d whole states",
			what, len(r.table), r.revision, r.broken, r.breaks, r.fulls)
	}
}

// agrees waits until the recorder has what the store has. What was on its way may still
// be written, so it asks the store again and again.
func (r *recorder) agrees(c clientv3.KV) {
	r.t.Helper()
	eventually(r.t, c, r.scope, r.has)
}

// eventually waits until has, which waits for some time itself, says true to what the store has.
func eventually(t *testing.T, c clientv3.KV, scope remote.Scope, has func(context.Context, map[string]string) bool) {
	t.Helper()
	for end := time.Now().Add(patience); ; {
		want := contents(t, c, scope)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		ok := has(ctx, want)
		cancel()
		if ok {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("what the store has does not come: %d keys", len(want))
		}
	}
}

// has waits until the recorder has that, or ctx ends.
func (r *recorder) has(ctx context.Context, want map[string]string) bool {
	return r.wait(ctx, func() bool {
		if r.fulls == 0 || r.broken != nil || len(r.table) != len(want) {
			return false
		}
		for k, c := range r.table {
			if want[k] != fmt.Sprintf("%s@%d", c.Value, c.Revision) {
				return false
			}
		}
		return true
	})
}

// wait waits until ok is true, or ctx ends.
func (r *recorder) wait(ctx context.Context, ok func() bool) bool {
	good := func(struct{}) bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return ok()
	}
	if good(struct{}{}) {
		return true
	}
	_, err := event.Wait(ctx, &r.beats, good)
	return err == nil
}

// count returns the number that f reads.
func (r *recorder) count(f func() int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return f()
}

// contents is what the store has in scope.
func contents(t *testing.T, c clientv3.KV, scope remote.Scope) map[string]string {
	t.Helper()
	resp, err := c.Get(patient(t), scope.Prefix(), clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	for _, kv := range resp.Kvs {
		if scope.Contains(string(kv.Key)) {
			m[string(kv.Key)] = fmt.Sprintf("%s@%d", kv.Value, kv.ModRevision)
		}
	}
	return m
}
