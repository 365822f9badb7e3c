package etcd_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.uber.org/atomic"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

// TestOneProgressRequest has 1,000 Follows of one Store. Once they have caught
// up, there is one progress request per tick.
func TestOneProgressRequest(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		const silence, follows = 3 * time.Second, 1000
		s.auto, s.shared.on = true, true
		store := s.store(etcd.Silence(silence))
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		var mu sync.Mutex
		broken := 0
		for range follows {
			done.Go(func() {
				_ = store.Follow(ctx, remote.Prefix(""), func(b remote.Batch) error {
					mu.Lock()
					defer mu.Unlock()
					if b.Broken != nil {
						broken++
					}
					return nil
				})
			})
		}
		asked := func() int {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.shared.mu.Lock()
			defer s.shared.mu.Unlock()
			return s.asked + s.shared.asked
		}
		time.Sleep(10 * silence)
		before := asked()
		time.Sleep(10 * silence)
		if n := asked() - before; n < 29 || n > 31 {
			t.Errorf("%d progress requests in 30 ticks", n)
		}
		if streams, watches := s.shared.open(); streams != 1 || watches != follows || s.openStreams() != 0 {
			t.Errorf("%d shared streams with %d watches, %d other streams", streams, watches, s.openStreams())
		}
		cancel()
		done.Wait()
		synctest.Wait()
		if streams, watches := s.shared.open(); streams+watches+s.openStreams()+broken != 0 {
			t.Errorf("%d streams and %d watches are left; %d times broken", streams, watches, broken)
		}
	})
}

// shared begins a Follow and waits until it has moved to a shared stream.
func shared(t *testing.T, s *script) *recording {
	t.Helper()
	s.set(func() { s.auto = true })
	s.shared.set(func() { s.shared.on = true })
	tp := follow(t, s.store(etcd.Silence(3*time.Second)))
	time.Sleep(12*time.Second + time.Second/2) // between two ticks
	if _, watches := s.shared.open(); watches != 1 || s.openStreams() != 0 {
		t.Fatalf("%d watches on shared streams, %d other streams", watches, s.openStreams())
	}
	return tp
}

// TestSharedStreamDelivers sends changes and progress on the shared stream.
func TestSharedStreamDelivers(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := shared(t, s)
		s.set(func() { s.header.Revision = 52 })
		s.shared.send(s.head(), "k", 51)
		synctest.Wait()
		if b := tp.last(); b.Revision != 51 || len(b.Changes) != 1 || b.CatchingUp {
			t.Errorf("the last batch is %+v", b)
		}
		time.Sleep(3 * time.Second)
		if b := tp.last(); b.Revision != 52 || len(b.Changes) != 0 {
			t.Errorf("the last batch is %+v", b)
		}
		ends(t, tp)
	})
}

// TestJoinLosesNothing has an own stream that is behind the shared stream, and
// then a shared stream that is behind the own one. The watch must wait, and
// deliver each change once.
func TestJoinLosesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		s.shared.on = true
		tp := follow(t, s.store(etcd.Silence(3*time.Second)))
		st := <-s.streams
		st.create()
		st.progress(50)
		synctest.Wait()
		var own atomic.Int64
		own.Store(50)
		go st.keep(func(h *pb.ResponseHeader) { h.Revision = own.Load() })
		s.set(func() { s.header.Revision = 60 })
		stays := func(what string) {
			t.Helper()
			time.Sleep(2*time.Second + time.Second/2)
			if _, watches := s.shared.open(); watches != 1 || st.ctx.Err() != nil {
				t.Fatalf("%s: %d watches on shared streams, the other stream: %v", what, watches, st.ctx.Err())
			}
		}
		stays("the own stream is behind")
		st.event("k", "w", 55, 55)
		s.shared.send(&pb.ResponseHeader{ClusterId: 1, RaftTerm: 5, Revision: 65}, "k", 65)
		own.Store(62)
		s.set(func() { s.header.Revision = 58 })
		stays("the shared stream is behind")
		s.set(func() { s.header.Revision = 66 })
		time.Sleep(2 * time.Second)
		if st.ctx.Err() == nil {
			t.Error("the watch does not move")
		}
		var got []int64
		for _, b := range tp.all() {
			for _, c := range b.Changes {
				got = append(got, c.Revision)
			}
		}
		if _, err := tp.broken(); !slices.Equal(got, []int64{40, 55, 65}) || s.lists() != 1 || err != nil {
			t.Errorf("changes of revisions %v, %d full states, broken: %v", got, s.lists(), err)
		}
		ends(t, tp)
	})
}

// TestSharedStreamIsLeft has a shared stream that stops to answer, while the
// server answers on other streams. It is not a lost connection.
func TestSharedStreamIsLeft(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := shared(t, s)
		s.set(func() { s.kvs[0].ModRevision, s.header.Revision = 51, 51 })
		s.shared.set(func() { s.shared.mute, s.shared.on = true, false })
		time.Sleep(6 * time.Second)
		if _, watches := s.shared.open(); watches != 0 || s.openStreams() != 1 {
			t.Errorf("%d watches on shared streams, %d other streams", watches, s.openStreams())
		}
		if b := tp.last(); b.Revision != 51 {
			t.Errorf("the last batch is %+v", b)
		}
		s.shared.set(func() { s.shared.mute, s.shared.on = false, true })
		time.Sleep(2 * time.Minute)
		if _, watches := s.shared.open(); watches != 1 || s.openStreams() != 0 {
			t.Errorf("%d watches on shared streams, %d other streams", watches, s.openStreams())
		}
		if _, err := tp.broken(); err != nil {
			t.Errorf("broken: %v", err)
		}
		ends(t, tp)
	})
}

// TestSilenceOfAll has a server that falls silent on all streams.
func TestSilenceOfAll(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := shared(t, s)
		start := time.Now()
		s.shared.set(func() { s.shared.mute, s.shared.on = true, false })
		s.set(func() { s.mute, s.auto = true, false })
		time.Sleep(6 * time.Second)
		at, err := tp.broken()
		if took := at.Sub(start); err == nil || took > 6*time.Second {
			t.Errorf("Broken is reported after %v: %v", took, err)
		}
		ends(t, tp)
	})
}
