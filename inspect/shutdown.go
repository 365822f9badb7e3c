package inspect

import (
	"context"
	"net/http"
	"sync"
)

// shutdowns holds a context for each server that has a stream. A stream would otherwise hold
// up the server's Shutdown for as long as its page is open. The zero value is ready.
type shutdowns struct {
	mu       sync.Mutex
	contexts map[*http.Server]context.Context
}

// of returns a context that ends when the server begins to shut down.
func (s *shutdowns) of(server *http.Server) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx := s.contexts[server]; ctx != nil {
		return ctx
	}
	if s.contexts == nil {
		s.contexts = make(map[*http.Server]context.Context)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.contexts[server] = ctx
	server.RegisterOnShutdown(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.contexts, server)
		cancel()
	})
	return ctx
}
