package file

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"strings"
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
//	go func() { cancel(pair.Serve(ctx)) }() // ctx and cancel are of context.WithCancelCause.
//	server.TLSConfig = &tls.Config{GetCertificate: pair.GetCertificate}
type Certificate struct {
	value *Value[*identified]
	certs event.ValueWatch[*tls.Certificate]
	hasCA bool
}

// identified has the contents of the files of a Certificate.
type identified struct {
	certificate *tls.Certificate
	pool        *x509.CertPool // nil without the option CA
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
	certs := event.Map(v, func(p *identified) *tls.Certificate { return p.certificate })
	return &Certificate{v, certs, ca != ""}
}

func decodePair(files map[string][]byte, cert, key, ca string) (*identified, error) {
	pair, err := tls.X509KeyPair(files[cert], files[key])
	if err != nil {
		return nil, pairError(files, cert, key, err)
	}
	if pair.Leaf == nil { // GODEBUG has x509keypairleaf=0.
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return nil, &Error{Path: cert, Err: err}
		}
	}
	if ca == "" {
		return &identified{&pair, nil}, nil
	}
	pool, err := poolOf(files[ca])
	if err != nil {
		return nil, named(ca, err)
	}
	return &identified{&pair, pool}, nil
}

// pairError returns err, of tls.X509KeyPair, with the path of the file that is wrong. If the
// certificate and the key are good but do not match, it has both paths.
func pairError(files map[string][]byte, cert, key string, err error) error {
	var chain [][]byte // each certificate in PEM
	for block, rest := pem.Decode(files[cert]); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			chain = append(chain, pem.EncodeToMemory(block))
		}
	}
	if len(chain) == 0 {
		return &Error{Path: cert, Err: err}
	}
	if block, _ := pem.Decode(chain[0]); !parses(block) {
		return &Error{Path: cert, Err: err}
	}
	if !strings.Contains(err.Error(), "does not match") {
		return &Error{Path: key, Err: err}
	}
	hint := ""
	for _, other := range chain[1:] {
		if _, err := tls.X509KeyPair(other, files[key]); err == nil {
			hint = " (it matches a later certificate of the chain, which must be the first)"
		}
	}
	return &Error{Path: cert, Err: fmt.Errorf("with the key in %s: %w%s", key, err, hint)}
}

func parses(certificate *pem.Block) bool {
	_, err := x509.ParseCertificate(certificate.Bytes)
	return err == nil
}

// poolOf returns the certificates in data, which is PEM. Unlike AppendCertsFromPEM it refuses a
// block that is broken. It skips blocks of other types, and text between the blocks.
func poolOf(data []byte) (*x509.CertPool, error) {
	pool, n := x509.NewCertPool(), 0
	for _, at := range blocks.FindAllIndex(data, -1) {
		line, _ := Position(data, at[0])
		rest := data[at[0]:]
		if next := blocks.FindIndex(rest[1:]); next != nil {
			rest = rest[:1+next[0]]
		}
		block, _ := pem.Decode(rest)
		if block == nil {
			return nil, &Error{Line: line, Err: errors.New("a broken block of PEM")}
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, &Error{Line: line, Err: err}
		}
		pool.AddCert(certificate)
		n++
	}
	if n == 0 {
		return nil, errors.New("no certificate in PEM")
	}
	return pool, nil
}

// blocks finds the beginnings of the blocks in PEM.
var blocks = regexp.MustCompile(`(?m)^-----BEGIN `)

// Serve loads the files and follows them: see [Value.Serve].
func (c *Certificate) Serve(ctx context.Context) error { return c.value.Serve(ctx) }

// Status returns the state of the files: see [Value.Status].
func (c *Certificate) Status() event.ValueWatch[Status] { return c.value.Status() }

// Watch returns a new watcher of the certificate.
func (c *Certificate) Watch() event.Watcher[*tls.Certificate] { return c.certs.Watch() }

// Load returns the last good certificate and true, or nil and false before the first load.
func (c *Certificate) Load() (*tls.Certificate, bool) { return event.Load(c.certs) }

// LoadVersion is Load with the version of the certificate: see [event.LoadVersion].
func (c *Certificate) LoadVersion() (certificate *tls.Certificate, version uint64, ok bool) {
	return event.LoadVersion(c.certs)
}

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

// Pool returns the newest pool of the certificates in the file of [CA]. It returns nil
// without that option, and before the first load. A nil pool in a [tls.Config] means the
// roots of the system: a client that needs a private CA must wait for the first load.
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
// each connection with the newest certificate. Certificates and GetCertificate of base are
// not used. Set ClientAuth in base to demand certificates of clients:
//
//   - With the option [CA], clients are verified against the newest Pool, which replaces
//     ClientCAs of base. The certificate and the Pool are of one reading.
//   - Without it, ClientCAs of base stay. If they are nil, crypto/tls verifies against the
//     roots of the system.
//
// A config that GetConfigForClient of base returns is used as it is. The returned config may
// be modified before its first use, and changes nothing in base. An http.Server adds HTTP/2
// to it. Any other server that needs ALPN sets NextProtos. Call ServerConfig once for each
// server, because a server may modify its config.
//
// Cost: with CA, a clone of the config for each connection.
func (c *Certificate) ServerConfig(base *tls.Config) *tls.Config {
	config := new(tls.Config)
	if base != nil {
		config = base.Clone()
	}
	config.Certificates, config.GetCertificate = nil, c.GetCertificate
	if c.hasCA {
		config.GetConfigForClient = c.configForClient(config, config.GetConfigForClient)
	}
	return config
}

// configForClient returns the GetConfigForClient of config. base is the one that config had.
// It clones config at each call, because an http.Server adds to NextProtos of config.
func (c *Certificate) configForClient(config *tls.Config, base func(*tls.ClientHelloInfo) (*tls.Config, error)) func(*tls.ClientHelloInfo) (*tls.Config, error) {
	return func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if base != nil {
			if other, err := base(hello); other != nil || err != nil {
				return other, err
			}
		}
		p, ok := c.value.Load()
		if !ok {
			return nil, ErrNotLoaded
		}
		current := config.Clone()
		current.Certificates, current.GetCertificate = []tls.Certificate{*p.certificate}, nil
		current.ClientCAs = p.pool
		return current, nil
	}
}
