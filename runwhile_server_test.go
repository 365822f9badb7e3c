package event_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
)

// numbers returns a value of the numbers from 0 on, and a function that publishes the
// next one. After the last one it closes the value.
func numbers(last int) (v *event.MemoryValue[int], next func()) {
	v = new(event.MemoryValue[int])
	v.Set(0)
	return v, func() {
		v.Update(func(n int, _ bool) (int, bool) {
			if n == last {
				_ = v.Close()
			}
			return n + 1, n < last
		})
	}
}

func equalInts(a, b int) bool { return a == b }

// A server of the standard library is restarted although what it returns when it is
// stopped is not nil, nor an error of its context.
func TestRunWhileRestartsServers(t *testing.T) {
	const last = 3
	for name, serve := range map[string]func(ctx context.Context, ready func()) error{
		"HTTP": func(ctx context.Context, ready func()) error {
			server := &http.Server{Addr: "127.0.0.1:0"}
			defer context.AfterFunc(ctx, func() { _ = server.Shutdown(context.WithoutCancel(ctx)) })()
			server.BaseContext = func(net.Listener) context.Context { ready(); return ctx }
			return server.ListenAndServe()
		},
		"Listener": func(ctx context.Context, ready func()) error {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			defer context.AfterFunc(ctx, func() { _ = l.Close() })()
			ready()
			for {
				if _, err := l.Accept(); err != nil {
					return err
				}
			}
		},
		"Process": func(ctx context.Context, ready func()) error {
			cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestSleeps$")
			cmd.Env = append(os.Environ(), sleepFor+"=1m")
			if err := cmd.Start(); err != nil {
				return err
			}
			ready()
			return cmd.Wait()
		},
	} {
		t.Run(name, func(t *testing.T) {
			v, next := numbers(last)
			var results []error
			var ran []int
			err := event.RunWhile(t.Context(), v, equalInts, func(ctx context.Context, n int) error {
				ran = append(ran, n)
				err := serve(ctx, next)
				results = append(results, err)
				return err
			})
			require.Equal(t, []int{0, 1, 2, 3}, ran)
			assert.ErrorIs(t, err, event.ErrClosed)
			assert.ErrorIs(t, err, results[last], "the last result may be a failure")
			for _, result := range results {
				require.Error(t, result)
				assert.NotErrorIs(t, result, context.Canceled)
			}
		})
	}
}

// sleepFor is the variable that makes TestSleeps sleep.
const sleepFor = "EVENT_TEST_SLEEPS"

// TestSleeps is a process that can be killed.
func TestSleeps(t *testing.T) {
	if d, err := time.ParseDuration(os.Getenv(sleepFor)); err == nil {
		time.Sleep(d)
	}
}

// A request that is being served when the configuration changes is served to its end
// before the next server begins, and a Shutdown that fails is not lost.
func TestRunWhileShutsAnHTTPServerDownGracefully(t *testing.T) {
	errLate := errors.New("late")
	v, next := numbers(1)
	began, release := make(chan struct{}), make(chan struct{})
	body := make(chan string, 1)
	var log []string
	err := event.RunWhile(t.Context(), v, equalInts, func(ctx context.Context, n int) error {
		log = append(log, fmt.Sprint("begin ", n))
		defer func() { log = append(log, fmt.Sprint("end ", n)) }()
		if n == 1 {
			next()
			<-ctx.Done()
			return errLate
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(began)
			<-release
			_, _ = io.WriteString(w, "served")
		})}
		go func() {
			r, err := http.Get("http://" + listener.Addr().String())
			if !assert.NoError(t, err) {
				return
			}
			defer r.Body.Close()
			b, _ := io.ReadAll(r.Body)
			body <- string(b)
		}()
		down := make(chan error, 1)
		context.AfterFunc(ctx, func() {
			time.AfterFunc(10*time.Millisecond, func() { close(release) })
			down <- server.Shutdown(context.WithoutCancel(ctx))
		})
		go func() { <-began; next() }()
		assert.Equal(t, http.ErrServerClosed, server.Serve(listener))
		err = <-down
		assert.Equal(t, "served", <-body)
		return err
	})
	assert.Equal(t, []string{"begin 0", "end 0", "begin 1", "end 1"}, log)
	assert.ErrorIs(t, err, event.ErrClosed)
	assert.ErrorIs(t, err, errLate)
}

