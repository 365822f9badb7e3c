package etcdtest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// A Member is a member of a [Cluster], which is a process of its own.
type Member struct {
	// Client and Peer are what clients and other members see of this member. They keep their
	// addresses when the process ends and another takes its place.
	Client, Peer *Proxy

	config memberConfig
	proc   *process // nil while there is none
}

// A process is a running member.
type process struct {
	cmd   *exec.Cmd
	addr  string    // where it serves clients
	leash io.Closer // the process ends when it is closed
	ended chan struct{}
}

// A memberConfig is what the process is told.
type memberConfig struct {
	Name, Dir string
	Tick      time.Duration
	ClientURL string // advertised
	PeerURL   string
	Members   string // name=URL,…
}

// memberEnv is the variable that makes a process a member. It holds a memberConfig.
const memberEnv = "EVENT_ETCDTEST_MEMBER"

// Main makes this process a member if that is what it was started for, and else returns at
// once. A program that calls [StartCluster] must call Main first, for its members are further
// processes of it: at the start of main, or of TestMain.
func Main() {
	text, ok := os.LookupEnv(memberEnv)
	if !ok {
		return
	}
	if err := runMember(text); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runMember serves until standard input ends, which it does when the parent ends.
func runMember(text string) error {
	var m memberConfig
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return fmt.Errorf("etcdtest: %s: %w", memberEnv, err)
	}
	gone := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(gone)
	}()
	c := embedded(m.Name, m.Dir, m.Tick)
	c.AdvertiseClientUrls, c.AdvertisePeerUrls = mustURL(m.ClientURL), mustURL(m.PeerURL)
	c.InitialCluster = m.Members
	e, err := embed.StartEtcd(c)
	if err != nil {
		return err
	}
	fmt.Println(e.Clients[0].Addr(), e.Peers[0].Addr())
	select {
	case <-gone:
		return nil // The process ends at once: this is no place for politeness.
	case err := <-e.Err():
		return err
	}
}

// Kill ends the process without warning, as by kill -9. Its data stay. It does nothing if there is no process.
func (m *Member) Kill() {
	if m.proc == nil {
		return
	}
	m.proc.kill()
	m.proc = nil
}

// Dir returns the directory of the member's data. Copied while there is no process, it is a backup.
func (m *Member) Dir() string { return m.config.Dir }

// Listens returns where the process serves clients that do not go by the proxy, "" if there is
// none. The next process listens elsewhere.
func (m *Member) Listens() string {
	if m.proc == nil {
		return ""
	}
	return m.proc.addr
}

// Pid returns the number of the member's process, 0 if there is none.
func (m *Member) Pid() int {
	if m.proc == nil {
		return 0
	}
	return m.proc.cmd.Process.Pid
}

// Start starts a process for the member, on the data of the one before, if there was one, and waits
// until it listens. That it has found the others is another matter. It returns nil if the member runs.
func (m *Member) Start(ctx context.Context) error {
	if m.proc != nil {
		return nil
	}
	text, err := json.Marshal(m.config)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), memberEnv+"="+string(text))
	cmd.SysProcAttr = dieWithParent()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	leash, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p := &process{cmd: cmd, leash: leash, ended: make(chan struct{})}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	stop()
	go func() {
		_, _ = io.Copy(io.Discard, stdout)
		_ = cmd.Wait() // That it was killed is no news.
		close(p.ended)
	}()
	var client, peer string
	if _, serr := fmt.Sscan(line, &client, &peer); err != nil || serr != nil {
		p.kill()
		return fmt.Errorf("etcdtest: member %s has not started: %s (does the program call etcdtest.Main?)", m.config.Name, stderr.String())
	}
	p.addr = client
	m.Client.Retarget(client)
	m.Peer.Retarget(peer)
	m.proc = p
	return nil
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
	_ = p.leash.Close()
}
