package etcd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

var errUnavailable = status.Error(codes.Unavailable, "connection lost")

// caughtUp answers a Follow until it has caught up, and returns its stream. The
// stream is silent from then on.
func caughtUp(s *script, revision int64) *stream {
	st := <-s.streams
	st.create()
	st.progress(revision)
	synctest.Wait()
	return st
}

// requests returns the reads that are as is says.
func (s *script) requests(is func(*pb.RangeRequest) bool) (all []*pb.RangeRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.ranges {
		if is(r) {
			all = append(all, r)
		}
	}
	return all
}

// TestApplysErrorIsReturned makes apply fail at each kind of batch.
func TestApplysErrorIsReturned(t *testing.T) {
	errApply := errors.New("apply fails")
	for what, fails := range map[string]func(b remote.Batch) bool{
		"the full state":    func(b remote.Batch) bool { return b.Full },
		"a lost connection": func(b remote.Batch) bool { return b.Broken != nil },
		"a failed attempt":  func(b remote.Batch) bool { return b.Broken != nil },
		"a silent opening":  func(b remote.Batch) bool { return b.Broken != nil },
		"a new connection":  func(b remote.Batch) bool { return b.Broken == nil && b.More },
		"a change":          func(b remote.Batch) bool { return b.Revision == 51 },
	} {
		t.Run(what, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *script) {
				if what == "a failed attempt" {
					s.refuse = errUnavailable
				}
				result := make(chan error, 1)
				go func() {
					failed := false
					result <- s.store().Follow(t.Context(), remote.Prefix(""), func(b remote.Batch) error {
						if failed {
							t.Errorf("apply is called after it has failed, with %+v", b)
						}
						if failed = fails(b); failed {
							return errApply
						}
						return nil
					})
				}()
				go func() {
					for st := range s.streams {
						if what == "a silent opening" {
							continue
						}
						st.create()
						st.progress(50)
						if what == "a change" {
							st.event("k", "w", 51, 51)
						}
					}
				}()
				if err := <-result; err != errApply {
					t.Errorf("Follow returns %v", err)
				}
				close(s.streams)
			})
		})
	}
}

// secondPage returns a Store whose first page is too large. The second attempt at
// it calls do before it succeeds. The limit of that attempt is twice Silence.
func (s *script) secondPage(do func()) *etcd.Store {
	store, kv := s.spied(context.Background())
	attempts := 0
	kv.get = func(op clientv3.Op) error {
		if op.IsKeysOnly() {
			return nil
		}
		if attempts++; attempts == 1 {
			return status.Error(codes.ResourceExhausted, "received message larger than max")
		}
		do()
		return nil
	}
	return store
}

// TestApplysErrorDuringARead makes apply fail while a page is late. The page
// arrives although its context has ended.
func TestApplysErrorDuringARead(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		errApply := errors.New("apply fails")
		calls := 0
		store := s.secondPage(func() { time.Sleep(3 * etcd.DefaultSilence / 2) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := store.Follow(ctx, remote.Prefix(""), func(b remote.Batch) error {
			calls++
			return errApply
		})
		if err != errApply || calls != 1 {
			t.Errorf("Follow returns %v after %d calls of apply", err, calls)
		}
	})
}

// TestReadsEndTheirWatchdogs has a page that arrives at once. Its watchdog must
// not report Broken later.
func TestReadsEndTheirWatchdogs(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.secondPage(func() {}))
		go caughtUp(s, 50).keep(asIs)
		time.Sleep(3 * etcd.DefaultSilence)
		if _, err := tp.broken(); err != nil {
			t.Errorf("Broken is reported: %v", err)
		}
		ends(t, tp)
	})
}

// TestReadsLosePatience has reads that fail until Follow is patient, and then
// succeed. Follow is not patient with the next reads.
func TestReadsLosePatience(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		s.mute = true
		tp := follow(t, s.store())
		time.Sleep(100 * etcd.DefaultSilence)
		s.set(func() { s.mute = false })
		st := caughtUp(s, 50)
		s.set(func() { s.mute = true })
		before := len(s.requests(anyRead))
		st.cut()
		time.Sleep(5 * etcd.DefaultSilence)
		if n := len(s.requests(anyRead)) - before; n < 2 {
			t.Errorf("%d reads in five times Silence", n)
		}
		ends(t, tp)
	})
}

