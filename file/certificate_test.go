package file_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/file"
)

// An authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t}
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, IsCA: true, BasicConstraintsValid: true,
		NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	require.NoError(t, err)
	a.cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	a.pem = encode("CERTIFICATE", der)
	return a
}

func encode(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// issue returns a certificate with the serial number n, and its key.
func (a *authority) issue(n int64) (cert, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(n), DNSNames: []string{"localhost"},
		NotAfter:    time.Unix(4e9+n, 0),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &private.PublicKey, a.key)
	require.NoError(a.t, err)
	k, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(a.t, err)
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", k)
}

// serving serves c until the end of the test.
func serving(t *testing.T, c *file.Certificate) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Serve(ctx) }()
	t.Cleanup(func() { cancel(); assert.ErrorIs(t, <-done, context.Canceled) })
}

// serial waits until c has the certificate with the serial number n.
func serial(t *testing.T, c *file.Certificate, n int64) {
	t.Helper()
	require.EventuallyWithT(t, func(w *assert.CollectT) {
		pair, ok := c.Load()
		require.True(w, ok)
		require.EqualValues(w, n, pair.Leaf.SerialNumber.Int64())
	}, patience, time.Millisecond)
}

func TestKeyPair(t *testing.T) {
	ca := newAuthority(t)
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	c := file.KeyPair(cert, key, file.Quiet(20*time.Millisecond), file.Wait())
	_, err := c.GetCertificate(nil)
	require.ErrorIs(t, err, file.ErrNotLoaded)
	require.Nil(t, c.Pool())
	_, ok := c.Load()
	require.False(t, ok)

	put := func(cert1, key1 string) { replace(t, cert, cert1); replace(t, key, key1) }
	cert1, key1 := ca.issue(1)
	put(cert1+ca.pem, key1)
	serving(t, c)
	serial(t, c, 1)
	st, ok := event.Load(c.Status())
	require.True(t, ok)
	require.Equal(t, int64(4e9+1), st.NotAfter.Unix())
	require.Nil(t, c.Pool(), "what is behind the certificate is not trusted")

	// A key that does not fit changes nothing.
	_, key2 := ca.issue(2)
	replace(t, key, key2)
	_, err = event.Wait(t.Context(), c.Status(), func(st file.Status) bool { return st.Err != nil })
	require.NoError(t, err)
	st, _ = event.Load(c.Status())
	require.ErrorContains(t, st.Err, "file: "+cert+": with the key in "+key)
	serial(t, c, 1)
	replace(t, key, key1)
	_, err = event.Wait(t.Context(), c.Status(), func(st file.Status) bool { return st.Err == nil })
	require.NoError(t, err)
	cert3, key3 := ca.issue(3)
	put(cert3, key3)
	serial(t, c, 3)
	w := c.Watch()
	defer w.Close()
	pair, err := w.Get(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, pair.Leaf.SerialNumber.Int64())
}

// TestKeyPairIsNeverMixed swaps pairs in a volume of Kubernetes. Each attempt finds a pair.
func TestKeyPairIsNeverMixed(t *testing.T) {
	ca := newAuthority(t)
	v := newVolume(t)
	next := func(n int64) {
		cert, key := ca.issue(n)
		v.write(map[string]string{"tls.crt": cert, "tls.key": key, "ca.crt": ca.pem})
	}
	next(1)
	c := file.KeyPair(filepath.Join(v.dir, "tls.crt"), filepath.Join(v.dir, "tls.key"),
		file.CA(filepath.Join(v.dir, "ca.crt")), file.Quiet(0))
	failed := make(chan error, 1000)
	serving(t, c)
	serial(t, c, 1)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for st := range event.Values(ctx, c.Status()) {
			if st.Err != nil {
				failed <- st.Err
			}
		}
	}()
	n := int64(1)
	for end := time.Now().Add(setTime()); time.Now().Before(end); {
		n++
		next(n)
	}
	serial(t, c, n)
	cancel()
	<-ended
	close(failed)
	require.NoError(t, <-failed)
}

// A site is a KeyPair with the files of one authority after another.
type site struct {
	t  *testing.T
	v  *volume
	ca *authority // the newest
}

func newSite(t *testing.T) *site { return &site{t: t, v: newVolume(t)} }

func (s *site) path(name string) string { return filepath.Join(s.v.dir, name) }

// rotate writes a certificate with the serial number n, the certificate of its authority
// behind it, and the same authority as the CA.
func (s *site) rotate(n int64) {
	s.ca = newAuthority(s.t)
	cert, key := s.ca.issue(n)
	s.v.write(map[string]string{"tls.crt": cert + s.ca.pem, "tls.key": key, "ca.crt": s.ca.pem})
}

