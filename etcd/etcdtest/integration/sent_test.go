package integration

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

// A deaf is a server that receives writes and does not answer.
type deaf struct {
	pb.UnimplementedKVServer
	got chan struct{} // a write has arrived
}

func (d *deaf) Put(ctx context.Context, _ *pb.PutRequest) (*pb.PutResponse, error) {
	d.got <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestUnknownOutcomeOfASentWrite loses the connection, or ends the context, when the server has the
// request. The server is gone then, so that the client also fails to connect again.
func TestUnknownOutcomeOfASentWrite(t *testing.T) {
	for _, how := range []string{"the connection is lost", "the context ends", "both"} {
		for pick, wrapper := range []string{"client", "namespace"} {
			t.Run(how+"/"+wrapper, func(t *testing.T) {
				l := listen(t)
				d := &deaf{got: make(chan struct{}, 1)}
				server := grpc.NewServer()
				pb.RegisterKVServer(server, d)
				served := make(chan error, 1)
				go func() { served <- server.Serve(l) }()
				defer func() {
					server.Stop()
					<-served
				}()
				kv, w := withAndWithoutWrapper(dial(t, l.Addr().String()), pick)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				result := make(chan error, 1)
				go func() {
					_, err := etcd.New(kv, w).Put(ctx, "k", nil, remote.Condition{})
					result <- err
				}()
				<-d.got
				if how != "the context ends" {
					server.Stop()
				}
				if how != "the connection is lost" {
					cancel()
				}
				if err := <-result; !errors.Is(err, remote.ErrUnknownOutcome) {
					t.Errorf("Put returns %v", err)
				}
			})
		}
	}
}

// TestAnswersOfProxies writes by a proxy that answers instead of etcd. It may have forwarded the write if
// it reports a bad gateway.
func TestAnswersOfProxies(t *testing.T) {
	for status, unknown := range map[int]bool{http.StatusNotFound: false, http.StatusBadGateway: true} {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		s.EnableHTTP2 = true
		s.StartTLS()
		defer s.Close()
		cfg := etcd.ClientConfig(s.URL)
		cfg.TLS = s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
		client := dialWith(t, cfg)
		_, err := etcd.New(client, client).Put(patient(t), "k", nil, remote.Condition{})
		if err == nil || errors.Is(err, remote.ErrUnknownOutcome) != unknown || !strings.Contains(err.Error(), http.StatusText(status)) {
			t.Errorf("Put returns %v after %d", err, status)
		}
	}
}

// TestNothingWrittenAfterACut writes while the client knows that the connection is gone.
func TestNothingWrittenAfterACut(t *testing.T) {
	b := newBench(t)
	put(t, b.client, "k", "before")
	if err := b.proxy.Close(); err != nil {
		t.Fatal(err)
	}
	v := remote.NewValue(b.store, "k", remote.String())
	defer v.Close()
	reasonComes(t, b.store, "connection refused")
	nothingWritten(t, v, "connection refused")
	if got := contents(t, b.direct, remote.Key("k"))["k"]; !strings.HasPrefix(got, "before@") {
		t.Errorf("the store has %q", got)
	}
}

// TestNothingWrittenOnAClosedClient writes when the client is closed. Only a wrapper of a client of
// etcd's own configuration hides that.
func TestNothingWrittenOnAClosedClient(t *testing.T) {
	b := newBench(t)
	for what, cfg := range map[string]clientv3.Config{
		"ClientConfig": etcd.ClientConfig(b.server.Addr()),
		"plain":        {Endpoints: []string{b.server.Addr()}, Logger: zap.NewNop()},
	} {
		for pick, wrapper := range []string{"client", "namespace"} {
			t.Run(what+"/"+wrapper, func(t *testing.T) {
				client := dialUnchecked(t, cfg)
				kv, w := withAndWithoutWrapper(client, pick)
				store := etcd.New(kv, w)
				if _, err := store.Put(patient(t), "k", nil, remote.Condition{}); err != nil {
					t.Fatal(err)
				}
				_ = client.Close()
				for _, cond := range []remote.Condition{{}, remote.At(0)} {
					_, err := store.Put(patient(t), "k", nil, cond)
					unknown := what == "plain" && wrapper == "namespace"
					if err == nil || errors.Is(err, remote.ErrUnknownOutcome) != unknown {
						t.Errorf("Put returns %v", err)
					}
				}
			})
		}
	}
}