// TestDelaysStartAgain has a server that fails until the delays are long, then
// serves, and then fails again.
func TestDelaysStartAgain(t *testing.T) {
	for _, c := range []struct {
		err         error
		least, most time.Duration
	}{
		{errUnavailable, 50 * time.Millisecond, 2 * time.Second},
		{rpctypes.ErrGRPCPermissionDenied, time.Second, 30 * time.Second},
	} {
		inBubble(t, func(t *testing.T, s *script) {
			s.refuse = c.err
			tp := follow(t, s.store())
			time.Sleep(100 * c.most)
			s.set(func() { s.refuse = nil })
			st := caughtUp(s, 50)
			before := len(tp.all())
			s.set(func() { s.refuse = c.err })
			<-st.ctx.Done() // by silence
			start := time.Now()
			time.Sleep(20 * c.least)
			if n := len(tp.all()) - before; n < 4 {
				t.Errorf("%v: %d attempts in %v after a good connection", c.err, n, time.Since(start))
			}
			before = len(tp.all())
			time.Sleep(100 * c.most)
			if n := len(tp.all()) - before; n > 200 {
				t.Errorf("%v: %d attempts in %v", c.err, n, 100*c.most)
			}
			ends(t, tp)
		})
	}
}

// A spyKV is a KV whose client can be closed, and that sees all reads.
type spyKV struct {
	openKV
	ctx context.Context // of the client
	get func(op clientv3.Op) error

	mu   sync.Mutex
	done []context.Context // of reads that have returned
}

func (kv *spyKV) Ctx() context.Context { return kv.ctx }

func (kv *spyKV) Get(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	defer func() {
		kv.mu.Lock()
		defer kv.mu.Unlock()
		kv.done = append(kv.done, ctx)
	}()
	if kv.get != nil {
		if err := kv.get(clientv3.OpGet(key, opts...)); err != nil {
			return nil, err
		}
	}
	return kv.openKV.Get(ctx, key, opts...)
}

// spied returns a Store whose reads go by a spyKV.
func (s *script) spied(ctx context.Context) (*etcd.Store, *spyKV) {
	kv := &spyKV{openKV: openKV{clientv3.NewKVFromKVClient(s, nil)}, ctx: ctx}
	return etcd.New(kv, watcher{s}), kv
}

func TestClosedClientEndsFollow(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		s.mute = true
		ctx, closeClient := context.WithCancel(context.Background())
		closeClient()
		store, _ := s.spied(ctx)
		err := store.Follow(t.Context(), remote.Prefix("p"), func(remote.Batch) error { return nil })
		if !errors.Is(err, etcd.ErrClientClosed) || !strings.Contains(err.Error(), `prefix "p"`) {
			t.Errorf("Follow returns %v", err)
		}
	})
}

// TestReadsReleaseTheirContexts checks that a read leaves no context behind
// while its Follow continues.
func TestReadsReleaseTheirContexts(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		store, kv := s.spied(context.Background())
		tp := follow(t, store)
		caughtUp(s, 50)
		kv.mu.Lock()
		for _, ctx := range kv.done {
			if ctx.Err() == nil {
				t.Error("the context of a read has not ended")
			}
		}
		kv.mu.Unlock()
		ends(t, tp)
	})
}

func TestLogs(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		var out bytes.Buffer
		s.refuse = errUnavailable
		tp := follow(t, s.store(etcd.Logger(slog.New(slog.NewTextHandler(&out, nil)))))
		synctest.Wait()
		s.set(func() { s.refuse = nil })
		st := caughtUp(s, 50)
		s.set(func() { s.header.ClusterId = 2 })
		st.progress(50)
		<-s.streams
		ends(t, tp)
		for _, line := range []string{
			`"etcd: connection lost" scope="prefix \"\"" why="rpc error`,
			`"etcd: reading the whole state" scope="prefix \"\"" why="etcd: read the whole state: it is another cluster"`,
		} {
			if !strings.Contains(out.String(), line) {
				t.Errorf("the log lacks %s:\n%s", line, &out)
			}
		}
		if n := strings.Count(out.String(), "\n"); n != 2 {
			t.Errorf("the log has %d lines:\n%s", n, &out)
		}
	})
}

