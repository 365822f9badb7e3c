package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/etcd/etcdtest"
	"github.com/eventvalue/event/remote"
)

const (
	prefix = "example-cluster/"
	// patience is the longest duration of a step. After it, the demonstration
	// fails.
	patience = 30 * time.Second
	// silence makes a dead etcd show within two seconds.
	silence = time.Second
)

// A demo is the demonstration in progress.
type demo struct {
	screen *Screen
	team   *Team
	flags  *remote.Range[string]
	want   map[string]string // the flags that were set last
}

// runDemo runs the demonstration. It starts an etcd if addrs is empty.
func runDemo(ctx context.Context, addrs []string, nodes int, screen *Screen) error {
	if len(addrs) == 0 {
		server, err := etcdtest.Start(ctx, etcdtest.Config{})
		if err != nil {
			return err
		}
		defer server.Close()
		addrs = []string{server.Addr()}
		screen.Say("an etcd was started at %s", server.Addr())
	}
	client, err := clientv3.New(etcd.ClientConfig(addrs...))
	if err != nil {
		return err
	}
	defer client.Close()
	d := &demo{screen: screen, team: NewTeam(NodeConfig{Endpoints: addrs, Prefix: prefix}), want: map[string]string{}}
	defer d.team.Close()
	d.flags = remote.NewRange(etcd.New(client, client, etcd.Silence(silence)), prefix+"flags/", remote.String())
	defer d.flags.Close()
	if err := d.connect(ctx, addrs); err != nil {
		return err
	}
	// An earlier run may have left keys.
	if _, err := client.Delete(ctx, prefix, clientv3.WithPrefix()); err != nil {
		return err
	}
	defer screen.Follow(&d.team.Board)()
	return d.play(ctx, nodes)
}

// connect waits for etcd, and shows why there is no connection.
func (d *demo) connect(ctx context.Context, addrs []string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	w := d.flags.Watch() // Without a watcher there is no connection.
	defer w.Close()
	shown := ""
	for s, err := range event.All(ctx, d.flags.Status()) {
		switch {
		case err != nil:
			return fmt.Errorf("waiting for etcd at %s: %w", strings.Join(addrs, ","), err)
		case s.State == remote.Connected:
			return nil
		case s.Reason != nil && s.Reason.Error() != shown:
			shown = s.Reason.Error()
			d.screen.Say("%s: %s", strings.Join(addrs, ","), shown)
		}
	}
	return nil
}

// play performs the steps. Each step begins when all nodes have seen the step
// before.
func (d *demo) play(ctx context.Context, nodes int) error {
	for i := range nodes {
		if err := d.team.Start(fmt.Sprintf("node-%d", i+1)); err != nil {
			return err
		}
	}
	leader, err := d.elected(ctx, "")
	if err != nil {
		return err
	}
	steps := []func() error{
		func() error { return d.set(ctx, "search", "old") },
		func() error { return d.set(ctx, "banner", "welcome") },
		func() error { return d.set(ctx, "search", "new") },
		func() error {
			d.screen.Say("%s, the leader, is killed; its lease lasts for %d s more", leader, leaseSeconds)
			return d.team.Kill(leader)
		},
		func() error { return d.set(ctx, "banner", "under new management") },
		func() error { _, err := d.elected(ctx, leader); return err },
		func() error { return d.remove(ctx, "banner") },
		func() error {
			d.screen.Say("%s is started again", leader)
			if err := d.team.Start(leader); err != nil {
				return err
			}
			return d.seen(ctx)
		},
		func() error { _, err := d.elected(ctx, ""); return err },
	}
	for _, step := range steps {
		d.screen.Pause(ctx)
		if err := step(); err != nil {
			return err
		}
	}
	d.screen.Say("that was it: %d nodes, one leader, the same flags everywhere", nodes)
	return nil
}

// until waits until ok accepts the board, and returns the board.
func (d *demo) until(ctx context.Context, what string, ok func(Board) bool) (Board, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	b, err := event.Wait(ctx, &d.team.Board, ok)
	if err != nil {
		return nil, fmt.Errorf("waiting until %s: %w", what, err)
	}
	return b, nil
}

// elected waits until all running nodes see the same leader, other than the
// former one. It returns the name of the leader.
func (d *demo) elected(ctx context.Context, former string) (name string, err error) {
	start := time.Now()
	_, err = d.until(ctx, "there is a leader", func(b Board) bool {
		name = ""
		for n, s := range b {
			if s.Pid != 0 && n != former && s.View.Leader == Addr(n) {
				name = n
			}
		}
		for _, s := range b {
			if s.Pid != 0 && s.View.Leader != Addr(name) {
				return false
			}
		}
		return name != ""
	})
	if err == nil {
		d.screen.Say("%s leads, and all know it, %s later", name, round(start))
	}
	return name, err
}

func (d *demo) set(ctx context.Context, flag, val string) error {
	d.screen.Say("flag %s is set to %q", flag, val)
	if _, err := d.flags.Set(ctx, prefix+"flags/"+flag, val); err != nil {
		return err
	}
	d.want[flag] = val
	return d.seen(ctx)
}

func (d *demo) remove(ctx context.Context, flag string) error {
	d.screen.Say("flag %s is removed", flag)
	if _, err := d.flags.Delete(ctx, prefix+"flags/"+flag); err != nil {
		return err
	}
	delete(d.want, flag)
	return d.seen(ctx)
}

// seen waits until all running nodes see the flags that were set last.
func (d *demo) seen(ctx context.Context) error {
	start := time.Now()
	_, err := d.until(ctx, "all see the flags", func(b Board) bool {
		for _, s := range b {
			if s.Pid != 0 && !sameView(View{Flags: s.View.Flags}, View{Flags: d.want}) {
				return false
			}
		}
		return true
	})
	if err == nil {
		d.screen.Say("all see it, %s later", round(start))
	}
	return err
}

func round(start time.Time) time.Duration { return time.Since(start).Round(100 * time.Microsecond) }
