package etcdtest_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/eventvalue/event/etcd/etcdtest"
)

// An echo is a server that sends back every line.
func echo(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

// A line is a connection to an echo.
type line struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func newLine(t *testing.T, p *etcdtest.Proxy) *line {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &line{t, c, bufio.NewReader(c)}
}

func (l *line) send() {
	l.t.Helper()
	if _, err := io.WriteString(l, "x\n"); err != nil {
		l.t.Fatal(err)
	}
}

func (l *line) receives() {
	l.t.Helper()
	_ = l.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := l.r.ReadString('\n'); err != nil {
		l.t.Fatal(err)
	}
}

// silent fails the test if anything comes, the end included. It may overlook
// that.
func (l *line) silent() {
	l.t.Helper()
	_ = l.SetReadDeadline(time.Now().Add(30 * time.Millisecond))
	if _, err := l.r.ReadString('\n'); !errors.Is(err, os.ErrDeadlineExceeded) {
		l.t.Fatalf("not silent: %v", err)
	}
}

func (l *line) ends() {
	l.t.Helper()
	_ = l.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := l.r.ReadString('\n'); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		l.t.Fatalf("the connection goes on: %v", err)
	}
}

func newProxy(t *testing.T) *etcdtest.Proxy {
	t.Helper()
	p, err := etcdtest.NewProxy(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if n := p.Conns(); n != 0 {
			t.Errorf("%d connections are left", n)
		}
	})
	return p
}

func TestProxyHoldsAndHeals(t *testing.T) {
	p := newProxy(t)
	l := newLine(t, p)
	l.send()
	l.receives()
	p.Hold()
	l.send()
	l.silent()
	p.Heal()
	l.receives()
}

func TestProxyHoldsNewConnections(t *testing.T) {
	p := newProxy(t)
	p.Hold()
	l := newLine(t, p)
	l.send()
	l.silent()
	p.Heal()
	l.receives()
}

// TestProxyMutes has a server that receives what a client sends, and whose
// answers arrive late.
func TestProxyMutes(t *testing.T) {
	received := make(chan string, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		line, _ := bufio.NewReader(c).ReadString('\n')
		received <- line
		_, _ = io.WriteString(c, line)
		_, _ = io.Copy(io.Discard, c)
	}()
	p := newProxy(t)
	p.Retarget(l.Addr().String())
	p.Mute()
	client := newLine(t, p)
	client.send()
	if line := <-received; line != "x\n" {
		t.Errorf("the server receives %q", line)
	}
	client.silent()
	p.Heal()
	client.receives()
}

func TestProxyForgets(t *testing.T) {
	p := newProxy(t)
	old := newLine(t, p)
	old.send()
	old.receives()
	p.Forget()
	old.send()
	old.silent()
	l := newLine(t, p)
	l.send()
	l.receives()
	p.Heal()
	old.silent()
	p.Cut()
	old.ends()
}

func TestProxyCuts(t *testing.T) {
	p := newProxy(t)
	l := newLine(t, p)
	l.send()
	l.receives()
	p.Cut()
	l.ends()
	newLine(t, p).ends()
	p.Heal()
	l = newLine(t, p)
	l.send()
	l.receives()
}

func TestProxyRetargets(t *testing.T) {
	p := newProxy(t)
	p.Retarget("")
	newLine(t, p).ends()
	p.Retarget(echo(t))
	l := newLine(t, p)
	l.send()
	l.receives()
}
