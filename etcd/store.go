package etcd

import (
	"context"
	"log/slog"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event/remote"
)

// A Store is a [remote.Store] in etcd. Make it with [New]. All methods may be called
// concurrently. It keeps nothing of its own: there may be any number of Stores on one client.
//
// Revisions are etcd's. A key is a key of etcd, and a value what etcd keeps under it: other
// programs may read and write them, too.
type Store struct {
	kv      clientv3.KV
	watcher clientv3.Watcher

	silence  time.Duration
	pageSize int64
	lease    clientv3.LeaseID
	log      *slog.Logger
}

var _ remote.Store = (*Store)(nil)

// An Option changes what [New] makes.
type Option func(*Store)

// DefaultSilence is how long a Store listens to a server that says nothing, unless
// [Silence] says otherwise.
const DefaultSilence = 2 * time.Second

// Silence is after what time without a word from the server, though it was asked three times, a connection
// counts as lost. It costs up to a third more until that is noticed. The default is
// [DefaultSilence]. Silence panics if d is less than 3 ms.
func Silence(d time.Duration) Option {
	if d < 3*time.Millisecond {
		panic("etcd: Silence: too short")
	}
	return func(s *Store) { s.silence = d }
}

// PageSize is how many keys are read at once when a whole state is; 1000 unless this says
// otherwise. PageSize panics if n is less than 1.
func PageSize(n int) Option {
	if n < 1 {
		panic("etcd: PageSize: less than 1")
	}
	return func(s *Store) { s.pageSize = int64(n) }
}

// Lease attaches the keys that are written to a lease: they are deleted when it ends, as it does
// when the process that keeps it alive does. That is how a process says "here I am".
func Lease(id clientv3.LeaseID) Option { return func(s *Store) { s.lease = id } }

// Logger is where connections that are lost, and whole states that are read, are reported,
// at level Info. Nothing is logged unless it is given. Logger panics if l is nil.
func Logger(l *slog.Logger) Option {
	if l == nil {
		panic("etcd: Logger: nil logger")
	}
	return func(s *Store) { s.log = l }
}

// New returns a Store on a client, which is both a KV and a Watcher: New(client, client). With
// the wrappers of package namespace, pass those. New does not connect. It panics if kv or w is nil.
func New(kv clientv3.KV, w clientv3.Watcher, opts ...Option) *Store {
	if kv == nil {
		panic("etcd: New: nil KV")
	}
	if w == nil {
		panic("etcd: New: nil Watcher")
	}
	s := &Store{
		kv:       kv,
		watcher:  w,
		silence:  DefaultSilence,
		pageSize: 1000,
		log:      slog.New(slog.DiscardHandler),
	}
	for _, o := range opts {
		o(s)
	}
	return s
}

// Put writes value under key if cond holds, as [remote.Store] says. A write is one request,
// which is never repeated: after a lost connection the first may fail with an error that is
// [remote.ErrUnknownOutcome]. Without a deadline in ctx it may wait for as long as the
// connection is half-open. Put panics if ctx is nil.
func (s *Store) Put(ctx context.Context, key string, value []byte, cond remote.Condition) (int64, error) {
	if ctx == nil {
		panic("etcd: Store.Put: nil context")
	}
	return s.write(ctx, key, clientv3.OpPut(key, string(value), clientv3.WithLease(s.lease)), cond)
}

// Delete removes key if cond holds, as [remote.Store] says, and as [Store.Put] does. Delete panics
// if ctx is nil.
func (s *Store) Delete(ctx context.Context, key string, cond remote.Condition) (int64, error) {
	if ctx == nil {
		panic("etcd: Store.Delete: nil context")
	}
	return s.write(ctx, key, clientv3.OpDelete(key), cond)
}

// write does op on key if cond holds. A condition costs permission to read the key.
func (s *Store) write(ctx context.Context, key string, op clientv3.Op, cond remote.Condition) (int64, error) {
	if err := remote.CheckKey(key); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	at, conditional := cond.Revision()
	if !conditional {
		r, err := s.kv.Do(ctx, op)
		switch {
		case err != nil:
			return 0, writeError(ctx, err)
		case r.Put() != nil:
			return r.Put().Header.Revision, nil
		}
		return r.Del().Header.Revision, nil
	}
	r, err := s.kv.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(key), "=", at)).Then(op).Commit()
	switch {
	case err != nil:
		return 0, writeError(ctx, err)
	case !r.Succeeded:
		return 0, remote.ErrConflict
	}
	return r.Header.Revision, nil
}
