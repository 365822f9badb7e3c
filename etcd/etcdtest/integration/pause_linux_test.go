package integration

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/remote"
)

// A clientProcess is a client in a process of its own.
type clientProcess struct {
	cmd   *exec.Cmd
	table event.MemoryValue[map[string]string] // what it has written last
}

// startClient starts a client of the server at addr. When the test ends, the client must end by itself.
func startClient(t *testing.T, addr string) *clientProcess {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &clientProcess{cmd: exec.Command(self)}
	c.cmd.Env = append(os.Environ(), clientEnv+"="+addr)
	c.cmd.Stderr = os.Stderr
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // It may be stopped when the test dies.
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for in := json.NewDecoder(bufio.NewReader(stdout)); ; {
			var table map[string]string
			if in.Decode(&table) != nil {
				return
			}
			c.table.Set(table)
		}
	}()
	t.Cleanup(func() {
		_ = stdin.Close()
		<-read
		if err := c.cmd.Wait(); err != nil {
			t.Errorf("the client ends with %v", err)
		}
	})
	return c
}

// has waits until the client has that, or ctx ends.
func (c *clientProcess) has(ctx context.Context, want map[string]string) bool {
	_, err := event.Wait(ctx, &c.table, func(table map[string]string) bool { return maps.Equal(table, want) })
	return err == nil
}

// signal sends a signal to the client.
func (c *clientProcess) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// agrees waits until the client has what the store has.
func (c *clientProcess) agrees(t *testing.T, kv clientv3.KV) {
	t.Helper()
	eventually(t, kv, remote.Prefix("r/"), func(ctx context.Context, want map[string]string) bool {
		values := map[string]string{}
		for k, v := range want {
			values[k], _, _ = strings.Cut(v, "@")
		}
		return c.has(ctx, values)
	})
}

// TestPauseOfTheClient stops the process of a client for longer than Silence, while the store changes.
func TestPauseOfTheClient(t *testing.T) {
	if !*faults {
		t.Skip("without -faults")
	}
	for what, meanwhile := range map[string]func(b *bench){
		"changes":            func(*bench) {},
		"compaction":         func(b *bench) { compact(t, b.direct) },
		"a cut":              func(b *bench) { b.proxy.Cut(); b.proxy.Heal() },
		"compaction and cut": func(b *bench) { compact(t, b.direct); b.proxy.Cut(); b.proxy.Heal() },
		"a lost connection":  func(b *bench) { b.proxy.Forget() },
	} {
		t.Run(what, func(t *testing.T) {
			b := newBench(t)
			c := startClient(t, b.proxy.Addr())
			t.Cleanup(func() { c.signal(t, syscall.SIGCONT) }) // Runs before the one that waits for its end.
			fill(t, b.direct, "r/", 20)
			c.agrees(t, b.direct)
			for i := range 3 {
				c.signal(t, syscall.SIGSTOP)
				put(t, b.direct, "r/00001", fmt.Sprint("new ", i))
				del(t, b.direct, fmt.Sprintf("r/0001%d", i))
				meanwhile(b)
				time.Sleep(4 * silence) // All timers of the client expire.
				c.signal(t, syscall.SIGCONT)
				c.agrees(t, b.direct)
			}
		})
	}
}
