package etcd_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

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

// A losingWatcher is a wrapper of a client's watcher. It loses the connections of
// some watches that end a stream, after the server has confirmed them.
type losingWatcher struct {
	clientv3.Watcher
	s      *script
	losses []int       // the numbers of these watches, from 1
	begun  []time.Time // of the watches that end a stream
}

func (w *losingWatcher) Watch(ctx context.Context, key string, opts ...clientv3.OpOption) clientv3.WatchChan {
	ch := w.Watcher.Watch(ctx, key, opts...)
	if clientv3.OpGet(key, opts...).Rev() != 0 {
		return ch // a watch of the Follow
	}
	w.begun = append(w.begun, time.Now())
	if !slices.Contains(w.losses, len(w.begun)) {
		return ch
	}
	w.s.set(func() { w.s.auto = false })
	w.s.opened[len(w.s.opened)-1].lose()
	again := <-w.s.streams // The client has opened the stream again.
	w.s.set(func() { w.s.auto = true })
	ended := make(chan clientv3.WatchResponse)
	go func() {
		defer close(ended)
		for range ch {
		}
		go again.serve()
	}()
	return ended
}

// TestStreamsEndThoughTheirConnectionsAreLost has a wrapper of a client. The
// connection is lost while a watch ends a stream, and while the next ones do.
func TestStreamsEndThoughTheirConnectionsAreLost(t *testing.T) {
	for _, c := range []struct {
		metered bool
		losses  []int
		watches int
	}{
		{true, nil, 1},
		{true, []int{1}, 2},
		{true, []int{2}, 1}, // There is no second watch.
		{true, []int{1, 2, 3}, 4},
		{false, nil, 2},
		{false, []int{1}, 2},
	} {
		t.Run(fmt.Sprintf("metered %v, losses %v", c.metered, c.losses), func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *script) {
				s.auto, s.meter = true, c.metered
				client := clientv3.NewCtxClient(context.Background(), clientv3.WithZapLogger(zap.NewNop()))
				w := &losingWatcher{Watcher: clientv3.NewWatchFromWatchClient(s, client), s: s, losses: c.losses}
				tp := follow(t, etcd.New(openKV{clientv3.NewKVFromKVClient(s, client)}, w))
				synctest.Wait()
				if !tp.connected() {
					t.Errorf("the last batch is %+v", tp.last())
				}
				ends(t, tp)
				time.Sleep(time.Minute)
				synctest.Wait()
				if n := s.openStreams(); n != 0 || len(w.begun) != c.watches {
					t.Errorf("%d streams are left after %d watches that end a stream, want %d", n, len(w.begun), c.watches)
				}
				for i := 1; i < len(w.begun) && c.metered; i++ {
					if pause := w.begun[i].Sub(w.begun[i-1]); pause < 25*time.Millisecond {
						t.Errorf("watch %d begins %v after the one before", i+1, pause)
					}
				}
				_ = w.Close()
			})
		})
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
