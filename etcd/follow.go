package etcd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event/remote"
)

// Follow follows the keys in scope, as described at [remote.Store]. It panics
// if ctx or apply is nil.
//
// Follow returns a permanent error in the following cases:
//
//   - The user lacks the permission.
//   - The password is wrong or missing.
//   - The client is closed.
//   - The server does not speak etcd's protocol.
//
// etcd continues to serve a watch after its permission was revoked. Follow
// notices that within 15 times [Silence].
//
// Follow never reads the full state from a server that may be behind. All pages
// of a full state have one revision.
//
// A Follow leaves no stream of the client behind. If New was given a wrapper
// instead of a client, the last stream may stay until the client has a
// connection again, or is closed.
//
// Cost: a Follow has one watch on a stream of its own. Behind a wrapper, each end
// of a watch takes another watch, which ends the stream. It requests progress
// three times per Silence. It reads one key every 15 times Silence.
func (s *Store) Follow(ctx context.Context, scope remote.Scope, apply func(remote.Batch) error) error {
	if ctx == nil {
		panic("etcd: Store.Follow: nil context")
	}
	if apply == nil {
		panic("etcd: Store.Follow: nil function")
	}
	f := &follower{Store: s, scope: scope, fn: apply}
	f.key, f.rangeEnd = keyRange(scope)
	var delay retryDelay
	for {
		err := f.session(ctx)
		if f.caughtUp {
			f.caughtUp, delay = false, retryDelay{}
		}
		if err := f.handleError(ctx, err); err != nil {
			return err
		}
		delay.wait(ctx)
	}
}

// handleError processes the error of a session. It returns the error that
// Follow must return, or nil if Follow must start another session.
func (f *follower) handleError(ctx context.Context, err error) error {
	if e, ok := err.(applyError); ok {
		return e.error
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case permanent(err):
		return fmt.Errorf("etcd: following %v: %w", f.scope, err)
	case stale(err):
		f.log.Info("etcd: reading the whole state", "scope", f.scope, "why", err)
		f.canResume = false
		return nil
	}
	f.log.Info("etcd: connection lost", "scope", f.scope, "why", err)
	if err := f.apply(remote.Batch{Broken: err}); err != nil {
		return err.(applyError).error
	}
	return nil
}

// A follower is a Follow in progress.
type follower struct {
	*Store
	scope         remote.Scope
	key, rangeEnd string // rangeEnd is empty for one key
	fn            func(remote.Batch) error

	canResume bool         // the next session can continue at the point at
	at        historyPoint // the state that was delivered
	target    int64        // a revision that the store has, and the watch must reach
	caughtUp  bool         // the session has delivered the state of target

	probe <-chan error // the result of a probe in progress; see clientClosed
}

// A historyPoint is a point in the history of a store.
type historyPoint struct {
	revision int64
	// last is the newest change in scope up to revision. Its Revision is 0 if
	// there was no change.
	last remote.Change
	// cluster is the ID of the cluster, and term the greatest election term
	// seen.
	cluster, term uint64
}

// keyRange returns the key and the range end by which etcd represents scope.
func keyRange(scope remote.Scope) (key, rangeEnd string) {
	if key, ok := scope.One(); ok {
		return key, ""
	}
	if scope.Prefix() == "" {
		return "\x00", "\x00" // all keys
	}
	return scope.Prefix(), clientv3.GetPrefixRangeEnd(scope.Prefix())
}

// withRange returns opts with the range end, if there is one.
func (f *follower) withRange(opts ...clientv3.OpOption) []clientv3.OpOption {
	if f.rangeEnd != "" {
		opts = append(opts, clientv3.WithRange(f.rangeEnd))
	}
	return opts
}

// apply passes a batch to the function that Follow was given. It returns its
// error as an [applyError].
func (f *follower) apply(b remote.Batch) error {
	if err := f.fn(b); err != nil {
		return applyError{err}
	}
	return nil
}

// session follows the store until it fails, and returns the reason. It starts
// at the known state if verify confirms it, and with the full state otherwise.
func (f *follower) session(ctx context.Context) error {
	if f.canResume {
		target, err := f.verify(ctx, f.at)
		if err != nil {
			return err
		}
		f.target = target
		// An empty piece reports that the session is connected and catching up.
		if err := f.apply(remote.Batch{More: true}); err != nil {
			return err
		}
	} else if err := f.list(ctx); err != nil {
		return err
	}
	return tryServers(func() error {
		err := f.watch(ctx)
		if err == errSilent && f.caughtUp {
			return errFellSilent
		}
		return err
	})
}

// tryServers calls try until its result is not errSilent, three times at most.
// try must only read. The client sends successive requests to different
// servers, so each call reaches another server.
//
// Restarting the session after each failure would not be enough. If one of two
// servers is dead, that server might get every second request, and always the
// same request of a session.
func tryServers(try func() error) (err error) {
	for range 3 {
		if err = try(); err != errSilent {
			break
		}
	}
	return err
}

