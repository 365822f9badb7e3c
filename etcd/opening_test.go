package etcd_test

import (
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/eventvalue/event/etcd"
)

// TestSilentFromTheStart has servers that fall silent before the first watch is
// open. Broken is reported after twice Silence at the latest, and the connection
// never counts as complete.
func TestSilentFromTheStart(t *testing.T) {
	for what, prepare := range map[string]func(s *script){
		"never answers":              func(s *script) { s.mute = true },
		"answers short reads only":   func(s *script) { s.muted = isList },
		"answers reads, not watches": func(*script) {},
	} {
		t.Run(what, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *script) {
				const silence = time.Second
				prepare(s)
				start := time.Now()
				tp := follow(t, s.store(etcd.Silence(silence)))
				time.Sleep(time.Minute)
				at, err := tp.broken()
				if took := at.Sub(start); err == nil || took > 2*silence {
					t.Errorf("Broken is reported after %v: %v", took, err)
				}
				if tp.connected() {
					t.Error("the connection counts as complete")
				}
				ends(t, tp)
			})
		})
	}
}

// TestSilentAfterPatience has an unknown connection, on which two watches were
// slow. Broken is reported while Follow is patient with the third.
func TestSilentAfterPatience(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		const silence = time.Second
		tp := follow(t, s.store(etcd.Silence(silence)))
		for range 2 {
			st := <-s.streams
			st.create()
			<-st.ctx.Done()
		}
		third := <-s.streams // It is never answered.
		synctest.Wait()
		if tp.last().Broken != nil {
			t.Fatal("the state was not read")
		}
		time.Sleep(2 * silence)
		if tp.last().Broken == nil || third.ctx.Err() != nil {
			t.Errorf("the last batch is %+v; the watch: %v", tp.last(), third.ctx.Err())
		}
		ends(t, tp)
	})
}

// TestConnectedOnceCaughtUp has a watch that delivers changes before it has
// caught up with the revision of the full state.
func TestConnectedOnceCaughtUp(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		st := <-s.streams
		synctest.Wait()
		if b := tp.last(); !b.Full || b.More || !b.CatchingUp {
			t.Errorf("without a watch, the last batch is %+v", b)
		}
		st.create()
		st.progress(50)
		synctest.Wait()
		if b := tp.last(); b.CatchingUp {
			t.Errorf("with a watch, the last batch is %+v", b)
		}
		s.set(func() { s.header.Revision = 60 })
		st.cut()
		next := <-s.streams
		next.create()
		for _, revision := range []int64{55, 60} {
			next.event("k", "w", revision, 70)
			synctest.Wait()
			if b := tp.last(); b.Revision != revision || b.CatchingUp != (revision < 60) {
				t.Errorf("at revision %d of 60, the last batch is %+v", revision, b)
			}
		}
		ends(t, tp)
	})
}

// TestListingAfterBroken has a second page that needs two attempts. The first
// page is void after Broken, so it is passed again.
func TestListingAfterBroken(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		s.kvs = append(s.kvs, &mvccpb.KeyValue{Key: []byte("l"), Value: []byte("v"), ModRevision: 41})
		s.muted = func(in *pb.RangeRequest) bool {
			return isList(in) && string(in.Key) > "k" && s.countRanges(isList) == 2
		}
		tp := follow(t, s.store(etcd.PageSize(1)))
		st := <-s.streams
		synctest.Wait()
		all := tp.all()
		if n := len(all); n < 3 || all[n-3].Broken == nil || !all[n-2].Full || !all[n-2].More || all[n-1].More {
			t.Errorf("the batches are %+v", all)
		}
		if b := tp.last(); len(b.Changes) != 1 || b.Changes[0].Key != "l" {
			t.Errorf("the last batch is %+v", b)
		}
		st.create()
		ends(t, tp)
	})
}
