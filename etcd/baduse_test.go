package etcd_test

import (
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

func TestBadUsePanics(t *testing.T) {
	s := newScript().store()
	apply := func(remote.Batch) error { return nil }
	for want, f := range map[string]func(){
		"etcd: New: nil KV":                func() { etcd.New(nil, nil) },
		"etcd: New: nil Watcher":           func() { etcd.New(noKV{}, nil) },
		"etcd: Silence: too short":         func() { etcd.Silence(1) },
		"etcd: PageSize: less than 1":      func() { etcd.PageSize(0) },
		"etcd: Logger: nil logger":         func() { etcd.Logger(nil) },
		"etcd: Store.Follow: nil context":  func() { _ = s.Follow(nil, remote.Prefix(""), apply) }, //lint:ignore SA1012 it is what is tested
		"etcd: Store.Follow: nil function": func() { _ = s.Follow(t.Context(), remote.Prefix(""), nil) },
		"etcd: Store.Put: nil context":     func() { _, _ = s.Put(nil, "k", nil, remote.Condition{}) }, //lint:ignore SA1012 it is what is tested
		"etcd: Store.Delete: nil context":  func() { _, _ = s.Delete(nil, "k", remote.Condition{}) },   //lint:ignore SA1012 it is what is tested
	} {
		if got := panics(f); got != want {
			t.Errorf("a panic with %v, want %q", got, want)
		}
	}
}

// A noKV is a KV that is never used.
type noKV struct{ clientv3.KV }

func panics(f func()) (p any) {
	defer func() { p = recover() }()
	f()
	return nil
}
