package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eventvalue/event"
)

// A Target is what every client should see.
type Target struct {
	Step    int
	Message string
	Serial  string // Of the certificate.
	Address string // "" for any address.
}

// Clients are many clients, each with a connection of its own. They follow the
// address of the server, as clients of a service registry do.
type Clients struct {
	Requests, Failed atomic.Int64
	FirstFailure     event.MemoryValue[error]

	reached event.MemoryValue[int] // The newest step whose target all clients have seen.
	target  event.MemoryValue[Target]
	missing atomic.Int64
	running sync.WaitGroup
}

// requestPause is the time between two requests of a client.
const requestPause = time.Second

// Start starts n clients.
func (c *Clients) Start(ctx context.Context, n int, address event.ValueWatch[string], roots *x509.CertPool) {
	for id := range n {
		c.running.Go(func() {
			time.Sleep(requestPause * time.Duration(id) / time.Duration(n)) // Not all at once.
			c.client(ctx, address, roots)
		})
	}
}

// Aim sets the next target for n clients, and waits until all have seen it.
func (c *Clients) Aim(ctx context.Context, n int, t Target) error {
	c.missing.Store(int64(n))
	c.target.Set(t)
	_, err := event.Wait(ctx, &c.reached, func(step int) bool { return step == t.Step })
	return err
}

// client sends requests until ctx ends.
func (c *Clients) client(ctx context.Context, address event.ValueWatch[string], roots *x509.CertPool) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: serverName}}
	defer transport.CloseIdleConnections()
	at, seen := "", 0
	for n := 1; ctx.Err() == nil; n++ {
		newest, err := event.Wait(ctx, address, func(string) bool { return true })
		if err != nil {
			return
		}
		if newest != at || n%5 == 0 { // A new connection sees the newest certificate.
			transport.CloseIdleConnections()
			at = newest
		}
		got, err := request(transport, at)
		c.Requests.Add(1)
		if err != nil {
			c.Failed.Add(1)
			c.FirstFailure.Update(func(first error, had bool) (error, bool) { return err, !had })
		} else if t, ok := c.target.Load(); ok && t.Step > seen && t.seenIn(got) {
			seen = t.Step
			if c.missing.Add(-1) == 0 {
				c.reached.Set(t.Step)
			}
		}
		select {
		case <-time.After(requestPause):
		case <-ctx.Done():
		}
	}
}

func (t Target) seenIn(got Target) bool {
	return got.Message == t.Message && got.Serial == t.Serial && (t.Address == "" || got.Address == t.Address)
}

// request returns what one request shows.
func request(transport *http.Transport, address string) (Target, error) {
	client := http.Client{Transport: transport, Timeout: time.Minute}
	response, err := client.Get("https://" + address)
	if err != nil {
		return Target{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return Target{}, err
	}
	if response.StatusCode != http.StatusOK {
		return Target{}, fmt.Errorf("status %s", response.Status)
	}
	return Target{Message: string(body), Serial: response.TLS.PeerCertificates[0].SerialNumber.String(), Address: address}, nil
}
