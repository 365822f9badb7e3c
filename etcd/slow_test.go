package etcd_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/eventvalue/event/etcd"
)

// TestBytesAreLife has a server whose response takes ten times Silence to
// arrive.
func TestBytesAreLife(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		const silence = time.Second
		tp := follow(t, s.store(etcd.Silence(silence)))
		st := <-s.streams
		st.create()
		st.progress(50)
		for range 10 {
			etcd.Receive(st.ctx, 1000)
			time.Sleep(silence)
		}
		st.event("k", "w", 51, 51)
		synctest.Wait()
		if _, err := tp.broken(); err != nil || tp.last().Revision != 51 {
			t.Errorf("broken: %v; the last batch is %+v", err, tp.last())
		}
		time.Sleep(2 * silence)
		if _, err := tp.broken(); err == nil {
			t.Error("the silence without bytes is not noticed")
		}
		ends(t, tp)
	})
}

// TestBytesOfOthersAreNotEnough has a server that answers other calls on the
// same connection, and never the watch.
func TestBytesOfOthersAreNotEnough(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		const silence = time.Second
		tp := follow(t, s.store(etcd.Silence(silence)))
		st := <-s.streams
		st.create()
		st.progress(50)
		for range 20 {
			etcd.Receive(st.ctx, 1000)
			time.Sleep(silence)
		}
		if _, err := tp.broken(); err == nil {
			t.Error("the silence of the watch is not noticed")
		}
		ends(t, tp)
	})
}

// TestFragmentsAreLife has a response in fragments that together take forty times
// Silence. Each of them alone takes four times Silence.
func TestFragmentsAreLife(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		const silence = time.Second
		tp := follow(t, s.store(etcd.Silence(silence)))
		st := <-s.streams
		st.create()
		st.progress(50)
		for i := range 40 {
			if etcd.Receive(st.ctx, 1000); i%4 == 3 {
				etcd.Fragment(st.ctx, 1000)
			}
			time.Sleep(silence)
		}
		st.event("k", "w", 51, 51)
		synctest.Wait()
		if _, err := tp.broken(); err != nil || tp.last().Revision != 51 {
			t.Errorf("broken: %v; the last batch is %+v", err, tp.last())
		}
		ends(t, tp)
	})
}

// TestPatienceGrows has an unknown connection on which nothing arrives in time.
// Follow gives up two watches, each after more time. Then it reads the state.
func TestPatienceGrows(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		const silence = time.Second
		tp := follow(t, s.store(etcd.Silence(silence)))
		var lived []time.Duration
		for range 3 {
			start := time.Now()
			st := <-s.streams
			st.create()
			<-st.ctx.Done()
			lived = append(lived, time.Since(start))
		}
		if lived[1] < 4*lived[0] {
			t.Errorf("the watches lived for %v", lived)
		}
		if n := s.lists(); n != 2 { // One at the start, and one after two watches.
			t.Errorf("%d full states were read, want 2", n)
		}
		if at, _ := tp.broken(); at.IsZero() {
			t.Error("Broken was not reported")
		}
		ends(t, tp)
	})
}

// TestBytesOfAnotherConnection has a silent server, and a call that moves to a
// connection on which other bytes have arrived.
func TestBytesOfAnotherConnection(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		const silence = time.Second
		tp := follow(t, s.store(etcd.Silence(silence)))
		st := <-s.streams
		st.create()
		st.progress(50)
		synctest.Wait()
		for n := range int64(6) {
			connect, count, _ := etcd.Meter()
			count(1000 * (n + 1))
			connect(st.ctx)
			time.Sleep(silence / 3)
		}
		if _, err := tp.broken(); err == nil {
			t.Error("the silence is not noticed")
		}
		ends(t, tp)
	})
}
