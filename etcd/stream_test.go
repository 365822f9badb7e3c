package etcd_test

import (
	"context"
	"testing"
	"time"

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
