package event_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/eventvalue/event"
)

// serveHTTP serves at the newest address until ctx ends. server makes a server for each
// address. If an address is occupied, the old server stays, and serveHTTP tries again
// each second; only the first address must be free. Otherwise the new server begins at
// once. The old one finishes its requests within grace. serveHTTP returns when each
// server has ended. Its error is ctx.Err() alone if nothing has failed.
func serveHTTP(ctx context.Context, addr event.ValueWatch[string], grace time.Duration, server func() *http.Server) error {
	var mu sync.Mutex      // keep runs while a run begins.
	var bound net.Listener // For the next run, at the address to, or nil.
	var to string
	// bind binds addr for the next run. If take is set, this is that run.
	bind := func(addr string, take bool) (net.Listener, error) {
		mu.Lock()
		defer mu.Unlock()
		if bound == nil || to != addr {
			l, err := net.Listen("tcp", addr)
			if err != nil {
				return nil, err
			}
			if bound != nil {
				bound.Close() // A newer address has replaced its address.
			}
			bound, to = l, addr
		}
		l := bound
		if take {
			bound = nil
		}
		return l, nil
	}

	retry := event.New(0)
	timer := time.AfterFunc(time.Hour, func() { retry.Set(0) }) // keep resets it.
	defer timer.Stop()
	keep := func(old, next string) bool {
		if old == next {
			return true
		}
		if _, err := bind(next, false); err != nil {
			log.Printf("the server at %s stays: %v", old, err)
			timer.Reset(time.Second) // Then keep is called again.
			return true
		}
		return false
	}

	var drains sync.WaitGroup
	var failed event.MemoryValue[error]
	addrs := event.Combine(addr, retry, func(addr string, _ int) string { return addr })
	first := true
	err := event.RunWhile(ctx, addrs, keep, func(ctx context.Context, addr string) error {
		s := server()
		l, err := bind(addr, true)
		for ; err != nil && !first; l, err = bind(addr, true) { // keep has bound an older address.
			log.Printf("no server: %v", err)
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(time.Second):
			}
		}
		if err != nil {
			return err
		}
		first = false
		drains.Add(1)
		stop := context.AfterFunc(ctx, func() {
			defer drains.Done()
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
			defer cancel()
			if err := s.Shutdown(ctx); err != nil {
				s.Close()
				err = fmt.Errorf("shutdown at %s: %w", addr, err)
				log.Print(err) // serveHTTP returns it, too, but perhaps much later.
				failed.Update(func(others error, _ bool) (error, bool) {
					return errors.Join(others, err), true
				})
			}
		})
		err = s.Serve(l) // Or ServeTLS(l, "", ""). Returns as soon as Shutdown has closed l.
		if stop() {      // The server has failed.
			drains.Done()
			l.Close()
			return errors.Join(err, s.Close())
		}
		return nil
	})
	if bound != nil {
		bound.Close()
	}
	drains.Wait()
	if lost, _ := failed.Load(); lost != nil {
		return errors.Join(err, lost)
	}
	return err
}

// An HTTP server follows its address. The new server answers while the old one finishes
// its requests.
func ExampleRunWhile_httpServer() {
	type config struct{ Addr, Greeting string }
	current := event.New(config{"127.0.0.1:0", "hello"})
	var serving event.MemoryValue[string] // The address, for instance for a health check.
	server := func() *http.Server {
		return &http.Server{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				c, _ := current.Load() // A new greeting needs no new server.
				fmt.Fprint(w, c.Greeting)
			}),
			BaseContext: func(l net.Listener) context.Context {
				serving.Set(l.Addr().String())
				return context.Background()
			},
		}
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	go func() { // The rest of the program.
		defer stop()
		addr, err := event.Wait(ctx, &serving, func(string) bool { return true })
		if err != nil {
			return
		}
		current.Set(config{"127.0.0.1:0", "good evening"})
		r, err := http.Get("http://" + addr)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		fmt.Println(string(body), err)
	}()

	addr := event.Map(current, func(c config) string { return c.Addr })
	err := serveHTTP(ctx, addr, time.Minute, server)
	if err != ctx.Err() { // Not errors.Is: a failure is joined with ctx.Err().
		log.Fatal(err) // Exits with 1.
	}
	fmt.Println("end")
	// Output:
	// good evening <nil>
	// end
}
