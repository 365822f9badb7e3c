package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/file"
)

// demoPatience ends a demonstration that is stuck.
const demoPatience = 2 * time.Minute

// A demo changes the files of a Server while Clients use it.
type demo struct {
	*Server
	*authority
	clients Clients
	n       int
	out     io.Writer

	dir      string
	config   Config
	step     int
	occupied net.Listener
}

// runDemo runs the demonstration. It fails if a request failed.
func runDemo(ctx context.Context, connections int, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, demoPatience, errors.New("the clients do not see the newest state"))
	defer cancel()
	d := &demo{n: connections, out: out}
	if d.authority, err = newAuthority(); err != nil {
		return err
	}
	if d.dir, err = os.MkdirTemp("", "https"); err != nil {
		return err
	}
	defer os.RemoveAll(d.dir)
	if err := d.begin(); err != nil {
		return err
	}
	served := make(chan error, 1)
	serverCtx, stop := context.WithCancel(ctx)
	go func() { served <- d.Serve(serverCtx) }()
	clientCtx, stopClients := context.WithCancel(ctx)
	d.clients.Start(clientCtx, d.n, d.Address(), d.pool())
	err = d.steps(ctx)
	stopClients()
	d.clients.running.Wait()
	stop()
	return errors.Join(err, ended(<-served), d.summarize())
}

// ended returns nil for the end that was asked for.
func ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// begin writes the first files.
func (d *demo) begin() error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	d.config = Config{Address: address, Message: "hello"}
	d.Server = NewServer(d.path("config.toml"), d.path("cert.pem"), d.path("key.pem"), file.Quiet(20*time.Millisecond))
	return errors.Join(d.writeConfig(), d.renew())
}

// steps makes one change after another.
func (d *demo) steps(ctx context.Context) error {
	fmt.Fprintf(d.out, "%d clients, each with a connection of its own, send a request every second.\n\n", d.n)
	fmt.Fprintf(d.out, "%-44s %12s %10s %8s\n", "change", "seen by all", "requests", "failed")
	for _, s := range []struct {
		what   string
		change func() error
	}{
		{"the server has started", func() error { return nil }},
		{"another message", d.say("good morning")},
		{"another certificate", d.renew},
		{"another address", d.move},
		{"an address that is occupied", d.moveToOccupied},
		{"a file that is not valid", d.breakConfig},
		{"message, certificate and address at once", func() error {
			return errors.Join(d.say("good night")(), d.renew(), d.move())
		}},
	} {
		start := time.Now()
		if err := s.change(); err != nil {
			return err
		}
		d.step++
		t := Target{Step: d.step, Message: d.config.Message, Serial: strconv.FormatInt(d.serial, 10), Address: d.config.Address}
		if err := d.clients.Aim(ctx, d.n, t); err != nil {
			return errors.Join(context.Cause(ctx), err)
		}
		fmt.Fprintf(d.out, "%-44s %10.1f s %10d %8d\n", s.what, time.Since(start).Seconds(),
			d.clients.Requests.Load(), d.clients.Failed.Load())
	}
	return nil
}

func (d *demo) say(message string) func() error {
	return func() error { d.config.Message = message; return d.writeConfig() }
}

// renew writes a new certificate, and its key a moment later. A server never
// uses one without the other.
func (d *demo) renew() error {
	cert, key, err := d.issue()
	if err != nil {
		return err
	}
	if err := replaceFile(d.path("cert.pem"), cert); err != nil {
		return err
	}
	time.Sleep(50 * time.Millisecond)
	return replaceFile(d.path("key.pem"), key)
}

func (d *demo) move() (err error) {
	if d.config.Address, err = freeAddress(); err != nil {
		return err
	}
	return d.writeConfig()
}

// moveToOccupied writes an address that another listener has. The old server
// stays, with the new message.
func (d *demo) moveToOccupied() (err error) {
	if d.occupied, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	used := d.config.Address
	d.config = Config{Address: d.occupied.Addr().String(), Message: "still here"}
	err = d.writeConfig()
	d.config.Address = used
	return err
}

// breakConfig writes a file that is not valid, and waits for the error.
func (d *demo) breakConfig() error {
	if err := replaceFile(d.path("config.toml"), []byte("message = \n")); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), demoPatience)
	defer cancel()
	_, err := event.Wait(ctx, d.Server.Config.Status(), func(s file.Status) bool { return s.Err != nil })
	return err
}

func (d *demo) summarize() error {
	if d.occupied != nil {
		_ = d.occupied.Close()
	}
	failed := d.clients.Failed.Load()
	fmt.Fprintf(d.out, "\n%d requests over %d connections, %d failed.\n", d.clients.Requests.Load(), d.n, failed)
	if first, ok := d.clients.FirstFailure.Load(); ok {
		return fmt.Errorf("%d requests failed, the first with: %w", failed, first)
	}
	return nil
}

func (d *demo) path(name string) string { return filepath.Join(d.dir, name) }

func (d *demo) writeConfig() error {
	return replaceFile(d.path("config.toml"), fmt.Appendf(nil, "address = %q\nmessage = %q\n", d.config.Address, d.config.Message))
}

// freeAddress returns an address that no listener has.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// replaceFile replaces a file atomically, as good editors do.
func replaceFile(path string, text []byte) error {
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
