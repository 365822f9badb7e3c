package etcd_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

// isOld reports whether in reads an old revision, as an audit does.
func isOld(in *pb.RangeRequest) bool { return in.Revision != 0 }

// anyRead reports true for every read.
func anyRead(*pb.RangeRequest) bool { return true }

// unheard confirms a watch, and waits until it is given up without a response.
func unheard(s *script) {
	st := <-s.streams
	st.create()
	<-st.ctx.Done()
}

// TestCaughtUpAtOnce checks that a watch does not wait for a tick before it
// requests progress.
func TestCaughtUpAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		start := time.Now()
		tp := follow(t, s.store())
		caughtUp(s, 50)
		if took := time.Since(start); took != 0 || !tp.connected() {
			t.Errorf("after %v, the last batch is %+v", took, tp.last())
		}
		ends(t, tp)
	})
}

// TestNoBatchWithoutNews has notifications of the revision that was delivered,
// and a change that was.
func TestNoBatchWithoutNews(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		st := caughtUp(s, 50)
		n := len(tp.all())
		st.progress(50)
		st.progress(50)
		st.event("k", "v", 40, 50)
		synctest.Wait()
		if all := tp.all(); len(all) != n {
			t.Errorf("the batches without news are %+v", all[n:])
		}
		ends(t, tp)
	})
}

// TestCaughtUpByAKnownChange has no notifications: the change of the full state's
// revision, which a watch begins with, shows that the watch has caught up.
func TestCaughtUpByAKnownChange(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		s.set(func() { s.kvs[0].ModRevision = 50 })
		tp := follow(t, s.store())
		st := <-s.streams
		st.create()
		synctest.Wait()
		if b := tp.last(); !b.CatchingUp {
			t.Errorf("the batch before the watch has caught up is %+v", b)
		}
		st.event("k", "v", 50, 50)
		synctest.Wait()
		if b := tp.last(); b.CatchingUp || b.Broken != nil || b.Revision != 50 {
			t.Errorf("the batch after the known change is %+v", b)
		}
		ends(t, tp)
	})
}

// TestClientClosedDuringWatch closes the client, which ends its watches in one of
// two ways.
func TestClientClosedDuringWatch(t *testing.T) {
	for what, end := range map[string]func(st *stream){
		"the channel is closed": func(st *stream) { st.cut() },
		"the watch is canceled": func(st *stream) {
			st.responses <- &pb.WatchResponse{Header: st.s.head(), Canceled: true}
		},
	} {
		t.Run(what, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *script) {
				ctx, closeClient := context.WithCancel(context.Background())
				store, _ := s.spied(ctx)
				tp := follow(t, store)
				st := caughtUp(s, 50)
				closeClient()
				end(st)
				synctest.Wait()
				if err := tp.end(); !errors.Is(err, etcd.ErrClientClosed) {
					t.Errorf("Follow returns %v", err)
				}
			})
		})
	}
}

// TestCompactedWatch has a server that has discarded the history.
func TestCompactedWatch(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		st := caughtUp(s, 50)
		st.responses <- &pb.WatchResponse{Header: s.head(), Canceled: true, CompactRevision: 60}
		<-s.streams
		if _, err := tp.broken(); s.lists() != 2 || err != nil {
			t.Errorf("%d full states were read; broken: %v", s.lists(), err)
		}
		ends(t, tp)
	})
}

// TestEndedSharedStreamIsNotJoined ends one of two watches on a shared stream.
// The Follow of that watch moves to another shared stream.
func TestEndedSharedStreamIsNotJoined(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		s.auto, s.shared.on = true, true
		store := s.store(etcd.Silence(3 * time.Second))
		tps := []*recording{follow(t, store), follow(t, store)}
		time.Sleep(12 * time.Second)
		if streams, watches := s.shared.open(); streams != 1 || watches != 2 {
			t.Fatalf("%d shared streams with %d watches", streams, watches)
		}
		s.shared.endOne()
		time.Sleep(12 * time.Second)
		if streams, watches := s.shared.open(); streams != 2 || watches != 2 {
			t.Errorf("after the end of a watch: %d shared streams with %d watches", streams, watches)
		}
		for _, tp := range tps {
			ends(t, tp)
		}
	})
}

// endOne ends one watch.
func (ss *sharedStreams) endOne() {
	name, ch := ss.one()
	ss.end(name, ch)
}

