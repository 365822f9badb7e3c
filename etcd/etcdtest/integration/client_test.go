package integration

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

// clientEnv is the environment variable that makes a process a client. It holds the address of the server.
const clientEnv = "EVENT_INTEGRATION_CLIENT"

// clientMain runs a client if the process is to be one, and does not return then. The client follows what
// begins with r/, and writes its table to standard output after each entry.
func clientMain() {
	addr, ok := os.LookupEnv(clientEnv)
	if !ok {
		return
	}
	if err := runClient(addr, json.NewEncoder(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runClient returns when standard input ends.
func runClient(addr string, out *json.Encoder) error {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	client, err := clientv3.New(etcd.ClientConfig(addr))
	if err != nil {
		return err
	}
	defer client.Close()
	r := remote.NewRange(etcd.New(client, client, etcd.Silence(silence)), "r/", remote.String())
	defer r.Close()
	table := map[string]string{}
	for e, err := range event.All(ctx, r) {
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		e.Apply(table)
		if err := out.Encode(table); err != nil {
			return err
		}
	}
	return nil
}