// TestResetIsNotALostConnection checks that a reset alone does not report Broken.
func TestResetIsNotALostConnection(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		st := caughtUp(s, 50)
		s.set(func() { s.header.ClusterId = 2 })
		st.progress(50)
		caughtUp(s, 50)
		if _, err := tp.broken(); err != nil {
			t.Errorf("Broken is reported: %v", err)
		}
		ends(t, tp)
	})
}

// TestRangesOfScopes checks which keys are read, and that one key needs no
// permission for others.
func TestRangesOfScopes(t *testing.T) {
	for _, c := range []struct {
		scope    remote.Scope
		key, end string
	}{
		{remote.Prefix(""), "\x00", "\x00"},
		{remote.Prefix("k"), "k", "l"},
		{remote.Key("k"), "k", ""},
	} {
		inBubble(t, func(t *testing.T, s *script) {
			ctx, cancel := context.WithCancel(t.Context())
			result := make(chan error, 1)
			go func() {
				result <- s.store().Follow(ctx, c.scope, func(b remote.Batch) error { return nil })
			}()
			caughtUp(s, 50)
			<-s.streams // of another session, by silence
			lists := s.requests(func(r *pb.RangeRequest) bool { return !r.KeysOnly && r.Revision == 0 })
			if len(lists) != 1 || string(lists[0].Key) != c.key || string(lists[0].RangeEnd) != c.end {
				t.Errorf("%v: the reads of the state are %v", c.scope, lists)
			}
			whole := s.requests(func(r *pb.RangeRequest) bool { return r.KeysOnly && r.Limit == 1 })
			if n := len(whole); n > 0 != (c.end != "") {
				t.Errorf("%v: %d checks of the permission", c.scope, n)
			}
			cancel()
			<-result
		})
	}
}

// TestResumes loses the connection, and checks that the state is not read
// again.
func TestResumes(t *testing.T) {
	large := strings.Repeat("x", 100_000)
	for what, prepare := range map[string]func(s *script){
		"a value":       func(s *script) {},
		"a large value": func(s *script) { s.kvs[0].Value = []byte(large) },
		"no key":        func(s *script) { s.kvs = nil },
	} {
		t.Run(what, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *script) {
				prepare(s)
				tp := follow(t, s.store())
				caughtUp(s, 50)
				caughtUp(s, 50)
				if s.lists() != 1 || tp.last().Broken != nil {
					t.Errorf("%d full states were read; the last batch is %+v", s.lists(), tp.last())
				}
				for _, r := range s.requests(func(r *pb.RangeRequest) bool { return r.Revision != 0 }) {
					if len(r.Key) == 0 || r.KeysOnly != (what == "a large value") {
						t.Errorf("the history is checked by %v", r)
					}
				}
				ends(t, tp)
			})
		})
	}
}

// TestResumesAfterADeletion has a deletion as the last change. The history is
// another one if the key did not exist before.
func TestResumesAfterADeletion(t *testing.T) {
	key := &mvccpb.KeyValue{Key: []byte("k"), Value: []byte("v"), ModRevision: 40}
	for what, c := range map[string]struct {
		before []*mvccpb.KeyValue
		lists  int
	}{
		"the key existed":      {[]*mvccpb.KeyValue{key}, 1},
		"the key never was":    {[]*mvccpb.KeyValue{}, 2},
		"compacted in between": {nil, 1},
	} {
		t.Run(what, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *script) {
				tp := follow(t, s.store())
				st := caughtUp(s, 50)
				s.set(func() {
					s.kvs, s.header.Revision = nil, 51
					s.past = map[int64][]*mvccpb.KeyValue{50: c.before}
				})
				st.responses <- &pb.WatchResponse{Header: s.head(), Events: []*mvccpb.Event{
					{Type: clientv3.EventTypeDelete, Kv: &mvccpb.KeyValue{Key: []byte("k"), ModRevision: 51}},
				}}
				caughtUp(s, 51)
				if s.lists() != c.lists || tp.last().Revision != 51 {
					t.Errorf("%d full states were read; the last batch is %+v", s.lists(), tp.last())
				}
				ends(t, tp)
			})
		})
	}
}

