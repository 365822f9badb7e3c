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
	"io"
	"math/big"
	"net"
	"path/filepath"
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
	leaf, err := c.GetCertificate(nil)
	require.NoError(t, err)
	_, err = leaf.Leaf.Verify(x509.VerifyOptions{Roots: c.Pool(), DNSName: "localhost"})
	require.NoError(t, err, "the pool has the issuer from the file")

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

// TestServerConfig talks to a server while the certificates of both sides, and the CA, are
// replaced.
func TestServerConfig(t *testing.T) {
	v := newVolume(t)
	path := func(name string) string { return filepath.Join(v.dir, name) }
	rotate := func(n int64) {
		ca := newAuthority(t)
		cert, key := ca.issue(n)
		v.write(map[string]string{"tls.crt": cert, "tls.key": key, "ca.crt": ca.pem})
	}
	rotate(1)
	c := file.KeyPair(path("tls.crt"), path("tls.key"), file.CA(path("ca.crt")), file.Quiet(0))
	server := c.ServerConfig(&tls.Config{ClientAuth: tls.RequireAndVerifyClientCert})
	serving(t, c)
	serial(t, c, 1)
	l, err := tls.Listen("tcp", "127.0.0.1:0", server)
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
	for n := int64(2); n <= 6; n++ {
		rotate(n)
		serial(t, c, n)
		conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{
			ServerName: "localhost", RootCAs: c.Pool(), GetClientCertificate: c.GetClientCertificate,
		})
		require.NoError(t, err)
		_, err = conn.Write([]byte("x"))
		require.NoError(t, err)
		_, err = io.ReadFull(conn, make([]byte, 1))
		require.NoError(t, err)
		require.EqualValues(t, n, conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64())
		conn.Close()
	}
}

func TestKeyPairWithoutCA(t *testing.T) {
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
