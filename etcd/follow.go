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

// Follow follows what is in scope, as [remote.Store] says. What is permanent, and ends it,
// is that the user has no permission, or the wrong password or none, that the client was closed, or that the
// other side does not speak etcd's protocol. etcd itself goes on serving a watch whose permission
// was revoked; Follow notices within about half a minute, or 15 times [Silence].
//
// It holds one watch with a stream of its own, and asks the server for a sign of life three
// times each Silence. A whole state is read in pages, all at one revision, never from a server that
// may be behind. Follow panics if ctx or apply is nil.
func (s *Store) Follow(ctx context.Context, scope remote.Scope, apply func(remote.Batch) error) error {
	if ctx == nil {
		panic("etcd: Store.Follow: nil context")
	}
	if apply == nil {
		panic("etcd: Store.Follow: nil function")
	}
	f := &follower{Store: s, scope: scope, fn: apply}
	f.key, f.end = interval(scope)
	var again retry
	for {
		err := f.session(ctx)
		if f.healthy {
			f.healthy, again = false, retry{}
		}
		if err := f.ended(ctx, err); err != nil {
			return err
		}
		again.wait(ctx)
	}
}

// ended returns why Follow ends, now that a session has ended because of err, or nil if it
// is to begin another.
func (f *follower) ended(ctx context.Context, err error) error {
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
		f.known = false
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
	scope    remote.Scope
	key, end string // end is empty for one key
	fn       func(remote.Batch) error

	known   bool // there is a state that can be continued, at:
	at      point
	goal    int64 // a revision that the store has reached, and whoever serves a watch is to reach, too
	healthy bool  // the session has come to the point where it follows
}

// A point is a point in a store's history.
type point struct {
	revision int64
	// last is the newest change in scope up to there. Its Revision is 0 if there was none.
	last remote.Change
	// cluster and term are the cluster, and the greatest election term of it, that were seen.
	cluster, term uint64
}

// interval returns what etcd calls a scope.
func interval(scope remote.Scope) (key, end string) {
	if key, ok := scope.One(); ok {
		return key, ""
	}
	if scope.Prefix() == "" {
		return "\x00", "\x00" // everything
	}
	return scope.Prefix(), clientv3.GetPrefixRangeEnd(scope.Prefix())
}

// options are more and the end of the interval.
func (f *follower) options(more ...clientv3.OpOption) []clientv3.OpOption {
	if f.end != "" {
		more = append(more, clientv3.WithRange(f.end))
	}
	return more
}

// apply hands on a batch.
func (f *follower) apply(b remote.Batch) error {
	if err := f.fn(b); err != nil {
		return applyError{err}
	}
	return nil
}

// session reads the whole state, or makes sure that what is known can be continued, and follows
// it from there until something happens. It returns what.
func (f *follower) session(ctx context.Context) error {
	if f.known {
		goal, err := f.verify(ctx, f.at)
		if err != nil {
			return err
		}
		f.goal = goal
		// Connected, and about to catch up.
		if err := f.apply(remote.Batch{More: true}); err != nil {
			return err
		}
	} else if err := f.list(ctx); err != nil {
		return err
	}
	return inTurn(func() error {
		err := f.watch(ctx)
		if err == errSilent && f.healthy {
			return errLost
		}
		return err
	})
}

// inTurn tries what only asks, until another outcome than that nobody answers, or for
// some times. The client takes its connections in turn, so that each attempt is for another server. To
// begin at the beginning after each would not do: of two servers, the one that is dead might get
// every second request for ever, and that always the same.
func inTurn(try func() error) (err error) {
	for range 3 {
		if err = try(); err != errSilent {
			break
		}
	}
	return err
}

// probe is how long to wait for a client to say that it was closed, which it does at once.
const probe = time.Millisecond

