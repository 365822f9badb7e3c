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

// leaseSeconds is for how long a leader that has died is still taken for one.
const leaseSeconds = 2

// A NodeConfig is what a node is told.
type NodeConfig struct {
	Name      string
	Addr      string // what others are to find the node by, if it leads
	Endpoints []string
	Prefix    string
}

// A View is what a node sees. It does not change.
type View struct {
	Leader string // its address, or empty
	Flags  map[string]string
	Link   string // how the node stands with etcd
}

// nodeMain is the program of a node, if this process is one; else it returns at once.
func nodeMain(ctx context.Context) {
	text, ok := os.LookupEnv(nodeEnv)
	if !ok {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() { // Nodes end with the program that has started them.
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

// runNode follows flags and leader, tries to be that, and writes each new View to w.
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
	// The key of the leader goes when its process does.
	n.leader = remote.NewValue(etcd.New(client, client, etcd.Lease(lease.ID)), n.Prefix+"leader", remote.String())
	defer n.leader.Close()

	ended := make(chan error, 5)
	go func() { ended <- n.followFlags(ctx) }()
	go func() { ended <- n.followLeader(ctx) }()
	go func() { ended <- n.followLink(ctx) }()
	go func() { ended <- n.tell(ctx, w) }()
	go func() {
		for range alive {
		}
		ended <- errors.New("the lease has ended")
	}()
	return <-ended
}

// see changes the view.
func (n *node) see(change func(*View)) {
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
		n.see(func(v *View) { v.Flags = flags })
	}
	return nil
}

// followLeader follows who leads. That nobody does is a state as well: then the node
// offers itself.
func (n *node) followLeader(ctx context.Context) error {
	for e, err := range event.All(ctx, n.leader) {
		if err != nil {
			return err
		}
		n.see(func(v *View) { v.Leader = e.Value })
		if !e.Present {
			n.stand(ctx)
		}
	}
	return nil
}

// stand makes the node the leader, unless another one is faster. The condition makes it safe to repeat
// a write whose outcome is not known.
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
		n.see(func(v *View) { v.Link = s.State.String() })
	}
	return nil
}

// tell writes what the node sees, and leaves out what was replaced in the meantime.
func (n *node) tell(ctx context.Context, w io.Writer) error {
	out := json.NewEncoder(w)
	different := event.Distinct(&n.view, sameView)
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