// TestDoesNotResumeWithoutThePastOfADeletion has a deletion as the last change, and a
// server that does not answer the read of the revision before.
func TestDoesNotResumeWithoutThePastOfADeletion(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		st := caughtUp(s, 50)
		s.set(func() {
			s.kvs, s.header.Revision = nil, 51
			s.past = map[int64][]*mvccpb.KeyValue{50: {}}
			s.muted = func(in *pb.RangeRequest) bool { return in.Revision == 50 }
		})
		st.responses <- &pb.WatchResponse{Header: s.head(), Events: []*mvccpb.Event{
			{Type: clientv3.EventTypeDelete, Kv: &mvccpb.KeyValue{Key: []byte("k"), ModRevision: 51}},
		}}
		time.Sleep(time.Minute)
		if len(s.streams) > 0 || tp.last().Broken == nil {
			t.Errorf("%d streams are opened; the last batch is %+v", len(s.streams), tp.last())
		}
		s.set(func() { s.muted = nil })
		caughtUp(s, 51)
		if s.lists() != 2 {
			t.Errorf("%d full states were read", s.lists())
		}
		ends(t, tp)
	})
}

// TestResumesUpToThePresent checks that a new connection counts as caught up
// when it has reached the revision of the store.
func TestResumesUpToThePresent(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		caughtUp(s, 50)
		s.set(func() { s.header.Revision = 60 })
		st := caughtUp(s, 50)
		if b := tp.last(); !b.More {
			t.Errorf("the last batch is %+v", b)
		}
		st.progress(60)
		synctest.Wait()
		if b := tp.last(); b.More || b.Revision != 60 {
			t.Errorf("the last batch is %+v", b)
		}
		ends(t, tp)
	})
}

// TestDoesNotResumeWithoutAnAnswer has a server that fails the check of the
// history.
func TestDoesNotResumeWithoutAnAnswer(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		caughtUp(s, 50)
		n := len(tp.all())
		s.set(func() { s.refuse = errUnavailable })
		time.Sleep(time.Minute)
		for _, b := range tp.all()[n:] {
			if b.Broken == nil {
				t.Errorf("a batch is %+v", b)
			}
		}
		if len(s.streams) > 0 {
			t.Error("another stream is opened")
		}
		ends(t, tp)
	})
}

// TestDoesNotResumeAfterAReset has a reset while the connection is lost. The
// full state must be read before anything else is delivered.
func TestDoesNotResumeAfterAReset(t *testing.T) {
	for what, reset := range map[string]func(s *script, kv *spyKV){
		"another cluster":        func(s *script, kv *spyKV) { s.header.ClusterId = 2 },
		"the term has gone back": func(s *script, kv *spyKV) { s.header.RaftTerm = 4 },
		"the revision has gone back": func(s *script, kv *spyKV) {
			kv.get = func(op clientv3.Op) error {
				if op.Rev() != 0 {
					return rpctypes.ErrFutureRev
				}
				return nil
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *script) {
				store, kv := s.spied(context.Background())
				tp := follow(t, store)
				caughtUp(s, 50)
				s.set(func() { reset(s, kv) })
				<-s.streams
				if s.lists() != 2 {
					t.Errorf("%d full states were read before the next watch", s.lists())
				}
				ends(t, tp)
			})
		})
	}
}

// TestTermsGrow has a term that goes back to that of the full state, after a
// later one was seen.
func TestTermsGrow(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		tp := follow(t, s.store())
		st := caughtUp(s, 50)
		s.set(func() { s.header.RaftTerm = 6 })
		st.progress(50)
		synctest.Wait()
		s.set(func() { s.header.RaftTerm = 5 })
		st.progress(50)
		<-s.streams
		if s.lists() != 2 {
			t.Errorf("%d full states were read", s.lists())
		}
		ends(t, tp)
	})
}

// TestRefusalIsTheError checks that the text around an error of etcd is kept.
func TestRefusalIsTheError(t *testing.T) {
	err := fmt.Errorf("member 1: %w", rpctypes.ErrPermissionDenied)
	if got := etcd.Refusal(err); got != err {
		t.Errorf("refusal(%v) = %v", err, got)
	}
}

// TestSilenceHasItsReason has an address at which no server listens.
func TestSilenceHasItsReason(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	client, err := clientv3.New(etcd.ClientConfig(l.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	tp := follow(t, etcd.New(client, client, etcd.Silence(50*time.Millisecond)))
	tp.until(t, func(b remote.Batch) bool { return b.Broken != nil && strings.Contains(b.Broken.Error(), "refused") })
	_ = tp.end()
}
