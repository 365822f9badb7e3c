package etcd

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event/remote"
)

// A Store is a [remote.Store] in etcd. Create it with [New]. All methods may be
// called concurrently. Any number of Stores can use one client, but use one Store
// for all Values and Ranges: they share its watch stream.
//
// Revisions are etcd's revisions. Keys and values are etcd's keys and values,
// and other programs may read and write them.
type Store struct {
	kv      clientv3.KV
	watcher clientv3.Watcher

	silence        time.Duration
	pageSize       int64
	lease          clientv3.LeaseID
	endWhenRefused bool
	log            *slog.Logger
	tokens         *tokenPatience

	mu     sync.Mutex
	shared *sharedStream // the one to join, or nil
}

var _ remote.Store = (*Store)(nil)

// An Option configures the Store that [New] returns.
type Option func(*Store)

// DefaultSilence is the time limit for a silent server without the option
// [Silence].
const DefaultSilence = 2 * time.Second

// Silence sets the time after which a connection counts as lost if the server
// does not answer. The server gets three requests in that time. A Store notices
// the silence up to a third of d later. The default is [DefaultSilence].
//
// A large answer may take longer than d on a slow line. With a client of
// [ClientConfig] the bytes that arrive count as an answer, for 15 times d at
// first. A large history arrives in messages of about 1.5 MB, and that time begins
// again with each. With another client a Store reports the loss, but continues to
// wait; each attempt waits sixteen times as long as the one before. After two
// attempts without an answer a Store reads the state instead of the history.
//
// A server may take longer than d to check a password. A Store reports the loss,
// with that reason, but continues to wait. Each request for a token waits four
// times as long as the one that was given up before. All Follows of a Store share
// what was learned. With a client that is not of [ClientConfig] each attempt waits
// twice as long, up to 16 times, and the reason does not name the password.
//
// Silence panics if d is less than 3 ms.
func Silence(d time.Duration) Option {
	if d < 3*time.Millisecond {
		panic("etcd: Silence: too short")
	}
	return func(s *Store) { s.silence = d }
}

// PageSize sets the greatest number of keys that a Store reads at once when it
// reads a full state. A Store reads fewer keys if they are large: it aims at
// pages of half a megabyte, and halves a page that fails. The default is 1000. PageSize panics if n is less than 1.
func PageSize(n int) Option {
	if n < 1 {
		panic("etcd: PageSize: less than 1")
	}
	return func(s *Store) { s.pageSize = int64(n) }
}

// Lease attaches all keys that the Store writes to a lease. They are deleted
// when the lease ends, for example because the process that keeps it alive has
// ended. Use it to publish that a process is alive.
func Lease(id clientv3.LeaseID) Option { return func(s *Store) { s.lease = id } }

// EndWhenRefused makes Follow return when etcd refuses it, and so ends the Value
// or Range with the reason. Without this option, Follow reports
// [remote.ErrRefused] and tries again, after a second at first, and every half
// minute at last.
func EndWhenRefused() Option { return func(s *Store) { s.endWhenRefused = true } }

// Logger sets the logger for lost connections and for reads of a full state.
// Both are logged at level Info. By default nothing is logged. Logger panics if
// l is nil.
func Logger(l *slog.Logger) Option {
	if l == nil {
		panic("etcd: Logger: nil logger")
	}
	return func(s *Store) { s.log = l }
}

// New returns a Store on a client, which is both a KV and a Watcher:
// New(client, client). If you use the wrappers of package namespace, pass the
// wrappers. New does not connect. It panics if kv or w is nil.
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
		tokens:   newTokenPatience(),
	}
	for _, o := range opts {
		o(s)
	}
	return s
}

// Put writes value under key if cond holds, as described at [remote.Store]. It
// panics if ctx is nil.
//
// A write is one request, and is never repeated. After a lost connection, the
// first write may fail with [remote.ErrUnknownOutcome]. Put waits until there is
// a connection, and until the answer arrives. Give ctx a deadline: a half-open
// connection gives no answer.
//
// If ctx ends, or the client is closed, before the client has sent the request,
// Put has written nothing. The error then has the reason for the missing
// connection. That needs a client with the configuration of [ClientConfig]; a
// wrapper of package namespace may stand before it. With another configuration the
// outcome is unknown, unless the client was closed before the call and New was
// given the client itself.
func (s *Store) Put(ctx context.Context, key string, value []byte, cond remote.Condition) (int64, error) {
	if ctx == nil {
		panic("etcd: Store.Put: nil context")
	}
	return s.write(ctx, key, clientv3.OpPut(key, string(value), clientv3.WithLease(s.lease)), cond)
}

// Delete removes key if cond holds, as described at [remote.Store] and at
// [Store.Put]. Delete panics if ctx is nil.
func (s *Store) Delete(ctx context.Context, key string, cond remote.Condition) (int64, error) {
	if ctx == nil {
		panic("etcd: Store.Delete: nil context")
	}
	return s.write(ctx, key, clientv3.OpDelete(key), cond)
}

// write does op on key if cond holds. A condition needs permission to read the
// key.
func (s *Store) write(ctx context.Context, key string, op clientv3.Op, cond remote.Condition) (int64, error) {
	if err := remote.CheckKey(key); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if ended, _ := s.clientEnded(); ended {
		return 0, fmt.Errorf("etcd: nothing written: %w", errClientClosed)
	}
	ctx, life := withLifeline(ctx)
	at, conditional := cond.Revision()
	if !conditional {
		r, err := s.kv.Do(ctx, op)
		switch {
		case err != nil:
			return 0, writeError(ctx, life, err)
		case r.Put() != nil:
			return r.Put().Header.Revision, nil
		}
		return r.Del().Header.Revision, nil
	}
	r, err := s.kv.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(key), "=", at)).Then(op).Commit()
	switch {
	case err != nil:
		return 0, writeError(ctx, life, err)
	case !r.Succeeded:
		return 0, remote.ErrConflict
	}
	return r.Header.Revision, nil
}
