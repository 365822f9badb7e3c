package inspect

import (
	"context"
	"net/http"
	"sync"
	"time"
)

const (
	// doubtTime is the time after the first request of a server for which its streams are in
	// doubt, and the longest time for which a stream in doubt lasts.
	doubtTime = 10 * time.Second

	// keepTime is the time for which a server is known after its Shutdown.
	keepTime = time.Minute
)

// shutdowns holds what is known of the Shutdown of each server that has had a request. A
// stream would otherwise hold up the Shutdown for as long as its page is open. The zero value is
// ready.
type shutdowns struct {
	mu  sync.Mutex
	all map[*http.Server]*shutdown
}

// A shutdown is the Shutdown of a server.
type shutdown struct {
	begun      context.Context // ends when the Shutdown begins
	registered time.Time       // a Shutdown that has begun before is not noticed
	at         time.Time       // when it has begun, or zero; guarded by shutdowns.mu
}

// of returns the shutdown of the server of r, or nil. Call it for each request, and not only for
// streams: a server reports only a Shutdown that begins after the first call.
func (s *shutdowns) of(r *http.Request) *shutdown {
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if !ok {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.all[server]; known != nil {
		return known
	}
	if s.all == nil {
		s.all = make(map[*http.Server]*shutdown)
	}
	s.forget()
	ctx, cancel := context.WithCancel(context.Background())
	d := &shutdown{begun: ctx, registered: time.Now()}
	s.all[server] = d
	server.RegisterOnShutdown(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		d.at = time.Now()
		cancel()
	})
	return d
}

// forget removes the servers that have shut down long ago. The caller holds mu.
func (s *shutdowns) forget() {
	for server, d := range s.all {
		if !d.at.IsZero() && time.Since(d.at) > keepTime {
			delete(s.all, server)
		}
	}
}

// limit returns ctx for a stream that begins now. The result also ends when the Shutdown
// begins. If the Shutdown may have begun before the registration, the result ends after doubt;
// the reader then connects again, or cannot, because the server has closed its listeners. A server
// passes on no request that it has read after the Shutdown has begun. But a request that was read
// before may come here later.
func (d *shutdown) limit(ctx context.Context, doubt time.Duration) (context.Context, context.CancelFunc) {
	if d == nil {
		return context.WithCancel(ctx)
	}
	var cancel context.CancelFunc
	if time.Since(d.registered) < doubtTime {
		ctx, cancel = context.WithTimeout(ctx, doubt)
	} else {
		ctx, cancel = context.WithCancel(ctx)
	}
	stop := context.AfterFunc(d.begun, cancel)
	return ctx, func() { stop(); cancel() }
}