// get makes a linearizable read, which returns the newest state whatever server
// it reaches. A serializable read might return a state that is older than f.at
// if the server was cut off from the others.
func (f *follower) get(ctx context.Context, timeout time.Duration, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout-probeTimeout, errSilent)
	defer cancel()
	r, err := f.kv.Get(ctx, key, opts...)
	switch {
	case err == nil:
		return r, nil
	case ctx.Err() == nil:
		return nil, err
	case f.clientClosed():
		return nil, errClientClosed // The client retries until the timeout.
	}
	return nil, context.Cause(ctx)
}

// list reads the full state page by page. All pages have the revision of the
// first page. The watch that begins at that revision delivers all later writes.
func (f *follower) list(ctx context.Context) error {
	// A short read first checks that a server answers. A page may be large and
	// the connection slow, so its duration proves nothing.
	if _, err := f.get(ctx, f.silence, f.key, clientv3.WithKeysOnly()); err != nil {
		return err
	}
	var at historyPoint
	from, first := f.key, true
	for {
		r, err := f.page(ctx, from, at.revision)
		if err != nil {
			return err
		}
		if first {
			at = historyPoint{revision: r.Header.Revision, cluster: r.Header.ClusterId, term: r.Header.RaftTerm}
		}
		b := remote.Batch{Full: first, More: r.More, Revision: at.revision, Changes: make([]remote.Change, 0, len(r.Kvs))}
		for _, kv := range r.Kvs {
			b.Changes = append(b.Changes, change(kv, false))
		}
		at.addChanges(b.Changes)
		if err := f.apply(b); err != nil {
			return err
		}
		if !r.More {
			f.canResume, f.at, f.target = true, at, at.revision
			return nil
		}
		from, first = string(r.Kvs[len(r.Kvs)-1].Key)+"\x00", false
	}
}

// page reads one page of keys, beginning with from. It reads at the given
// revision, or at the newest revision if it is 0.
func (f *follower) page(ctx context.Context, from string, revision int64) (r *clientv3.GetResponse, err error) {
	err = tryServers(func() error {
		r, err = f.get(ctx, 5*f.silence, from, f.withRange(clientv3.WithLimit(f.pageSize), clientv3.WithRev(revision))...)
		return err
	})
	return r, err
}

// addChanges sets last to the newest of last and changes.
func (p *historyPoint) addChanges(changes []remote.Change) {
	for _, c := range changes {
		if c.Revision >= p.last.Revision {
			p.last = c
		}
	}
}

// change converts a key of etcd to a [remote.Change].
func change(kv *mvccpb.KeyValue, deleted bool) remote.Change {
	c := remote.Change{Key: string(kv.Key), Deleted: deleted, Revision: kv.ModRevision}
	if !deleted {
		c.Value = kv.Value
	}
	return c
}

// verify checks that the history of the store contains the given point, and
// returns the present revision of the store. If the store was restored from a
// backup, verify returns a [staleError], even if there were writes since.
//
// verify can miss a reset: the writes after it may repeat the same values at
// the same revisions.
//
// Cost: one read of one key, at an old revision.
func (f *follower) verify(ctx context.Context, at historyPoint) (int64, error) {
	key := at.last.Key
	if at.last.Revision == 0 {
		key = f.key // Scope was empty, so this key was absent.
	}
	r, err := f.get(ctx, f.silence, key, clientv3.WithRev(at.revision))
	if errors.Is(err, rpctypes.ErrFutureRev) {
		return 0, &staleError{"the revision has gone back"}
	}
	if err != nil {
		return 0, err
	}
	if err := at.checkHeader(r.Header); err != nil {
		return 0, err
	}
	if !at.matches(r.Kvs) {
		return 0, &staleError{fmt.Sprintf("the store remembers revision %d otherwise", at.revision)}
	}
	return r.Header.Revision, nil
}

// matches reports whether kvs is the state of the key of the last change at p.
func (p *historyPoint) matches(kvs []*mvccpb.KeyValue) bool {
	if p.last.Revision == 0 || p.last.Deleted {
		return len(kvs) == 0
	}
	return len(kvs) == 1 && kvs[0].ModRevision == p.last.Revision && string(kvs[0].Value) == string(p.last.Value)
}

// checkHeader returns a [staleError] if the header h is from another cluster
// than p, or from an earlier election term. It advances the term of p.
func (p *historyPoint) checkHeader(h *etcdserverpb.ResponseHeader) error {
	switch {
	case h.ClusterId != p.cluster:
		return &staleError{"it is another cluster"}
	case h.RaftTerm < p.term:
		return &staleError{"the election term has gone back"}
	}
	p.term = h.RaftTerm
	return nil
}
