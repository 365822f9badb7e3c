package etcd

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/atomic"

	"github.com/eventvalue/event/remote"
)

// Follow follows the keys in scope, as described at [remote.Store]. It panics
// if ctx or apply is nil.
//
// Follow returns an error if the client is closed. In the following cases it
// reports [remote.ErrRefused] and tries again, unless the Store has the option
// [EndWhenRefused]:
//
//   - The user lacks the permission, for a part of the scope or for all of it.
//   - The password is wrong or missing.
//   - The server does not speak etcd's protocol.
//
// etcd continues to serve a watch after its permission was revoked or narrowed.
// Follow notices that within 15 times [Silence].
//
// Follow never reads the full state from a server that may be behind. All pages
// of a full state have one revision.
//
// [remote.Connected] is reported when the watch is open and has reached the
// revision that the store had. Broken is reported after twice [Silence] at the
// latest if the server does not answer, even before the first watch is open.
//
// A Follow leaves no stream of the client behind. If New was given a wrapper
// instead of a client, a stream ends once the client has a connection. If that
// client is not of [ClientConfig], and the connection is lost at the moment at which
// the stream ends, the stream stays until the client is closed.
//
// The Follows of a Store that have caught up watch on one shared stream. A Follow
// begins on a stream of its own, and returns to one if the shared stream does not
// answer, for example because of a large response to another Follow. A Follow
// whose ctx has outgoing metadata of gRPC always has its own stream.
//
// Cost: a Follow has one watch. All Follows on the shared stream take one progress
// request three times per Silence, which the client passes on to each of them. A
// move to the shared stream takes another watch for a moment, and a read of one
// key. Behind a wrapper, the end of a stream takes a watch, or two if the client is
// not of [ClientConfig]. A Follow reads one key every 15 times Silence.
func (s *Store) Follow(ctx context.Context, scope remote.Scope, apply func(remote.Batch) error) error {
	if ctx == nil {
		panic("etcd: Store.Follow: nil context")
	}
	if apply == nil {
		panic("etcd: Store.Follow: nil function")
	}
	f := &follower{Store: s, scope: scope, fn: apply, pageLimit: firstPage, patience: 1, readPatience: 1, openPatience: 1}
	f.key, f.rangeEnd = keyRange(scope)
	lost := retryDelay{least: minBackoff, most: maxBackoff}
	refused := retryDelay{least: minRefusedBackoff, most: maxRefusedBackoff}
	for {
		err := f.session(ctx)
		if f.caughtUp {
			f.caughtUp = false
			lost.reset()
			refused.reset()
		}
		delay := &lost
		if refusal(err) != nil {
			delay = &refused
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
	case errors.Is(err, errClientClosed):
		return fmt.Errorf("etcd: following %v: %w", f.scope, err)
	case refusal(err) != nil:
		err = fmt.Errorf("%w: etcd: following %v: %w", remote.ErrRefused, f.scope, refusal(err))
		if f.endWhenRefused {
			return err
		}
	case stale(err):
		f.log.Info("etcd: reading the whole state", "scope", f.scope, "why", err)
		f.canResume, f.listing = false, nil
		return nil
	case err == errSilent, err == errFellSilent:
		err = f.explain(ctx, err)
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

	listing   *listing // a full state that was not read to its end, or nil
	pageLimit int64    // the greatest number of keys in the next page
	// pageFailures is the number of pages that have failed, less those that have
	// succeeded since.
	pageFailures int
	patience     int  // multiplies the time that a watch may take for a response
	unheard      int  // the number of watches in a row that ended without a response on a slow line
	metered      bool // the client of the last read has a meter
	readPatience int  // multiplies the time that a read of one key may take
	openPatience int  // multiplies the time that the opening of a watch may take

	broken bool          // Broken was reported since the last batch
	reason atomic.String // what the connection lacked at the last call, or ""

	probe <-chan bool // the result of a probe in progress; see clientClosed
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
	f.broken = b.Broken != nil
	if err := f.fn(b); err != nil {
		return applyError{err}
	}
	return nil
}

// reportBroken reports the connection as lost, although the follower has not
// given up yet. It does nothing if that was reported. The pieces of an update
// that were passed to apply are void then.
func (f *follower) reportBroken(ctx context.Context, reason error) error {
	if f.broken {
		return nil
	}
	return f.apply(remote.Batch{Broken: f.explain(ctx, reason)})
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
	err := f.tryServers(ctx, func() error { return f.watch(ctx) })
	if err == errSilent && f.caughtUp {
		return errFellSilent
	}
	return err
}

// tryServers calls try until its result is neither errSilent nor errBehind, three
// times at most. try must only read. The client sends successive requests to
// different servers, so each call reaches another server. tryServers reports
// Broken before it calls try again. It does not call try again once the session
// has caught up.
//
// Restarting the session after each failure would not be enough. If one of two
// servers is dead, that server might get every second request, and always the
// same request of a session. A session may send three requests, and one of three
// servers may be behind: that server might get the watch of every session.
func (f *follower) tryServers(ctx context.Context, try func() error) error {
	for range 2 {
		err := try()
		if err != errSilent && err != errBehind || f.caughtUp {
			return err
		}
		if err := f.reportBroken(ctx, err); err != nil {
			return err
		}
	}
	return try()
}

// get makes a linearizable read, which returns the newest state whatever server
// it reaches. A serializable read might return a state that is older than f.at
// if the server was cut off from the others.
//
// patience multiplies the time limit; see [silenceMeter].
func (f *follower) get(ctx context.Context, patience int, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	ctx, life := withLifeline(ctx)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	m := &silenceMeter{life: life, patience: patience, tokens: f.tokens}
	stop := f.watchdog(ctx, cancel, m)
	r, err := f.kv.Get(ctx, key, opts...)
	stop()
	f.reason.Store(life.noConnection())
	f.metered = life.begun.Load()
	if err == nil {
		m.tokenArrived()
	} else {
		m.noteToken(&f.reason)
	}
	if e, ok := context.Cause(ctx).(applyError); ok {
		return nil, e
	}
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

// maxBlindPatience is the greatest patience for a read of one key, and for the
// opening of a watch, of a client without a meter. It may be waiting for a token.
const maxBlindPatience = 16

// read is get of at most one key. If the client has no meter, the patience doubles
// with each read that fails by silence, and is 1 again after one that succeeds.
func (f *follower) read(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	r, err := f.get(ctx, f.readPatience, key, opts...)
	switch {
	case err == nil:
		f.readPatience = 1
	case err == errSilent && !f.metered:
		f.readPatience = min(2*f.readPatience, maxBlindPatience)
	}
	return r, err
}

// watchdog checks during a call of the client whether the server is silent, and
// then cancels the call with errSilent. If the server only seems silent, and the
// call continues, watchdog reports Broken. A failure of apply cancels the call
// with the [applyError].
//
// The caller calls stop when the call has returned, and does not call apply
// before. stop returns false if the call was cancelled.
func (f *follower) watchdog(ctx context.Context, cancel context.CancelCauseFunc, m *silenceMeter) (stop func() bool) {
	return m.watchdog(f.silence, func(silent bool) error {
		m.noteToken(&f.reason)
		if silent {
			return errSilent
		}
		return f.reportBroken(ctx, errSilent)
	}, cancel)
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
// the same revisions, or may write another large value at the same revision.
//
// Cost: one read of one key at an old revision, another one if the last change was a
// deletion, and for a prefix another read of one key.
func (f *follower) verify(ctx context.Context, at historyPoint) (int64, error) {
	key := at.last.Key
	if at.last.Revision == 0 {
		key = f.key // Scope was empty, so this key was absent.
	}
	opts := []clientv3.OpOption{clientv3.WithRev(at.revision)}
	if at.isLarge() {
		opts = append(opts, clientv3.WithKeysOnly())
	}
	r, err := f.read(ctx, key, opts...)
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
	if err := f.verifyDeletion(ctx, at.last); err != nil {
		return 0, err
	}
	return r.Header.Revision, f.checkPermission(ctx)
}

// verifyDeletion checks that the key of c existed before c, if c is a deletion. A key
// that is absent now may never have existed in a store that was restored.
func (f *follower) verifyDeletion(ctx context.Context, c remote.Change) error {
	if !c.Deleted {
		return nil
	}
	r, err := f.read(ctx, c.Key, clientv3.WithRev(c.Revision-1), clientv3.WithKeysOnly())
	switch {
	case errors.Is(err, rpctypes.ErrCompacted): // It is not known any more.
	case err != nil:
		return err
	case len(r.Kvs) == 0:
		return &staleError{fmt.Sprintf("the store remembers revision %d otherwise", c.Revision)}
	}
	return nil
}

// checkPermission returns an error if the user may not read all keys in scope.
// A read of one key does not check the permission for a range.
func (f *follower) checkPermission(ctx context.Context) error {
	if f.rangeEnd == "" {
		return nil
	}
	return f.tryServers(ctx, func() error {
		_, err := f.read(ctx, f.key, f.withRange(clientv3.WithLimit(1), clientv3.WithKeysOnly())...)
		return err
	})
}

// maxVerified is the size of the largest value that verify compares. A larger
// value might take longer than silence on a slow line.
const maxVerified = 16 << 10

// isLarge reports whether the last change has a value that verify does not
// compare.
func (p *historyPoint) isLarge() bool { return len(p.last.Value) > maxVerified }

// matches reports whether kvs is the state of the key of the last change at p.
func (p *historyPoint) matches(kvs []*mvccpb.KeyValue) bool {
	if p.last.Revision == 0 || p.last.Deleted {
		return len(kvs) == 0
	}
	return len(kvs) == 1 && kvs[0].ModRevision == p.last.Revision &&
		(p.isLarge() || string(kvs[0].Value) == string(p.last.Value))
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
