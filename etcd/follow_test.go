package etcd_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

// inBubble runs a test in a bubble. The bubble also fails the test if a
// goroutine of a stream, watch or timer is left.
func inBubble(t *testing.T, test func(t *testing.T, s *script)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newScript()) })
}

// ends ends the Follow, and with it all its streams.
func ends(t *testing.T, tp *recording) {
	t.Helper()
	if err := tp.end(); !errors.Is(err, context.Canceled) {
		t.Errorf("Follow returns %v", err)
	}
	synctest.Wait()
}

func TestWatchesFromTheListedRevision(t *testing.T) {
	s := newScript()
	tp := follow(t, s.below())
	st := <-s.streams
	r := st.create()
	if r.StartRevision != 50 || !r.Fragment || !r.ProgressNotify {
		t.Errorf("the watch asks for revision %d, fragments %v, progress %v", r.StartRevision, r.Fragment, r.ProgressNotify)
	}
	if st.sent("hasleader") != "true" {
		t.Error("the watch does not require a leader")
	}
	st.progress(50) // It is asked for on the stream of the watch.
	st.event("k", "v", 40, 50)
	st.event("k", "w", 51, 60)
	tp.until(t, func(b remote.Batch) bool { return b.Revision == 51 && string(b.Changes[0].Value) == "w" })
	for _, b := range tp.all()[1:] {
		for _, c := range b.Changes {
			if c.Revision <= 50 {
				t.Errorf("revision %d comes twice", c.Revision)
			}
		}
	}
	if err := tp.end(); !errors.Is(err, context.Canceled) {
		t.Errorf("Follow returns %v", err)
	}
	<-st.ctx.Done() // The client has closed the stream.
}

// TestKnownChangesOfAResponse has a response with two changes, of which the full
// state has the first.
func TestKnownChangesOfAResponse(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		st := caughtUp(s, 50)
		st.responses <- &pb.WatchResponse{Header: s.head(), Events: []*mvccpb.Event{
			{Kv: &mvccpb.KeyValue{Key: []byte("k"), Value: []byte("v"), ModRevision: 50}},
			{Kv: &mvccpb.KeyValue{Key: []byte("k"), Value: []byte("w"), ModRevision: 51}},
		}}
		synctest.Wait()
		if b := tp.last(); len(b.Changes) != 1 || b.Changes[0].Revision != 51 {
			t.Errorf("the last batch is %+v", b)
		}
		ends(t, tp)
	})
}

// TestSilence checks that silence is noticed after one to one and a third of
// Silence. The next watch has another stream, and begins at the last delivered
// change, not at the revision of a header that was ahead.
func TestSilence(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store(etcd.Silence(3*time.Second)))
		st := <-s.streams
		st.create()
		st.progress(50)
		st.event("k", "w", 51, 70)
		synctest.Wait()
		start := time.Now()
		s.set(func() { s.header.Revision, s.kvs[0].ModRevision, s.kvs[0].Value = 51, 51, []byte("w") })
		next := <-s.streams
		at, err := tp.broken()
		if took := at.Sub(start); err == nil || took < 3*time.Second || took > 4*time.Second {
			t.Errorf("the silence is noticed after %v: %v", took, err)
		}
		if !errors.Is(err, etcd.ErrFellSilent) {
			t.Errorf("the server has answered before, but the reason is %v", err)
		}
		if st.ctx.Err() == nil || next.sent("event-stream") == st.sent("event-stream") {
			t.Error("the next watch is on the same stream")
		}
		if r := next.create(); r.StartRevision != 51 {
			t.Errorf("the next watch begins at %d", r.StartRevision)
		}
		next.progress(51)
		synctest.Wait()
		if s.lists() != 1 || tp.last().Broken != nil {
			t.Errorf("%d full states were read; the last batch is %+v", s.lists(), tp.last())
		}
		ends(t, tp)
	})
}

// TestQuiet checks that a server that answers, and is not behind, is kept for
// hours.
func TestQuiet(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		st := <-s.streams
		st.create()
		go st.keep(asIs)
		time.Sleep(5 * time.Hour)
		if _, err := tp.broken(); err != nil || s.lists() != 1 || len(s.streams) != 0 {
			t.Errorf("broken: %v; %d full states, %d more streams", err, s.lists(), len(s.streams))
		}
		ends(t, tp)
	})
}

