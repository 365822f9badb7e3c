package integration

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	"go.etcd.io/etcd/server/v3/embed"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/etcd/etcdtest"
	"github.com/eventvalue/event/remote"
)

// An authority signs certificates.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	next int64
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	a.sign("ca", "authority")
	return a
}

// sign writes the files name.crt and name.key, for 127.0.0.1. The first is the authority's own.
func (a *authority) sign(name, commonName string) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	a.next++
	c := &x509.Certificate{
		SerialNumber:          big.NewInt(a.next),
		Subject:               pkix.Name{CommonName: commonName},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  a.cert == nil,
		BasicConstraintsValid: true,
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
		a.cert, a.key = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	if a.cert == c {
		if a.cert, err = x509.ParseCertificate(der); err != nil {
			a.t.Fatal(err)
		}
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.write(name+".crt", "CERTIFICATE", der)
	a.write(name+".key", "EC PRIVATE KEY", keyDER)
}

func (a *authority) write(name, kind string, der []byte) {
	a.t.Helper()
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(a.file(name), text, 0o600); err != nil {
		a.t.Fatal(err)
	}
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

func (a *authority) info(name string) transport.TLSInfo {
	return transport.TLSInfo{
		CertFile: a.file(name + ".crt"), KeyFile: a.file(name + ".key"),
		TrustedCAFile: a.file("ca.crt"), ClientCertAuth: true,
	}
}

func (a *authority) client(name string) *tls.Config {
	a.t.Helper()
	cfg, err := a.info(name).ClientConfig()
	if err != nil {
		a.t.Fatal(err)
	}
	return cfg
}

// Both sides show certificates, over a connection that is cut once.
func TestTLS(t *testing.T) {
	a := newAuthority(t)
	a.sign("server", "server")
	a.sign("client", "client")
	s := start(t, etcdtest.Config{Edit: func(c *embed.Config) {
		https := []url.URL{{Scheme: "https", Host: "127.0.0.1:0"}}
		c.ListenClientUrls, c.AdvertiseClientUrls = https, https
		c.ClientTLSInfo = a.info("server")
	}})
	p := proxied(t, s.Addr())
	cfg := etcd.ClientConfig("https://" + p.Addr())
	cfg.TLS = a.client("client")
	client := dialWith(t, cfg)
	direct := etcd.ClientConfig("https://" + s.Addr())
	direct.TLS = cfg.TLS
	other := dialWith(t, direct)

	store := etcd.New(client, client, etcd.Silence(silence))
	r := follow(t, store, remote.Prefix(""))
	if _, err := store.Put(patient(t), "k", []byte("1"), remote.Condition{}); err != nil {
		t.Fatal(err)
	}
	r.agrees(other)
	p.Cut()
	put(t, other, "k", "2")
	p.Heal()
	r.agrees(other)

	// A certificate of another authority is no good.
	b := newAuthority(t)
	b.sign("client", "client")
	strange := etcd.ClientConfig("https://" + s.Addr())
	strange.TLS = cfg.TLS.Clone()
	strange.TLS.GetClientCertificate = b.client("client").GetClientCertificate
	c := dialWith(t, strange)
	refused := etcd.New(c, c, etcd.Silence(silence))
	rr := follow(t, refused, remote.Prefix(""))
	rr.until("a broken connection", func() bool { return rr.broken != nil })
	if rr.count(func() int { return rr.fulls }) != 0 {
		t.Error("a stranger reads")
	}
}
