package integration

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/namespace"
	"go.uber.org/zap"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

// An unreachable is an endpoint at which there is no etcd, and a part of the reason.
type unreachable struct {
	what, endpoint string
	tls            *tls.Config
	want           string
}

// listen returns a listener on loopback that is closed with the test.
func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// unreachables returns one endpoint of each kind. No client gets a connection on which it may send a
// request.
func unreachables(t *testing.T) []unreachable {
	closed := listen(t)
	_ = closed.Close()
	mute := listen(t) // The system accepts connections, and nothing reads from them.
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	secure := secureServer(t, true)
	trusted := &tls.Config{RootCAs: secure.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	old := secureServer(t, false)
	trustsOld := &tls.Config{RootCAs: old.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	return []unreachable{
		{"connection refused", closed.Addr().String(), nil, "connection refused"},
		{"no such host", "etcd.invalid:2379", nil, "lookup etcd.invalid"},
		{"no answer", mute.Addr().String(), nil, "connection error"},
		{"unknown CA", secure.URL, &tls.Config{}, "certificate"},
		{"plaintext to a TLS port", secure.Listener.Addr().String(), nil, "connection error"},
		{"TLS to a plaintext port", "https://" + plain.Listener.Addr().String(), trusted, "not look like a TLS handshake"},
		{"HTTP/1", plain.Listener.Addr().String(), nil, "HTTP/1.1 header"},
		{"HTTP/1 over TLS", old.URL, trustsOld, "no application protocol"},
	}
}

// secureServer returns a server over TLS.
func secureServer(t *testing.T, http2 bool) *httptest.Server {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.EnableHTTP2 = http2
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// client returns a client of [etcd.ClientConfig] for the endpoint.
func (u unreachable) client(t *testing.T) *clientv3.Client {
	cfg := etcd.ClientConfig(u.endpoint)
	cfg.TLS = u.tls
	return dialUnchecked(t, cfg)
}

// dialUnchecked returns a client that may have a watch stream at the end. Behind a wrapper a stream
// ends only once there is a connection.
func dialUnchecked(t *testing.T, cfg clientv3.Config) *clientv3.Client {
	t.Helper()
	cfg.DialOptions = append(cfg.DialOptions, fastReconnect)
	c, err := clientv3.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// withAndWithoutWrapper returns the KV and the Watcher of a client, and of its namespace.
func withAndWithoutWrapper(c *clientv3.Client, pick int) (clientv3.KV, clientv3.Watcher) {
	if pick == 0 {
		return c, c
	}
	return namespace.NewKV(c, "ns/"), namespace.NewWatcher(c, "ns/")
}

// TestReasonOfNoConnection waits until Status says why there is no connection.
func TestReasonOfNoConnection(t *testing.T) {
	for _, u := range unreachables(t) {
		for pick, how := range []string{"client", "namespace"} {
			t.Run(u.what+"/"+how, func(t *testing.T) {
				kv, w := withAndWithoutWrapper(u.client(t), pick)
				reasonComes(t, etcd.New(kv, w, etcd.Silence(silence)), u.want)
			})
		}
	}
}

// TestReasonWithEtcdsConfig has a client that records nothing.
func TestReasonWithEtcdsConfig(t *testing.T) {
	for _, u := range unreachables(t) {
		t.Run(u.what, func(t *testing.T) {
			client := dialWith(t, clientv3.Config{Endpoints: []string{u.endpoint}, TLS: u.tls, Logger: zap.NewNop()})
			reasonComes(t, etcd.New(client, client, etcd.Silence(silence)), u.want)
		})
	}
}

// reasonComes waits until the Status of a value has a reason that contains want.
func reasonComes(t *testing.T, store *etcd.Store, want string) {
	t.Helper()
	v := remote.NewValue(store, "k", remote.String())
	defer v.Close()
	w := v.Watch()
	defer w.Close()
	s, err := event.Wait(patient(t), v.Status(), func(s remote.Status) bool {
		if s.State == remote.Connected || errors.Is(s.Reason, remote.ErrRefused) {
			t.Errorf("the status is %+v", s)
		}
		return s.State == remote.Broken && strings.Contains(s.Reason.Error(), want)
	})
	if err != nil {
		t.Fatalf("the reason does not come: %v", err)
	}
	t.Log(s.Reason)
}

// TestReasonAfterTheServerHasGone closes the port of a server that has answered.
func TestReasonAfterTheServerHasGone(t *testing.T) {
	b := newBench(t)
	for pick, how := range []string{"client", "namespace"} {
		t.Run(how, func(t *testing.T) {
			p := proxied(t, b.server.Addr())
			client := dialUnchecked(t, etcd.ClientConfig(p.Addr()))
			kv, w := withAndWithoutWrapper(client, pick)
			r := follow(t, etcd.New(kv, w, etcd.Silence(silence)), remote.Prefix(""))
			r.until("the state", func() bool { return r.fulls == 1 })
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			r.until("the reason", func() bool {
				return r.broken != nil && strings.Contains(r.broken.Error(), "connection refused")
			})
		})
	}
}

// TestNothingWrittenWithoutAConnection writes to endpoints at which there is no etcd.
func TestNothingWrittenWithoutAConnection(t *testing.T) {
	for _, u := range unreachables(t) {
		for pick, how := range []string{"client", "namespace"} {
			t.Run(u.what+"/"+how, func(t *testing.T) {
				kv, w := withAndWithoutWrapper(u.client(t), pick)
				v := remote.NewValue(etcd.New(kv, w), "k", remote.String())
				defer v.Close()
				nothingWritten(t, v, u.want)
			})
		}
	}
}

// nothingWritten writes until the error has the reason. Each error must say that nothing was written.
func nothingWritten(t *testing.T, v *remote.Value[string], want string) {
	t.Helper()
	var err error
	for limit := 50 * time.Millisecond; limit < patience/2; limit *= 2 {
		for _, write := range []func(ctx context.Context) (int64, error){
			func(ctx context.Context) (int64, error) { return v.Set(ctx, "x") },
			func(ctx context.Context) (int64, error) { return v.CompareAndSet(ctx, 0, "x") },
		} {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			_, err = write(ctx)
			cancel()
			switch {
			case errors.Is(err, remote.ErrUnknownOutcome):
				t.Fatalf("the outcome is unknown, though nothing was sent: %v", err)
			case !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "nothing written"):
				t.Fatalf("the write returns %v", err)
			case strings.Contains(err.Error(), "deadline exceeded: context deadline"):
				t.Fatalf("the error says its text twice: %v", err)
			case strings.Contains(err.Error(), want):
				t.Log(err)
				return
			}
		}
	}
	t.Errorf("the reason %q does not come: %v", want, err)
}

// TestUnknownWithEtcdsConfig has clients that do not record what was sent.
func TestUnknownWithEtcdsConfig(t *testing.T) {
	closed := listen(t)
	_ = closed.Close()
	c := dialWith(t, clientv3.Config{Endpoints: []string{closed.Addr().String()}, Logger: zap.NewNop()})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := etcd.New(c, c).Put(ctx, "k", nil, remote.Condition{})
	if !errors.Is(err, remote.ErrUnknownOutcome) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Put returns %v", err)
	}
	if strings.Count(err.Error(), "deadline") != 1 {
		t.Errorf("the error says its text twice: %v", err)
	}
}