func TestSignsOfAReset(t *testing.T) {
	for what, change := range map[string]func(s *script){
		"another cluster":         func(s *script) { s.header.ClusterId = 2 },
		"the term has gone back":  func(s *script) { s.header.RaftTerm = 4 },
		"the revision has":        func(s *script) { s.header.Revision = 49 },
		"another value":           func(s *script) { s.kvs[0].Value = []byte("x") },
		"another revision":        func(s *script) { s.kvs[0].ModRevision = 39 },
		"the last change is gone": func(s *script) { s.kvs = nil },
	} {
		t.Run(what, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *script) {
				tp := follow(t, s.store())
				st := <-s.streams
				st.create()
				go st.keep(asIs)
				synctest.Wait()
				start := time.Now()
				s.set(func() { change(s) })
				next := <-s.streams // At the latest after an audit.
				if took := time.Since(start); took > 16*etcd.DefaultSilence {
					t.Errorf("that is noticed after %v", took)
				}
				next.create()
				synctest.Wait()
				if s.lists() != 2 || !tp.last().Full {
					t.Errorf("%d full states were read; the last batch is %+v", s.lists(), tp.last())
				}
				ends(t, tp)
			})
		})
	}
}

// TestBehind checks that a server that answers, but stays behind the others, is
// left.
func TestBehind(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		st := <-s.streams
		st.create()
		go st.keep(func(h *pb.ResponseHeader) { h.Revision = 50 })
		synctest.Wait()
		start := time.Now()
		s.set(func() { s.header.Revision = 60 })
		next := <-s.streams
		if at, err := tp.broken(); err == nil || at.Sub(start) > 17*etcd.DefaultSilence {
			t.Errorf("that is noticed after %v: %v", at.Sub(start), err)
		}
		if n := len(s.requests(isOld)); n != 2 {
			t.Errorf("the history is checked %d times, want twice: by the audit, and before the next watch", n)
		}
		next.create()
		next.progress(60)
		synctest.Wait()
		if b := tp.last(); b.Revision != 60 || s.lists() != 1 {
			t.Errorf("the last batch is %+v; %d full states", b, s.lists())
		}
		ends(t, tp)
	})
}

// TestBehindInTurn has three servers that get the requests in turn. The third one
// answers no reads, and its watches stay behind. A session reads twice and then
// watches, so the third server would get the watch of each session.
func TestBehindInTurn(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		first := caughtUp(s, 50)
		requests := 0
		third := func() bool { requests++; return requests%3 == 0 }
		s.set(func() {
			s.header.Revision = 60
			s.muted = func(*pb.RangeRequest) bool { return third() }
		})
		first.cut()
		watches := 0
		for behind := true; behind && watches < 30; watches++ {
			st := <-s.streams
			revision := int64(60)
			s.set(func() {
				if behind = third(); behind {
					revision = 50
				}
			})
			st.create()
			go st.keep(func(h *pb.ResponseHeader) { h.Revision = revision })
		}
		synctest.Wait()
		if b := tp.last(); b.Broken != nil || b.Revision != 60 || b.CatchingUp || watches != 2 {
			t.Errorf("after %d watches, the last batch is %+v", watches, b)
		}
		ends(t, tp)
	})
}

// TestPauses checks that the pauses between failed attempts grow up to a limit. The
// client has a meter, so the attempts take equally long.
func TestPauses(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		s.mute, s.meter = true, true
		const silence = time.Second
		tp := follow(t, s.store(etcd.Silence(silence)))
		time.Sleep(time.Minute)
		all := tp.all()
		if len(all) < 20 {
			t.Fatalf("%d attempts in a minute", len(all))
		}
		for i := 1; i < len(all); i++ {
			pause := tp.times[i].Sub(tp.times[i-1]) - silence*4/3
			if pause < 25*time.Millisecond || pause > 2*time.Second || i > 7 && pause < time.Second {
				t.Errorf("pause %d is %v", i, pause)
			}
		}
		ends(t, tp)
	})
}

// TestBrokenIsReportedOnce: a second failure in a row is no news.
func TestBrokenIsReportedOnce(t *testing.T) {
	var reported []error
	err := etcd.ReportBroken(t.Context(), errors.New("silent"), func(b remote.Batch) error {
		reported = append(reported, b.Broken)
		return nil
	})
	if err != nil || len(reported) != 1 || reported[0].Error() != "silent: no connection" {
		t.Fatal(err, reported)
	}
}
