package etcd

import (
	"context"
	"sync"
	"time"
)

// A sharedStream is the stream on which the Follows of a Store watch once they
// have caught up. One progress request serves all of them. The stream does not
// answer progress requests while one of its watches is behind, so each watch
// begins with the next change, and a Follow that is behind has another stream.
//
// Follows leave a shared stream that does not answer, and later ones use another
// one. The stream ends when the last Follow leaves it.
type sharedStream struct {
	*stream
	refs   int                // guarded by Store.mu
	cancel context.CancelFunc // ends the requests
	done   sync.WaitGroup     // waits for the requests
}

// acquireShared returns the shared stream of s. It makes one if there is none.
// The caller calls releaseShared. key is as for newStream.
func (s *Store) acquireShared(key string) *sharedStream {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shared == nil {
		sh := &sharedStream{stream: s.newStream(context.Background(), key)}
		var ctx context.Context
		ctx, sh.cancel = context.WithCancel(sh.ctx)
		sh.done.Go(func() { sh.keepRequesting(ctx, s.silence/3) })
		s.shared = sh
	}
	s.shared.refs++
	return s.shared
}

// releaseShared gives sh up, and ends it if no other Follow has it.
func (s *Store) releaseShared(sh *sharedStream) {
	s.mu.Lock()
	sh.refs--
	last := sh.refs == 0
	if last && s.shared == sh {
		s.shared = nil
	}
	s.mu.Unlock()
	if last {
		sh.cancel()
		sh.done.Wait() // A request after the end would open another stream.
		sh.end()
	}
}

// abandonShared makes later calls of acquireShared return another stream.
func (s *Store) abandonShared(sh *sharedStream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shared == sh {
		s.shared = nil
	}
}

// keepRequesting requests progress once per interval until ctx ends.
func (sh *sharedStream) keepRequesting(ctx context.Context, interval time.Duration) {
	tick := time.Tick(interval)
	for {
		select {
		case <-tick:
			sh.requestProgress(ctx, interval)
		case <-ctx.Done():
			return
		}
	}
}