func (s *site) keyPair(withCA bool) *file.Certificate {
	opts := []file.Option{file.Quiet(0)}
	if withCA {
		opts = append(opts, file.CA(s.path("ca.crt")))
	}
	return file.KeyPair(s.path("tls.crt"), s.path("tls.key"), opts...)
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// client returns a config that trusts a, with a certificate of issuer.
func (a *authority) client(issuer *authority) *tls.Config {
	cert, key := issuer.issue(100)
	pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
	require.NoError(a.t, err)
	return &tls.Config{ServerName: "localhost", RootCAs: a.pool(), Certificates: []tls.Certificate{pair}}
}

// echo serves one byte after another with config until the end of the test.
func echo(t *testing.T, config *tls.Config) (address string) {
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func(conn net.Conn) { _, _ = io.Copy(conn, conn); conn.Close() }(conn)
		}
	}()
	return l.Addr().String()
}

// talk sends a byte to an echo and returns the serial number of its certificate.
func talk(address string, config *tls.Config) (serial int64, err error) {
	conn, err := tls.Dial("tcp", address, config)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("x")); err != nil {
		return 0, err
	}
	// The server verifies the client after the handshake of the client has ended.
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		return 0, err
	}
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
}

// TestServerConfig talks to a server while the certificates of both sides, and the CA, are
// replaced.
func TestServerConfig(t *testing.T) {
	s := newSite(t)
	s.rotate(1)
	c := s.keyPair(true)
	address := echo(t, c.ServerConfig(&tls.Config{ClientAuth: tls.RequireAndVerifyClientCert}))
	serving(t, c)
	serial(t, c, 1)
	for n := int64(2); n <= 6; n++ {
		s.rotate(n)
		serial(t, c, n)
		got, err := talk(address, &tls.Config{
			ServerName: "localhost", RootCAs: c.Pool(), GetClientCertificate: c.GetClientCertificate,
		})
		require.NoError(t, err)
		require.Equal(t, n, got)
	}
}

// TestServerConfigVerifiesClientsByOneCA has clients of the CA that the server names, and of
// the authority behind its certificate, which may issue certificates for anybody.
func TestServerConfigVerifiesClientsByOneCA(t *testing.T) {
	s := newSite(t)
	s.rotate(1)
	private := newAuthority(t)
	base := &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: private.pool()}

	without := s.keyPair(false)
	serving(t, without)
	serial(t, without, 1)
	address := echo(t, without.ServerConfig(base))
	_, err := talk(address, s.ca.client(private))
	require.NoError(t, err, "without CA, the CA of base counts")
	_, err = talk(address, s.ca.client(s.ca))
	require.Error(t, err, "the issuer of the server is no CA for clients")

	with := s.keyPair(true)
	serving(t, with)
	serial(t, with, 1)
	address = echo(t, with.ServerConfig(base))
	_, err = talk(address, s.ca.client(s.ca))
	require.NoError(t, err, "with CA, its file counts")
	_, err = talk(address, s.ca.client(private))
	require.Error(t, err, "with CA, the CA of base does not count")
}

// TestServerConfigServesHTTP2 sends requests to an http.Server over HTTP/2, before and after
// the certificates are replaced.
func TestServerConfigServesHTTP2(t *testing.T) {
	for name, withCA := range map[string]bool{"with CA": true, "without CA": false} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.rotate(1)
			c := s.keyPair(withCA)
			serving(t, c)
			serial(t, c, 1)
			base := &tls.Config{MinVersion: tls.VersionTLS12}
			if withCA {
				base.ClientAuth = tls.RequireAndVerifyClientCert
			}
			address := serveHTTP(t, c.ServerConfig(base))

			client := s.ca.client(s.ca)
			client.InsecureSkipVerify = true // So that only the server refuses it below.
			first := transport(t, client)
			for range 2 { // The second request resumes the session.
				require.Equal(t, "HTTP/2.0 1", request(t, first, address))
				first.CloseIdleConnections()
			}
			s.rotate(2)
			serial(t, c, 2)
			require.Equal(t, "HTTP/2.0 2", request(t, transport(t, s.ca.client(s.ca)), address))
			if withCA {
				_, err := (&http.Client{Transport: first}).Get("https://" + address)
				require.Error(t, err, "the CA of the session was replaced")
			}
			require.Empty(t, base.NextProtos, "base is not modified")
		})
	}
}

// serveHTTP serves over TLS with config until the end of the test.
func serveHTTP(t *testing.T, config *tls.Config) (address string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{
		TLSConfig: config,
		Handler:   http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }),
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.ServeTLS(l, "", "") }()
	t.Cleanup(func() { server.Close(); assert.ErrorIs(t, <-ended, http.ErrServerClosed) })
	return l.Addr().String()
}