// one returns a watch and the name of its stream.
func (ss *sharedStreams) one() (stream string, ch chan clientv3.WatchResponse) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	for name, chs := range ss.watches {
		return name, chs[0]
	}
	return "", nil
}

// TestOpeningTriesServers has servers that do not confirm a watch. The next one
// is tried without another read.
func TestOpeningTriesServers(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		<-s.streams
		reads := len(s.requests(anyRead))
		<-s.streams
		<-s.streams
		if n := len(s.requests(anyRead)) - reads; n != 0 {
			t.Errorf("%d reads between the watches", n)
		}
		if _, err := tp.broken(); !errors.Is(err, etcd.ErrSilent) {
			t.Errorf("the reason is %v", err)
		}
		ends(t, tp)
	})
}

// TestLostWatchesReadNoState loses the connections of watches that had no
// response yet. The line is not slow, so the state is not read again.
func TestLostWatchesReadNoState(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		for range 3 {
			st := <-s.streams
			st.create()
			synctest.Wait()
			st.cut()
		}
		<-s.streams
		if n := s.lists(); n != 1 {
			t.Errorf("%d full states were read, want 1", n)
		}
		ends(t, tp)
	})
}

// TestUnheardWatchesInARow has a slow line on which every other watch gets a
// response. The state is not read again.
func TestUnheardWatchesInARow(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		unheard(s)
		st := caughtUp(s, 50)
		<-st.ctx.Done()
		unheard(s)
		<-s.streams
		if n := s.lists(); n != 1 {
			t.Errorf("%d full states were read, want 1", n)
		}
		ends(t, tp)
	})
}

// TestUnheardWatchesAfterAList has a slow line on which no watch gets a
// response. Each full state permits two more watches.
func TestUnheardWatchesAfterAList(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		for range 3 {
			unheard(s)
		}
		<-s.streams
		if n := s.lists(); n != 2 {
			t.Errorf("%d full states were read, want 2", n)
		}
		ends(t, tp)
	})
}

// TestPatientWatchFallsSilent has a watch on a line that was slow before. The
// silence is reported, and the watch continues.
func TestPatientWatchFallsSilent(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		caughtUp(s, 50)
		st := caughtUp(s, 50)
		time.Sleep(2 * etcd.DefaultSilence)
		if tp.last().Broken == nil || st.ctx.Err() != nil {
			t.Errorf("the last batch is %+v; the watch: %v", tp.last(), st.ctx.Err())
		}
		st.progress(50)
		synctest.Wait()
		if b := tp.last(); b.Broken != nil || b.CatchingUp {
			t.Errorf("after an answer, the last batch is %+v", b)
		}
		ends(t, tp)
	})
}

// TestApplysErrorAtPatientSilence makes apply fail when a patient watch reports
// that the server has fallen silent.
func TestApplysErrorAtPatientSilence(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		errApply := errors.New("apply fails")
		result := make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			broken := 0
			result <- s.store().Follow(ctx, remote.Prefix(""), func(b remote.Batch) error {
				if b.Broken == nil {
					return nil
				}
				if broken++; broken == 2 {
					return errApply
				}
				return nil
			})
		}()
		caughtUp(s, 50)
		caughtUp(s, 50)
		time.Sleep(2 * etcd.DefaultSilence)
		cancel()
		if err := <-result; err != errApply {
			t.Errorf("Follow returns %v", err)
		}
	})
}

// TestAudits checks that an audit is made once per 15 times Silence.
func TestAudits(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		go caughtUp(s, 50).keep(asIs)
		time.Sleep(10*15*etcd.DefaultSilence + etcd.DefaultSilence/2)
		if n := len(s.requests(isOld)); n != 10 {
			t.Errorf("%d audits in ten intervals", n)
		}
		ends(t, tp)
	})
}

// duringAudit waits until the first audit of a watch is in progress.
func duringAudit(st *stream) {
	go st.keep(asIs)
	time.Sleep(15*etcd.DefaultSilence + etcd.DefaultSilence/6)
}

