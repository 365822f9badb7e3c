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
	"os/exec"
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

// An httpTest is a serveHTTP that follows addr. A request of /slow is answered once
// release is closed.
type httpTest struct {
	t              *testing.T
	addr           *event.MemoryValue[string]
	serving        event.MemoryValue[string]
	connected      event.MemoryValue[string] // The newest client.
	began, release chan struct{}
	cancel         context.CancelFunc
	ended          chan error
	patience       context.Context // Ends if the test hangs.
	transport      http.Transport
}

func newHTTPTest(t *testing.T, grace time.Duration) *httpTest {
	h := &httpTest{t: t, addr: event.New("127.0.0.1:0"), began: make(chan struct{}), release: make(chan struct{}), ended: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "fast") })
	mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
		close(h.began)
		<-h.release
		_, _ = io.WriteString(w, "served")
	})
	server := func() *http.Server {
		return &http.Server{
			Handler: mux,
			BaseContext: func(l net.Listener) context.Context {
				h.serving.Set(l.Addr().String())
				return context.Background()
			},
			ConnState: func(c net.Conn, state http.ConnState) {
				if state == http.StateNew {
					h.connected.Set(c.RemoteAddr().String())
				}
			},
		}
	}
	var patient context.CancelFunc
	h.patience, patient = context.WithTimeout(t.Context(), 20*time.Second)
	ctx, cancel := context.WithCancel(h.patience)
	h.cancel = cancel
	t.Cleanup(func() { cancel(); patient(); h.transport.CloseIdleConnections() })
	go func() { h.ended <- serveHTTP(ctx, h.addr, grace, server) }()
	return h
}

// served waits until a server other than the one at old begins, and returns its address.
func (h *httpTest) served(old string) string {
	addr, err := event.Wait(h.patience, &h.serving, func(addr string) bool { return addr != old })
	require.NoError(h.t, err)
	return addr
}

func (h *httpTest) get(url string) (string, error) {
	request, err := http.NewRequestWithContext(h.patience, http.MethodGet, "http://"+url, nil)
	if err != nil {
		return "", err
	}
	r, err := h.transport.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	return string(body), err
}

// slow requests /slow, and returns once the request is in flight.
func (h *httpTest) slow(addr string) (body chan string) {
	body = make(chan string, 1)
	go func() {
		b, err := h.get(addr + "/slow")
		switch {
		case h.patience.Err() != nil:
			b = "hangs"
		case err != nil:
			b = "cut"
		}
		body <- b
	}()
	select {
	case <-h.began:
	case <-h.patience.Done():
		h.t.Fatal("the slow request does not arrive")
	}
	return body
}

// The new address answers while the old server has a request in flight and an idle
// connection. The request is served to its end.
func TestHTTPServerServesTheNewAddressWhileTheOldOneDrains(t *testing.T) {
	h := newHTTPTest(t, time.Hour)
	old := h.served("")
	idle, err := net.Dial("tcp", old)
	require.NoError(t, err)
	defer idle.Close()
	_, err = event.Wait(h.patience, &h.connected, func(addr string) bool { return addr == idle.LocalAddr().String() })
	require.NoError(t, err)
	slow := h.slow(old)

	h.addr.Set("127.0.0.1:")
	body, err := h.get(h.served(old))
	require.NoError(t, err, "the old server drains")
	assert.Equal(t, "fast", body)
	_, err = h.get(old)
	require.Error(t, err, "the old server does not listen")

	require.NoError(t, idle.Close())
	close(h.release)
	assert.Equal(t, "served", <-slow)
	h.cancel()
	assert.Equal(t, context.Canceled, <-h.ended)
}

// The end waits for the old servers, and a shutdown that fails is not lost.
func TestHTTPServerReturnsTheErrorOfADrain(t *testing.T) {
	for name, change := range map[string]bool{"AfterAChange": true, "AtTheEnd": false} {
		t.Run(name, func(t *testing.T) {
			h := newHTTPTest(t, 10*time.Millisecond)
			defer close(h.release)
			old := h.served("")
			slow := h.slow(old)
			if change {
				h.addr.Set("127.0.0.1:")
				h.served(old)
			}
			h.cancel()
			err := <-h.ended
			assert.ErrorIs(t, err, context.Canceled)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.ErrorContains(t, err, "shutdown at 127.0.0.1:")
			assert.Equal(t, "cut", <-slow)
		})
	}
}

// lines is a Writer that sends what it is given.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

// While the new address is occupied, the old server answers. Once it is free, the new one
// begins, and addr need not change.
func TestHTTPServerTriesAnOccupiedAddressAgain(t *testing.T) {
	logged := make(lines, 100)
	log.SetOutput(logged)
	defer log.SetOutput(os.Stderr)
	h := newHTTPTest(t, time.Hour)
	old := h.served("")
	occupied, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer occupied.Close()

	h.addr.Set(occupied.Addr().String())
	select {
	case line := <-logged:
		assert.Contains(t, line, "the server at 127.0.0.1:0 stays")
	case <-h.patience.Done():
		t.Fatal("no address is occupied")
	}
	body, err := h.get(old)
	require.NoError(t, err)
	assert.Equal(t, "fast", body)

	require.NoError(t, occupied.Close())
	assert.Equal(t, occupied.Addr().String(), h.served(old))
	h.cancel()
	assert.Equal(t, context.Canceled, <-h.ended)
}

// The address changes while the first server is made, and the new address is bound before
// the first one is served. An address that another process takes in between is tried again.
func TestHTTPServerWhoseAddressChangesAtOnce(t *testing.T) {
	patience, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	next, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, next.Close())
	addr := event.New("127.0.0.1:0")
	var serving event.MemoryValue[string]
	made := 0
	server := func() *http.Server {
		if made++; made == 1 {
			addr.Set(next.Addr().String())
			for bound := false; !bound && patience.Err() == nil; { // keep binds it.
				c, err := net.Dial("tcp", next.Addr().String())
				if bound = err == nil; bound {
					_ = c.Close()
				}
			}
		}
		return &http.Server{BaseContext: func(l net.Listener) context.Context {
			serving.Set(l.Addr().String())
			return context.Background()
		}}
	}
	ctx, stop := context.WithCancel(patience)
	ended := make(chan error, 1)
	go func() { ended <- serveHTTP(ctx, addr, time.Hour, server) }()
	_, err = event.Wait(patience, &serving, func(addr string) bool { return addr == next.Addr().String() })
	require.NoError(t, err)
	stop()
	assert.Equal(t, context.Canceled, <-ended)
	again, err := net.Listen("tcp", next.Addr().String())
	require.NoError(t, err, "a listener is left")
	require.NoError(t, again.Close())
}

// A server that fails ends all, and so does a first address that is occupied.
func TestHTTPServerFails(t *testing.T) {
	h := newHTTPTest(t, time.Hour)
	occupied := h.served("")
	err := serveHTTP(t.Context(), event.New(occupied), time.Hour, func() *http.Server { return new(http.Server) })
	var failed *net.OpError
	assert.ErrorAs(t, err, &failed)

	closed := func() *http.Server { s := new(http.Server); _ = s.Close(); return s }
	err = serveHTTP(t.Context(), event.New("127.0.0.1:0"), time.Hour, closed)
	assert.ErrorIs(t, err, http.ErrServerClosed)
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
