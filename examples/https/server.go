package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/file"
)

const (
	// grace is the time without a new connection after which an old server stops
	// listening. Clients need time to get the new address, and a busy machine needs
	// seconds to run them all.
	grace = 5 * time.Second
	// patience bounds both the time until then and the time for the last requests.
	patience = 30 * time.Second
)

// A Server serves the message of its configuration over HTTPS.
//
//	files ── file.Value, file.Certificate ──▶ RunWhile ──▶ one http.Server after another
type Server struct {
	Config *file.Value[Config]
	Cert   *file.Certificate

	address event.MemoryValue[string] // The address of the newest server.
	next    listeners
	old     sync.WaitGroup // The servers that finish their requests.
}

// NewServer returns a Server that follows the three files.
func NewServer(config, cert, key string, opts ...file.Option) *Server {
	return &Server{
		Config: file.New(config, decode, opts...),
		Cert:   file.KeyPair(cert, key, opts...),
	}
}

// Address returns the address of the newest server as a value.
func (s *Server) Address() event.ValueWatch[string] { return &s.address }

// Serve follows the files and serves until ctx ends or a file cannot be loaded
// at the start. It returns when the last request has been answered.
func (s *Server) Serve(ctx context.Context) error {
	defer s.next.closeAll()
	defer s.old.Wait()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.Config.Serve(ctx) })
	group.Go(func() error { return s.Cert.Serve(ctx) })
	group.Go(func() error { return event.RunWhile(ctx, s.Config, s.keep, s.run) })
	return group.Wait()
}

// keep reports whether the server of old can continue with next. It binds the
// new address. If that fails, the old server stays.
func (s *Server) keep(old, next Config) bool {
	if old.Address == next.Address {
		return true // The handler loads the message.
	}
	if err := s.next.bind(next.Address); err != nil {
		log.Printf("the old server stays: %v", err)
		return true
	}
	return false
}

// run serves at the address of c until ctx ends. It leaves the requests in
// progress to a goroutine, so that the next server starts at once.
func (s *Server) run(ctx context.Context, c Config) error {
	listener, err := s.next.take(c.Address)
	if err != nil {
		return err
	}
	if _, err := event.Wait(ctx, s.Cert, func(*tls.Certificate) bool { return true }); err != nil {
		return errors.Join(err, listener.Close())
	}
	var arriving arrivals
	server := &http.Server{
		Handler:   http.HandlerFunc(s.answer),
		TLSConfig: &tls.Config{GetCertificate: s.Cert.GetCertificate},
		ConnState: arriving.note,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.ServeTLS(listener, "", "") }()
	s.address.Set(listener.Addr().String())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		replaced := context.Cause(ctx) == event.ErrChanged
		if replaced {
			s.next.retire(c.Address, listener)
		}
		s.old.Go(func() {
			if replaced {
				arriving.await(grace, patience)
			}
			finish(server)
		})
		return nil
	}
}

// finish ends a server after its last request.
func finish(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		log.Printf("a request was not finished in %v: %v", patience, server.Close())
	}
}

func (s *Server) answer(w http.ResponseWriter, _ *http.Request) {
	c, _ := s.Config.Load()
	_, _ = io.WriteString(w, c.Message)
}

// listeners holds the listeners of the next runs, by address. RunWhile may skip
// a Config for a newer one. Its listener is closed then.
type listeners struct {
	mu      sync.Mutex
	waiting map[string]net.Listener
	retired map[string]net.Listener // Of old servers, which may still listen.
}

// retire hands over the listener of a server that was replaced. It is closed
// once a later Config has its address again.
func (l *listeners) retire(address string, listener net.Listener) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.retired == nil {
		l.retired = map[string]net.Listener{}
	}
	l.retired[address] = listener
}

// bind listens at address, unless it does so already. An old server at address
// stops listening, and finishes the requests that it has.
func (l *listeners) bind(address string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting[address] != nil {
		return nil
	}
	if old := l.retired[address]; old != nil {
		_ = old.Close() // The server may have closed it already.
		delete(l.retired, address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	if l.waiting == nil {
		l.waiting = map[string]net.Listener{}
	}
	l.waiting[address] = listener
	return nil
}

// take returns the listener at address and closes all others.
func (l *listeners) take(address string) (net.Listener, error) {
	if err := l.bind(address); err != nil {
		return nil, err
	}
	l.mu.Lock()
	listener := l.waiting[address]
	delete(l.waiting, address)
	l.mu.Unlock()
	l.closeAll()
	return listener, nil
}

func (l *listeners) closeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, listener := range l.waiting {
		_ = listener.Close()
	}
	clear(l.waiting)
}