// TestWatchEndsItsAudit loses a connection while an audit gets no answer. The
// next watch must not wait for the audit.
func TestWatchEndsItsAudit(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		st := caughtUp(s, 50)
		s.set(func() { s.mute = true })
		duringAudit(st)
		s.set(func() { s.mute = false })
		start := time.Now()
		st.cut()
		<-s.streams
		if took := time.Since(start); took > 100*time.Millisecond {
			t.Errorf("the next watch is opened after %v", took)
		}
		ends(t, tp)
	})
}

// TestFollowWaitsForItsAudit has a read that returns late after its context has
// ended. Follow returns after the read.
func TestFollowWaitsForItsAudit(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		store, kv := s.spied(context.Background())
		release := make(chan struct{})
		kv.get = func(op clientv3.Op) error {
			if op.Rev() != 0 {
				<-release
			}
			return nil
		}
		tp := follow(t, store)
		duringAudit(caughtUp(s, 50))
		ended := make(chan error, 1)
		go func() { ended <- tp.end() }()
		synctest.Wait()
		if len(ended) != 0 {
			t.Error("Follow has returned, and its audit has not")
		}
		close(release)
		<-ended
	})
}

// TestAuditForgetsASlowLine has a line that was slow once. The watch moves to the
// shared stream after an audit, and not before.
func TestAuditForgetsASlowLine(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		caughtUp(s, 50)
		st := caughtUp(s, 50)
		go st.keep(asIs)
		s.shared.set(func() { s.shared.on = true })
		time.Sleep(14 * etcd.DefaultSilence)
		if _, watches := s.shared.open(); watches != 0 {
			t.Error("the watch has moved before an audit")
		}
		time.Sleep(4 * etcd.DefaultSilence)
		if _, watches := s.shared.open(); watches != 1 || st.ctx.Err() == nil {
			t.Errorf("%d watches on shared streams; the other stream: %v", watches, st.ctx.Err())
		}
		ends(t, tp)
	})
}

// TestBehindForAMoment has a server that is behind the others after each of two
// audits, for three notifications at most. It is kept.
func TestBehindForAMoment(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		const tick = etcd.DefaultSilence / 3
		tp := follow(t, s.store())
		st := caughtUp(s, 50)
		behind := make(chan int64, 1)
		behind <- 50
		go st.keep(func(h *pb.ResponseHeader) {
			h.Revision = <-behind
			behind <- h.Revision
		})
		time.Sleep(2*tick + tick/2)
		for _, revision := range []int64{60, 70} {
			s.set(func() { s.header.Revision = revision })
			time.Sleep(45 * tick) // The audit is two ticks before the end.
			<-behind
			behind <- revision
		}
		time.Sleep(2 * tick)
		if _, err := tp.broken(); err != nil || st.ctx.Err() != nil || tp.last().Revision != 70 {
			t.Errorf("broken: %v; the watch: %v; the last batch is %+v", err, st.ctx.Err(), tp.last())
		}
		ends(t, tp)
	})
}

// laterWatch begins a Follow, and returns a watch of a later session. The watch
// begins at revision 50, and the store has revision 60.
func laterWatch(t *testing.T, s *script) (tp *recording, st *stream) {
	tp = follow(t, s.store())
	first := caughtUp(s, 50)
	s.set(func() { s.header.Revision = 60 })
	first.cut()
	st = <-s.streams
	st.create()
	return tp, st
}

// TestSlowProgress has a server that is behind the others, and approaches them.
func TestSlowProgress(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp, st := laterWatch(t, s)
		for revision := int64(51); revision <= 60; revision++ {
			st.progress(revision)
			synctest.Wait()
			if st.ctx.Err() != nil {
				t.Fatalf("the watch has ended at revision %d", revision)
			}
		}
		if b := tp.last(); b.Revision != 60 || b.CatchingUp {
			t.Errorf("the last batch is %+v", b)
		}
		ends(t, tp)
	})
}

// TestStopsToProgress has a server that approaches the others, and then stays
// behind.
func TestStopsToProgress(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp, st := laterWatch(t, s)
		for range 4 {
			st.progress(55)
			synctest.Wait()
		}
		if st.ctx.Err() != nil {
			t.Error("the watch has ended too early")
		}
		st.progress(55)
		synctest.Wait()
		if st.ctx.Err() == nil {
			t.Error("the watch has not ended")
		}
		if r := (<-s.streams).create(); r.StartRevision != 55 {
			t.Errorf("the next watch begins at %d", r.StartRevision)
		}
		ends(t, tp)
	})
}