// If keep cannot bind the new address, the run goes on as it is.
func TestRunWhileKeepsTheServerIfTheNewAddressIsOccupied(t *testing.T) {
	listen := func() net.Listener {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		return l
	}
	occupied, free := listen(), listen()
	defer occupied.Close()
	_ = free.Close()
	var v event.MemoryValue[string]
	v.Set("127.0.0.1:0")
	next := make(chan net.Listener, 1)
	var ran []string
	err := event.RunWhile(t.Context(), &v, func(old, addr string) bool {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			v.Set(free.Addr().String())
			return true
		}
		next <- l
		return false
	}, func(ctx context.Context, addr string) error {
		ran = append(ran, addr)
		if len(ran) == 1 {
			v.Set(occupied.Addr().String())
			<-ctx.Done()
			return nil
		}
		l := <-next
		defer l.Close()
		assert.Equal(t, addr, l.Addr().String())
		_ = v.Close()
		<-ctx.Done()
		return nil
	})
	assert.Equal(t, event.ErrClosed, err)
	assert.Equal(t, []string{"127.0.0.1:0", free.Addr().String()}, ran)
}

// An HTTP server is shut down gracefully, and started again with each new
// configuration.
func ExampleRunWhile_httpServer() {
	type config struct{ Addr, Greeting string }
	var current event.MemoryValue[config]
	current.Set(config{"127.0.0.1:0", "hello"})

	keep := func(old, next config) bool { return old == next }
	err := event.RunWhile(context.Background(), &current, keep, func(ctx context.Context, c config) error {
		server := &http.Server{Addr: c.Addr, Handler: http.NotFoundHandler()}
		down := make(chan error, 1)
		stop := context.AfterFunc(ctx, func() {
			grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
			defer cancel()
			down <- server.Shutdown(grace)
		})
		fmt.Println("serving", c.Greeting)
		if c.Greeting == "hello" {
			current.Set(config{"127.0.0.1:0", "good evening"})
		} else {
			current.Close()
		}
		err := server.ListenAndServe() // Returns http.ErrServerClosed as soon as Shutdown begins.
		if stop() {
			return err // The server has failed.
		}
		if err := <-down; err != nil { // Not %w: that the grace is over is no end of ctx.
			server.Close()
			return fmt.Errorf("shutdown: %v", err)
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// serving hello
	// serving good evening
	// event: value closed
}

// An accept loop ends when its listener is closed. RunWhile drops the error of the
// Accept if it comes of a change. If ctx or the value has ended, run says that it is
// no failure.
func ExampleRunWhile_listener() {
	type config struct{ Addr, Greeting string }
	var current event.MemoryValue[config]
	current.Set(config{"127.0.0.1:0", "hello"})

	keep := func(old, next config) bool { return old == next }
	err := event.RunWhile(context.Background(), &current, keep, func(ctx context.Context, c config) error {
		listener, err := net.Listen("tcp", c.Addr)
		if err != nil {
			return err
		}
		defer listener.Close()
		defer context.AfterFunc(ctx, func() { listener.Close() })()
		fmt.Println("listening", c.Greeting)
		if c.Greeting == "hello" {
			current.Set(config{"127.0.0.1:0", "good evening"})
		} else {
			current.Close()
		}
		for {
			conn, err := listener.Accept()
			if ctx.Err() != nil {
				return nil // context.Cause(ctx) has the reason.
			}
			if err != nil {
				return err
			}
			fmt.Fprintln(conn, c.Greeting)
			conn.Close()
		}
	})
	fmt.Println(err)
	// Output:
	// listening hello
	// listening good evening
	// event: value closed
}

// If the new address is occupied, the old server stays: keep binds the listener of
// the next run, and returns true if it cannot.
func ExampleRunWhile_occupied() {
	occupied, _ := net.Listen("tcp", "127.0.0.1:0") // By another process.
	defer occupied.Close()
	var addr event.MemoryValue[string]
	addr.Set("127.0.0.1:0")

	var bound sync.Map // The listeners of the next runs, by address.
	keep := func(old, next string) bool {
		if old == next {
			return true
		}
		if _, ok := bound.Load(next); ok {
			return false
		}
		listener, err := net.Listen("tcp", next)
		if err != nil {
			fmt.Println("the old server stays")
			addr.Close() // Which ends this.
			return true
		}
		bound.Store(next, listener)
		return false
	}
	err := event.RunWhile(context.Background(), &addr, keep, func(ctx context.Context, to string) error {
		l, ok := bound.LoadAndDelete(to)
		if !ok { // The first run, or a value that came after the one that keep has seen.
			var err error
			if l, err = net.Listen("tcp", to); err != nil {
				return err
			}
		}
		bound.Range(func(of, skipped any) bool {
			bound.Delete(of)
			skipped.(net.Listener).Close()
			return true
		})
		server := &http.Server{}
		defer context.AfterFunc(ctx, func() { server.Close() })()
		addr.Set(occupied.Addr().String())
		if err := server.Serve(l.(net.Listener)); ctx.Err() == nil {
			return err
		}
		return nil
	})
	bound.Range(func(_, l any) bool { l.(net.Listener).Close(); return true })
	fmt.Println(err)
	// Output:
	// the old server stays
	// event: value closed
}
