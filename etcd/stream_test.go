package etcd_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

// TestStreamsEnd ends Follows while the client opens their watches. The client
// must have closed every stream that it has opened.
func TestStreamsEnd(t *testing.T) {
	s := newScript()
	store := s.below(etcd.Silence(100 * time.Millisecond))
	go func() {
		for st := range s.streams {
			go st.serve()
		}
	}()
	for range 300 {
		ctx, cancel := context.WithCancel(t.Context())
		_ = store.Follow(ctx, remote.Prefix(""), func(b remote.Batch) error {
			time.AfterFunc(time.Microsecond, cancel)
			return nil
		})
		cancel()
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		n := s.openStreams()
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d streams are left", n)
		}
	}
}

// TestFollowEndsThoughCloseHangs has a client whose Close of a Watcher does not
// return, as the one of etcd does not at times.
func TestFollowEndsThoughCloseHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		go func() {
			for st := range s.streams {
				go st.serve()
			}
		}()
		defer close(s.streams)
		release := make(chan struct{})
		defer close(release)
		own := etcd.OwnWatcher{Watcher: watcher{s}, New: func() clientv3.Watcher { return hangingWatcher{watcher{s}, release} }}
		tp := follow(t, etcd.New(openKV{clientv3.NewKVFromKVClient(s, nil)}, own))
		time.Sleep(10 * time.Second)
		if b := tp.last(); b.Broken != nil || b.Revision == 0 {
			t.Errorf("the newest batch is %+v", b)
		}
		if err := tp.end(); err != context.Canceled {
			t.Errorf("Follow returns %v", err)
		}
	})
}

// A hangingWatcher is a Watcher whose Close waits until release is closed.
type hangingWatcher struct {
	watcher
	release chan struct{}
}

func (w hangingWatcher) Close() error {
	<-w.release
	return nil
}
