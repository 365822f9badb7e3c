package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

// nodeEnv is the variable that makes a process a node. It holds a NodeConfig.
const nodeEnv = "EVENT_EXAMPLE_NODE"

// leaseSeconds is the time for which a dead leader still counts as the leader.
const leaseSeconds = 2

// A NodeConfig is the configuration of a node.
type NodeConfig struct {
	Name      string
	Addr      string // the address at which others find the node if it leads
	Endpoints []string
	Prefix    string
}

// A View is the state that a node sees. Invariant: a View does not change.
type View struct {
	Leader string // the address of the leader, or ""
	Flags  map[string]string
	Link   string // the state of the connection to etcd
}

// nodeMain is the program of a node. It returns at once if the process is not a
// node.
func nodeMain(ctx context.Context) {
	text, ok := os.LookupEnv(nodeEnv)
	if !ok {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() { // A node ends when the program that has started it ends.
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	if err := runNode(ctx, text, os.Stdout); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// A node is a process of the cluster.
type node struct {
	NodeConfig
	flags  *remote.Range[string]
	leader *remote.Value[string]
	view   event.MemoryValue[View]
}

// runNode follows the flags and the leader, and writes each new View to w. If
// there is no leader, it tries to become the leader.
func runNode(ctx context.Context, config string, w io.Writer) error {
	n := new(node)
	if err := json.Unmarshal([]byte(config), &n.NodeConfig); err != nil {
		return err
	}
	client, err := clientv3.New(etcd.ClientConfig(n.Endpoints...))
	if err != nil {
		return err
	}
	defer client.Close()
	lease, err := client.Grant(ctx, leaseSeconds)
	if err != nil {
		return err
	}
	alive, err := client.KeepAlive(ctx, lease.ID)
	if err != nil {
		return err
	}

	n.flags = remote.NewRange(etcd.New(client, client), n.Prefix+"flags/", remote.String())
	defer n.flags.Close()
	// etcd deletes the key of the leader after the process of the leader has
	// ended.
	n.leader = remote.NewValue(etcd.New(client, client, etcd.Lease(lease.ID)), n.Prefix+"leader", remote.String())
	defer n.leader.Close()

	ended := make(chan error, 5)
	go func() { ended <- n.followFlags(ctx) }()
	go func() { ended <- n.followLeader(ctx) }()
	go func() { ended <- n.followLink(ctx) }()
	go func() { ended <- n.writeViews(ctx, w) }()
	go func() {
		for range alive {
		}
		ended <- errors.New("the lease has ended")
	}()
	return <-ended
}

// update changes the view.
func (n *node) update(change func(*View)) {
	n.view.Update(func(v View, _ bool) (View, bool) {
		change(&v)
		return v, true
	})
}

func (n *node) followFlags(ctx context.Context) error {
	table := map[string]string{}
	for e, err := range event.All(ctx, n.flags) {
		if err != nil {
			return err
		}
		e.Apply(table)
		flags := map[string]string{}
		for k, v := range table {
			flags[strings.TrimPrefix(k, n.Prefix+"flags/")] = v
		}
		n.update(func(v *View) { v.Flags = flags })
	}
	return nil
}

// followLeader follows the key of the leader. If the key is absent, the node
// tries to become the leader.
func (n *node) followLeader(ctx context.Context) error {
	for e, err := range event.All(ctx, n.leader) {
		if err != nil {
			return err
		}
		n.update(func(v *View) { v.Leader = e.Value })
		if !e.Present {
			n.stand(ctx)
		}
	}
	return nil
}

// stand makes the node the leader, unless another node is faster. The write is
// conditional, so it is safe to repeat a write whose outcome is unknown.
func (n *node) stand(ctx context.Context) {
	for ctx.Err() == nil {
		one, cancel := context.WithTimeout(ctx, time.Second)
		_, err := n.leader.CompareAndSet(one, 0, n.Addr)
		cancel()
		if err == nil || errors.Is(err, remote.ErrConflict) {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (n *node) followLink(ctx context.Context) error {
	for s, err := range event.All(ctx, n.flags.Status()) {
		if err != nil {
			return err
		}
		n.update(func(v *View) { v.Link = s.State.String() })
	}
	return nil
}

// writeViews writes the view of the node after each change. It skips views that
// were replaced in the meantime.
func (n *node) writeViews(ctx context.Context, w io.Writer) error {
	out := json.NewEncoder(w)
	different := event.DistinctFunc(&n.view, sameView)
	for v, err := range event.All(ctx, different) {
		if err != nil {
			return err
		}
		if err := out.Encode(v); err != nil {
			return err
		}
	}
	return nil
}

func sameView(a, b View) bool {
	return a.Leader == b.Leader && a.Link == b.Link && maps.Equal(a.Flags, b.Flags)
}
