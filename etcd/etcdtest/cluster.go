package etcdtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A Cluster is a set of etcd members, each in a process of its own. One [Proxy]
// stands before each member for its clients, and another one for its peers.
// Close a Cluster after use. Its methods must not be called concurrently.
type Cluster struct {
	Members []*Member

	dir string
}

// A ClusterConfig configures a [Cluster].
type ClusterConfig struct {
	// Members is the number of members, or 0 for 3.
	Members int
	// Tick is the heartbeat interval, or 0 for FastTick. The election timeout
	// is ten ticks.
	Tick time.Duration
}

// StartCluster starts a cluster. It returns once the cluster has a leader and
// serves clients. The program must have called [Main].
func StartCluster(ctx context.Context, cfg ClusterConfig) (*Cluster, error) {
	if _, ok := os.LookupEnv(memberEnv); ok {
		return nil, errors.New("etcdtest: StartCluster in a process that is to be a member: call etcdtest.Main first")
	}
	dir, err := os.MkdirTemp("", "etcdtest")
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir}
	if err := c.start(ctx, cfg); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context, cfg ClusterConfig) error {
	if cfg.Members == 0 {
		cfg.Members = 3
	}
	var urls []string
	for i := range cfg.Members {
		m := &Member{config: memberConfig{Name: fmt.Sprint("m", i), Tick: cfg.Tick}}
		var err error
		if m.Client, err = NewProxy(""); err != nil {
			return err
		}
		if m.Peer, err = NewProxy(""); err != nil {
			return errors.Join(err, m.Client.Close())
		}
		c.Members = append(c.Members, m)
		m.config.Dir = filepath.Join(c.dir, m.config.Name)
		m.config.ClientURL = "http://" + m.Client.Addr()
		m.config.PeerURL = "http://" + m.Peer.Addr()
		urls = append(urls, m.config.Name+"="+m.config.PeerURL)
	}
	for _, m := range c.Members {
		m.config.Members = strings.Join(urls, ",")
		if err := m.Start(ctx); err != nil {
			return err
		}
	}
	_, err := c.Leader(ctx)
	return err
}

// Addrs returns the addresses of the proxies for clients.
func (c *Cluster) Addrs() []string {
	var addrs []string
	for _, m := range c.Members {
		addrs = append(addrs, m.Client.Addr())
	}
	return addrs
}

// Leader waits until a member reports that it is the leader, and returns the
// member. It skips members that are paused or unreachable.
func (c *Cluster) Leader(ctx context.Context) (*Member, error) {
	for {
		for _, m := range c.Members {
			if m.proc != nil && m.leads(ctx) {
				return m, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("etcdtest: no leader: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Settled waits until all running members report the same leader.
func (c *Cluster) Settled(ctx context.Context) error {
	for {
		leaders := map[uint64]bool{}
		for _, m := range c.Members {
			if m.proc != nil {
				leaders[m.status(ctx).leader] = true
			}
		}
		if len(leaders) == 1 && !leaders[0] {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("etcdtest: not settled: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// leads reports whether the member answers that it is the leader.
func (m *Member) leads(ctx context.Context) bool {
	s := m.status(ctx)
	return s.leader != 0 && s.leader == s.self
}

// A status holds the ID of a member and the ID of its leader. It is zero if the
// member does not answer.
type status struct{ self, leader uint64 }

func (m *Member) status(ctx context.Context) status {
	client, err := Dial(m.Client.Addr())
	if err != nil {
		return status{}
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	s, err := client.Status(ctx, m.Client.Addr())
	if err != nil {
		return status{}
	}
	return status{s.Header.MemberId, s.Leader}
}

// Close kills the members, and returns once all have ended.
func (c *Cluster) Close() error {
	var errs []error
	for _, m := range c.Members {
		m.Kill()
		errs = append(errs, m.Client.Close(), m.Peer.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(c.dir))...)
}

func mustURL(text string) []url.URL {
	u, err := url.Parse(text)
	if err != nil {
		panic("etcdtest: " + err.Error()) // text is the address of a Proxy.
	}
	return []url.URL{*u}
}