func transport(t *testing.T, config *tls.Config) *http.Transport {
	config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	tr := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// request returns the protocol and the serial number of the certificate of the server.
func request(t *testing.T, tr *http.Transport, address string) string {
	t.Helper()
	response, err := (&http.Client{Transport: tr}).Get("https://" + address)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return fmt.Sprint(string(body), " ", response.TLS.PeerCertificates[0].SerialNumber)
}

// TestServerConfigKeepsGetConfigForClient lets base choose a config of its own for one name.
func TestServerConfigKeepsGetConfigForClient(t *testing.T) {
	for name, withCA := range map[string]bool{"with CA": true, "without CA": false} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.rotate(1)
			c := s.keyPair(withCA)
			serving(t, c)
			serial(t, c, 1)
			own := s.ca.client(s.ca) // Its certificate has the serial number 100.
			used, unused := s.ca.client(s.ca), errors.New("not used")
			address := echo(t, c.ServerConfig(&tls.Config{
				Certificates:   used.Certificates,
				GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, unused },
				GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
					if hello.ServerName == "localhost" {
						return own, nil
					}
					return nil, nil
				},
			}))
			got, err := talk(address, &tls.Config{ServerName: "localhost", RootCAs: s.ca.pool()})
			require.NoError(t, err)
			require.EqualValues(t, 100, got)
			got, err = talk(address, &tls.Config{ServerName: "127.0.0.1", RootCAs: s.ca.pool(), InsecureSkipVerify: true})
			require.NoError(t, err)
			require.EqualValues(t, 1, got)
		})
	}
}

// TestServerConfigBeforeTheFirstLoad refuses connections.
func TestServerConfigBeforeTheFirstLoad(t *testing.T) {
	s := newSite(t)
	s.rotate(1)
	for _, withCA := range []bool{true, false} {
		address := echo(t, s.keyPair(withCA).ServerConfig(nil))
		_, err := talk(address, &tls.Config{ServerName: "localhost", RootCAs: s.ca.pool()})
		require.Error(t, err)
	}
}

// TestKeyPairParsesItsLeaf has the setting with which package tls leaves Leaf nil.
func TestKeyPairParsesItsLeaf(t *testing.T) {
	t.Setenv("GODEBUG", "x509keypairleaf=0")
	s := newSite(t)
	s.rotate(1)
	c := s.keyPair(false)
	serving(t, c)
	serial(t, c, 1)
}

func TestKeyPairWithABadCA(t *testing.T) {
	ca := newAuthority(t)
	dir := t.TempDir()
	cert, key := ca.issue(1)
	for name, content := range map[string]string{"tls.crt": cert, "tls.key": key, "ca.crt": "x"} {
		write(t, filepath.Join(dir, name), content)
	}
	err := file.KeyPair(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"),
		file.CA(filepath.Join(dir, "ca.crt"))).Serve(t.Context())
	require.ErrorContains(t, err, filepath.Join(dir, "ca.crt")+": no certificate")
}

// TestKeyPairErrorsNameTheFile breaks one file after the other.
func TestKeyPairErrorsNameTheFile(t *testing.T) {
	dir := t.TempDir()
	cert, key, ca := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), filepath.Join(dir, "ca.crt")
	a := newAuthority(t)
	goodCert, goodKey := a.issue(1)
	garbage := "-----BEGIN CERTIFICATE-----\nZ2FyYmFnZQ==\n-----END CERTIFICATE-----\n"
	cut := strings.Replace(a.pem, "-----END", "----END", 1)
	for want, files := range map[string][3]string{
		cert + ": tls: failed to find any PEM data": {"x", goodKey, a.pem},
		cert + ": x509": {garbage, goodKey, a.pem},
		key + ": tls: failed to find any PEM data":     {goodCert, "x", a.pem},
		key + ": tls: found a certificate":             {goodCert, goodCert, a.pem},
		"must be the first":                            {a.pem + goodCert, goodKey, a.pem},
		"with the key in " + key:                       {a.pem, goodKey, a.pem},
		ca + ": no certificate in PEM":                 {goodCert, goodKey, goodKey},
		ca + fmt.Sprint(":", lines(a.pem)+1, ": x509"): {goodCert, goodKey, a.pem + garbage},
		ca + fmt.Sprint(":", lines(a.pem)+1, ": a br"): {goodCert, goodKey, a.pem + cut},
		ca + ":1: a broken block of PEM":               {goodCert, goodKey, cut + a.pem},
	} {
		write(t, cert, files[0])
		write(t, key, files[1])
		write(t, ca, files[2])
		require.ErrorContains(t, file.KeyPair(cert, key, file.CA(ca)).Serve(t.Context()), want)
	}
}

func lines(text string) int { return strings.Count(text, "\n") }