// get is a linearizable read: it asks the leader what is newest, wherever it is sent to. A
// serializable one, from a server that was cut off, might be older than what is known.
func (f *follower) get(ctx context.Context, patience time.Duration, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	client, ok := f.kv.(interface{ Ctx() context.Context })
	if !ok {
		patience -= probe
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSilent)
	defer cancel()
	r, err := f.kv.Get(ctx, key, opts...)
	switch {
	case err == nil:
		return r, nil
	case ok && client.Ctx().Err() != nil:
		return nil, errClientClosed // It would try again for as long as we have patience.
	case ctx.Err() != nil && !ok && f.reap(stream(ctx), probe) == errClientClosed:
		return nil, errClientClosed // A wrapper does not say so; its Watch does.
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	return nil, err
}

// list reads the whole state, page by page. All pages are of the revision of the first: writes
// in between come by the watch that begins there.
func (f *follower) list(ctx context.Context) error {
	// Is anybody there? A page may be large, and the line slow: that it takes long would say nothing.
	if _, err := f.get(ctx, f.silence, f.key, clientv3.WithKeysOnly()); err != nil {
		return err
	}
	var at point
	from, full := f.key, true
	for {
		r, err := f.page(ctx, from, at.revision)
		if err != nil {
			return err
		}
		if full {
			at = point{revision: r.Header.Revision, cluster: r.Header.ClusterId, term: r.Header.RaftTerm}
		}
		b := remote.Batch{Full: full, More: r.More, Revision: at.revision, Changes: make([]remote.Change, 0, len(r.Kvs))}
		for _, kv := range r.Kvs {
			b.Changes = append(b.Changes, change(kv, false))
		}
		at.note(b.Changes)
		if err := f.apply(b); err != nil {
			return err
		}
		if !r.More {
			f.known, f.at, f.goal = true, at, at.revision
			return nil
		}
		from, full = string(r.Kvs[len(r.Kvs)-1].Key)+"\x00", false
	}
}

// page reads keys beginning with from, at a revision, or the newest if that is 0.
func (f *follower) page(ctx context.Context, from string, revision int64) (r *clientv3.GetResponse, err error) {
	err = inTurn(func() error {
		r, err = f.get(ctx, 5*f.silence, from, f.options(clientv3.WithLimit(f.pageSize), clientv3.WithRev(revision))...)
		return err
	})
	return r, err
}

// note makes last the newest of itself and the changes.
func (p *point) note(changes []remote.Change) {
	for _, c := range changes {
		if c.Revision >= p.last.Revision {
			p.last = c
		}
	}
}

func change(kv *mvccpb.KeyValue, deleted bool) remote.Change {
	c := remote.Change{Key: string(kv.Key), Deleted: deleted, Revision: kv.ModRevision}
	if !deleted {
		c.Value = kv.Value
	}
	return c
}

// verify asks the store whether a point that was seen is in its history. It is not if the
// store was restored from a backup, whatever has been written since.
//
// That costs one read of one key, as it was then. The answer is not beyond doubt: whoever writes
// the same values at the same revisions again gets away with it. verify returns the revision
// that the store has reached.
func (f *follower) verify(ctx context.Context, at point) (int64, error) {
	key := at.last.Key
	if at.last.Revision == 0 {
		key = f.key // There was nothing, not even this.
	}
	r, err := f.get(ctx, f.silence, key, clientv3.WithRev(at.revision))
	if errors.Is(err, rpctypes.ErrFutureRev) {
		return 0, &staleError{"the revision has gone back"}
	}
	if err != nil {
		return 0, err
	}
	if err := at.check(r.Header); err != nil {
		return 0, err
	}
	if !at.remembers(r.Kvs) {
		return 0, &staleError{fmt.Sprintf("the store remembers revision %d otherwise", at.revision)}
	}
	return r.Header.Revision, nil
}

// remembers reports whether kvs, what the store says there was under the key of the last change, is that.
func (p *point) remembers(kvs []*mvccpb.KeyValue) bool {
	if p.last.Revision == 0 || p.last.Deleted {
		return len(kvs) == 0
	}
	return len(kvs) == 1 && kvs[0].ModRevision == p.last.Revision && string(kvs[0].Value) == string(p.last.Value)
}

// check looks for signs that the store which sent a header is not the one that was at p. It
// remembers the term.
func (p *point) check(h *etcdserverpb.ResponseHeader) error {
	switch {
	case h.ClusterId != p.cluster:
		return &staleError{"it is another cluster"}
	case h.RaftTerm < p.term:
		return &staleError{"the election term has gone back"}
	}
	p.term = h.RaftTerm
	return nil
}
