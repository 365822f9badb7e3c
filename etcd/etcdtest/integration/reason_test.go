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

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

// TestReasonOfNoConnection follows addresses at which no etcd can be reached. Broken must say why.
func TestReasonOfNoConnection(t *testing.T) {
	plain, secure := httptest.NewServer(http.NotFoundHandler()), httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.EnableHTTP2 = true
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for _, c := range []struct {
		what, addr string
		tls        *tls.Config
		want       string
	}{
		{"connection refused", closed.Addr().String(), nil, "connection refused"},
		{"unknown CA", "https://" + secure.Listener.Addr().String(), &tls.Config{}, "certificate"},
		{"plaintext to a TLS port", secure.Listener.Addr().String(), nil, "connection error"},
		{"HTTP/1", plain.Listener.Addr().String(), nil, "connection error"},
	} {
		t.Run(c.what, func(t *testing.T) {
			cfg := etcd.ClientConfig(c.addr)
			cfg.TLS = c.tls
			client := dialWith(t, cfg)
			ctx, cancel := context.WithCancel(patient(t))
			var reason error
			_ = etcd.New(client, client, etcd.Silence(silence)).Follow(ctx, remote.Key("k"), func(b remote.Batch) error {
				if reason = b.Broken; reason != nil {
					cancel()
				}
				return nil
			})
			if reason == nil || !strings.Contains(reason.Error(), c.want) {
				t.Errorf("the reason is %v", reason)
			}
			if errors.Is(reason, remote.ErrRefused) {
				t.Error("the store counts as refusing")
			}
			t.Log(reason)
		})
	}
}
