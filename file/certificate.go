package file

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/eventvalue/event"
)

// A Certificate is a TLS certificate with its key, which follows two files. It is an
// [event.ValueWatch] and an [event.Loader] of *tls.Certificate. KeyPair makes a Certificate.
// All methods may be called concurrently, before and after Serve too. What they return
// must not be modified.
//
// A server that follows its certificate:
//
//	pair := file.KeyPair("/etc/tls/tls.crt", "/etc/tls/tls.key")
//	go pair.Serve(ctx)
//	server.TLSConfig = &tls.Config{GetCertificate: pair.GetCertificate}
type Certificate struct {
	value *Value[*identified]
	certs event.ValueWatch[*tls.Certificate]
}

// identified has the contents of the files of a Certificate.
type identified struct {
	certificate *tls.Certificate
	pool        *x509.CertPool
}

// KeyPair returns a Certificate of the PEM files cert, with the chain behind the
// certificate, and key. The option [CA] adds a file.
//
// The files are read together, as the files of a [NewSet] are. A certificate and a key that do not
// belong to each other are not published. An expired certificate is: Status has its
// NotAfter.
//
// KeyPair panics if a path is empty.
func KeyPair(cert, key string, opts ...Option) *Certificate {
	mustBePath("KeyPair", cert)
	mustBePath("KeyPair", key)
	ca := newSettings(opts).ca
	names := []string{cert, key}
	if ca != "" {
		names = append(names, ca)
	}
	decode := func(files map[string][]byte) (*identified, error) {
		return decodePair(files, cert, key, ca)
	}
	v := newFiles(names, decode, func(p *identified) time.Time { return p.certificate.Leaf.NotAfter }, opts)
	return &Certificate{v, event.Map(v, func(p *identified) *tls.Certificate { return p.certificate })}
}

func decodePair(files map[string][]byte, cert, key, ca string) (*identified, error) {
	pair, err := tls.X509KeyPair(files[cert], files[key])
	if err != nil {
		return nil, &Error{Path: cert, Err: fmt.Errorf("with the key in %s: %w", key, err)}
	}
	if ca == "" {
		return &identified{&pair, issuers(&pair)}, nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(files[ca]) {
		return nil, &Error{Path: ca, Err: errors.New("no certificate in PEM")}
	}
	return &identified{&pair, pool}, nil
}

// issuers returns the pool of a certificate without a CA file.
func issuers(pair *tls.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, der := range pair.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			pool.AddCert(c)
		}
	}
	if leaf := pair.Leaf; bytes.Equal(leaf.RawIssuer, leaf.RawSubject) {
		pool.AddCert(leaf)
	}
	return pool
}

// Serve loads the files and follows them: see [Value.Serve].
func (c *Certificate) Serve(ctx context.Context) error { return c.value.Serve(ctx) }

// Status returns the state of the files: see [Value.Status].
func (c *Certificate) Status() event.ValueWatch[Status] { return c.value.Status() }

// Watch returns a new watcher of the certificate.
func (c *Certificate) Watch() event.Watcher[*tls.Certificate] { return c.certs.Watch() }

// Load returns the last good certificate and true, or nil and false before the first load.
func (c *Certificate) Load() (*tls.Certificate, bool) { return event.Load(c.certs) }

// GetCertificate returns the newest certificate. It is for the field of that name in
// [tls.Config]. Before the first load it returns [ErrNotLoaded].
//
// Cost: an atomic load.
func (c *Certificate) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.newest()
}

// GetClientCertificate is GetCertificate for the field of that name in the [tls.Config] of a
// client.
func (c *Certificate) GetClientCertificate(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return c.newest()
}

func (c *Certificate) newest() (*tls.Certificate, error) {
	if p, ok := c.value.Load(); ok {
		return p.certificate, nil
	}
	return nil, ErrNotLoaded
}

// Pool returns the newest pool of CAs, or nil before the first load: what the file of [CA]
// holds. Without that option it is what the file of the certificate holds after the
// certificate, and the certificate if it is self-signed.
//
// RootCAs and ClientCAs of a [tls.Config] do not change. Make a config for each connection
// of a client, and use ServerConfig for a server.
func (c *Certificate) Pool() *x509.CertPool {
	if p, ok := c.value.Load(); ok {
		return p.pool
	}
	return nil
}

// ServerConfig returns a clone of base, or of an empty config if base is nil, that serves
// each connection with the newest certificate, and with the newest Pool as ClientCAs. Both
// are of one reading. Set ClientAuth in base to demand certificates of clients.
//
// Session tickets are encrypted with keys of the clone, as with any [tls.Config].
func (c *Certificate) ServerConfig(base *tls.Config) *tls.Config {
	if base == nil {
		base = new(tls.Config)
	}
	config := base.Clone()
	config.GetCertificate = c.GetCertificate
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		p, ok := c.value.Load()
		if !ok {
			return nil, ErrNotLoaded
		}
		current := base.Clone()
		current.Certificates, current.GetCertificate = []tls.Certificate{*p.certificate}, nil
		current.ClientCAs = p.pool
		return current, nil
	}
	return config
}
