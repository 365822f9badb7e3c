package etcd_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eventvalue/event/etcd"
)

// authenticate lets the stream wait for a token for the given time. Then it
// accepts the watch. It returns false if the stream was given up before.
func (st *stream) authenticate(takes time.Duration) bool {
	granted := etcd.RequestToken(st.ctx)
	select {
	case <-time.After(takes):
		granted()
		st.create()
		st.progress(50)
		synctest.Wait()
		return true
	case <-st.ctx.Done():
		return false
	}
}

// lastBroken returns the reason of the newest batch with Broken.
func (tp *recording) lastBroken() (err error) {
	for _, b := range tp.all() {
		if b.Broken != nil {
			err = b.Broken
		}
	}
	return err
}

// TestSlowPassword has a server that takes five times Silence to check a password.
func TestSlowPassword(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		const silence = time.Second
		start := time.Now()
		tp := follow(t, s.store(etcd.Silence(silence)))
		attempts := func(takes time.Duration) (n int) {
			for n = 1; n < 10 && !(<-s.streams).authenticate(takes); n++ {
			}
			return n
		}
		if n := attempts(5 * silence); n != 3 || !tp.connected() {
			t.Errorf("%d attempts; connected: %t", n, tp.connected())
		}
		if at, err := tp.broken(); at.Sub(start) > 2*silence || !strings.Contains(err.Error(), "the server has not checked the password yet") {
			t.Errorf("Broken is reported after %v: %v", at.Sub(start), err)
		}
		// The watch is silent now. The time for a token is known.
		if n := attempts(8 * silence); n != 1 {
			t.Errorf("%d attempts at a token that takes longer than the one before", n)
		}
		// A fast token takes the patience back.
		if n := attempts(0); n != 1 {
			t.Errorf("%d attempts at a token that arrives at once", n)
		}
		if err := tp.lastBroken(); err == nil || strings.Contains(err.Error(), "password") {
			t.Errorf("the watch with a token has fallen silent, but the reason is %v", err)
		}
		if n := attempts(2 * silence); n != 2 {
			t.Errorf("%d attempts at a slow token after a fast one", n)
		}
		if err := tp.last().Broken; err != nil {
			t.Errorf("the connection lacks %v", err)
		}
		ends(t, tp)
	})
}

// TestSlowTokenOfAnOpenWatch has a client that opens the stream of a watch again,
// and waits for a token longer than Silence.
func TestSlowTokenOfAnOpenWatch(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		const silence = time.Second
		tp := follow(t, s.store(etcd.Silence(silence)))
		st := <-s.streams
		if !st.authenticate(0) {
			t.Fatal("the first watch was given up")
		}
		granted := etcd.RequestToken(st.ctx)
		<-st.ctx.Done()
		granted()
		st = <-s.streams
		if _, err := tp.broken(); err == nil || !strings.Contains(err.Error(), "password") {
			t.Errorf("Broken is reported as %v", err)
		}
		if !st.authenticate(3 * silence) {
			t.Error("the next request for a token was given up as soon")
		}
		granted = etcd.RequestToken(st.ctx)
		time.Sleep(2 * silence)
		if err := tp.last().Broken; err == nil || !strings.Contains(err.Error(), "password") || st.ctx.Err() != nil {
			t.Errorf("while the watch waits for a token, the last batch is %+v", tp.last())
		}
		granted()
		start := time.Now()
		<-st.ctx.Done()
		if after := time.Since(start); after > 2*silence {
			t.Errorf("the silence of the watch is noticed after %v", after)
		}
		if s.lists() != 1 {
			t.Errorf("%d full states were read, although no response was large", s.lists())
		}
		ends(t, tp)
	})
}

// A slowKV answers each read after some time. If metered is true, the read waits
// for a token in that time.
type slowKV struct {
	openKV
	takes   time.Duration
	metered bool
}

func (kv slowKV) Get(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	granted := func() {}
	if kv.metered {
		granted = etcd.RequestToken(ctx)
	}
	select {
	case <-time.After(kv.takes):
		granted()
		return kv.openKV.Get(ctx, key, opts...)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestSlowTokensOfReads has reads that wait for a token for five times Silence,
// with and without a meter.
func TestSlowTokensOfReads(t *testing.T) {
	for _, metered := range []bool{true, false} {
		inBubble(t, func(t *testing.T, s *script) {
			const silence = time.Second
			kv := slowKV{openKV{clientv3.NewKVFromKVClient(s, nil)}, 5 * silence, metered}
			tp := follow(t, etcd.New(kv, watcher{s}, etcd.Silence(silence)))
			select {
			case st := <-s.streams:
				st.create()
				st.progress(50)
			case <-time.After(time.Hour):
				t.Errorf("metered: %t: the reads are given up for good", metered)
			}
			if _, err := tp.broken(); err == nil || metered != strings.Contains(err.Error(), "password") {
				t.Errorf("metered: %t: Broken is reported as %v", metered, err)
			}
			ends(t, tp)
		})
	}
}

// TestTokensOfReadsSetTheLimit has reads whose token takes less than Silence. The
// token of the watch may take twice that time, which is more than Silence.
func TestTokensOfReadsSetTheLimit(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		const silence = time.Second
		kv := slowKV{openKV{clientv3.NewKVFromKVClient(s, nil)}, 5 * silence / 6, true}
		tp := follow(t, etcd.New(kv, watcher{s}, etcd.Silence(silence)))
		if !(<-s.streams).authenticate(3 * silence / 2) {
			t.Error("the watch was given up")
		}
		ends(t, tp)
	})
}

// TestSlowOpeningWithoutAMeter has a server that takes five times Silence to
// accept a watch, for a reason that the client does not record.
func TestSlowOpeningWithoutAMeter(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		const silence = time.Second
		tp := follow(t, s.store(etcd.Silence(silence)))
		for n := 1; !tp.connected(); n++ {
			st := <-s.streams
			select {
			case <-time.After(5 * silence):
				st.create()
				st.progress(50)
				synctest.Wait()
			case <-st.ctx.Done():
				if n == 5 {
					t.Fatal("the watch is given up for good")
				}
			}
		}
		ends(t, tp)
	})
}

// TestReadsWithAMeterAreNotPatient has reads without a connection. The client has a
// meter, which would record the wait for a token. Broken has the reason that gRPC
// gives.
func TestReadsWithAMeterAreNotPatient(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, etcd.New(unconnectedKV{openKV{}}, watcher{s}, etcd.Silence(time.Second)))
		time.Sleep(time.Minute)
		if n := len(tp.all()); n < 15 {
			t.Errorf("%d attempts in a minute", n)
		}
		if _, err := tp.broken(); err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("Broken is reported as %v", err)
		}
		ends(t, tp)
	})
}

// An unconnectedKV is a KV of a client with a meter and without a connection.
type unconnectedKV struct{ openKV }

func (unconnectedKV) Get(ctx context.Context, _ string, _ ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	etcd.RequestToken(ctx)()
	<-ctx.Done()
	_, _, end := etcd.Meter()
	end(ctx, status.Error(codes.DeadlineExceeded, "latest balancer error: connection refused"))
	return nil, ctx.Err()
}
