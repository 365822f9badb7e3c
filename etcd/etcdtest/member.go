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

// A Member is a member of a [Cluster], in a process of its own.
type Member struct {
	// Client and Peer are the proxies for clients and for other members. They
	// keep their addresses when the process is replaced.
	Client, Peer *Proxy

	config memberConfig
	proc   *process // nil while no process runs
}

// A process is a running member.
type process struct {
	cmd   *exec.Cmd
	addr  string    // the address for clients
	stdin io.Closer // closing it ends the process
	done  chan struct{}
}

// A memberConfig configures the process of a member.
type memberConfig struct {
	Name, Dir string
	Tick      time.Duration
	ClientURL string // advertised
	PeerURL   string
	Members   string // name=URL,…
}

// memberEnv is the environment variable that makes a process a member. It holds
// a memberConfig.
const memberEnv = "EVENT_ETCDTEST_MEMBER"

// Main runs a member if [StartCluster] has started this process as a member,
// and does not return then. Otherwise it returns at once.
//
// A program that calls StartCluster must call Main first, at the start of main
// or of TestMain. The members are further processes of the same program.
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

// runMember serves until standard input ends, because the parent has ended.
func runMember(text string) error {
	var m memberConfig
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return fmt.Errorf("etcdtest: %s: %w", memberEnv, err)
	}
	parentEnded := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(parentEnded)
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
	case <-parentEnded:
		return nil // The process ends at once, without a shutdown of the server.
	case err := <-e.Err():
		return err
	}
}

// Kill ends the process without warning, like kill -9. Its data stay. Kill does
// nothing if no process runs.
func (m *Member) Kill() {
	if m.proc == nil {
		return
	}
	m.proc.kill()
	m.proc = nil
}

// Dir returns the directory of the member's data. A copy is a backup if no
// process runs while it is made.
func (m *Member) Dir() string { return m.config.Dir }

// Listens returns the address at which the process serves clients without the
// proxy, or "" if no process runs. Each process has another address.
func (m *Member) Listens() string {
	if m.proc == nil {
		return ""
	}
	return m.proc.addr
}

// Pid returns the process ID of the member, or 0 if no process runs.
func (m *Member) Pid() int {
	if m.proc == nil {
		return 0
	}
	return m.proc.cmd.Process.Pid
}

// Start starts a process for the member and waits until it listens. The process
// uses the data of the previous one. It may not have found the other members
// yet. Start returns nil if a process runs already.
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
	cmd.SysProcAttr = killWithParent()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
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
	p := &process{cmd: cmd, stdin: stdin, done: make(chan struct{})}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	stop()
	go func() {
		_, _ = io.Copy(io.Discard, stdout)
		_ = cmd.Wait() // The error reports the kill.
		close(p.done)
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
	<-p.done
	_ = p.stdin.Close()
}
