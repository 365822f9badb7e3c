package etcd_test

import (
	"context"
	"strings"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/metadata"
)

// sharedStreams are the streams of a script for watches that begin with the next
// change. Without on, no such watch is ever confirmed.
type sharedStreams struct {
	mu      sync.Mutex
	on      bool
	mute    bool                                     // progress requests get no answer
	asked   int                                      // the number of progress requests
	watches map[string][]chan clientv3.WatchResponse // by stream
}

// streamOf returns the name of the stream that ctx selects.
func streamOf(ctx context.Context) string {
	md, _ := metadata.FromOutgoingContext(ctx)
	return strings.Join(md.Get("event-stream"), ",")
}

func (ss *sharedStreams) watch(ctx context.Context) clientv3.WatchChan {
	ss.mu.Lock()
	on := ss.on
	ss.mu.Unlock()
	ch := make(chan clientv3.WatchResponse, 100)
	if !on {
		<-ctx.Done()
		close(ch)
		return ch
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.watches == nil {
		ss.watches = make(map[string][]chan clientv3.WatchResponse)
	}
	name := streamOf(ctx)
	ss.watches[name] = append(ss.watches[name], ch)
	context.AfterFunc(ctx, func() { ss.end(name, ch) })
	return ch
}

// end ends a watch, and its stream if it was the last one.
func (ss *sharedStreams) end(name string, ch chan clientv3.WatchResponse) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	for i, c := range ss.watches[name] {
		if c == ch {
			ss.watches[name] = append(ss.watches[name][:i], ss.watches[name][i+1:]...)
			close(ch)
			break
		}
	}
	if len(ss.watches[name]) == 0 {
		delete(ss.watches, name)
	}
}

// open returns the numbers of streams and watches.
func (ss *sharedStreams) open() (streams, watches int) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	for _, chs := range ss.watches {
		streams++
		watches += len(chs)
	}
	return streams, watches
}

// requestProgress answers a request on a shared stream, and reports whether the
// request is for one.
func (ss *sharedStreams) requestProgress(ctx context.Context, s *script) bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	chs, ok := ss.watches[streamOf(ctx)]
	if !ok {
		return false
	}
	ss.asked++
	if !ss.mute {
		s.mu.Lock()
		h := s.head()
		s.mu.Unlock()
		for _, ch := range chs {
			ch <- clientv3.WatchResponse{Header: h}
		}
	}
	return true
}

// send sends a change, or a progress notification for an empty key, to all
// watches of shared streams.
func (ss *sharedStreams) send(header *pb.ResponseHeader, key string, revision int64) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	for _, chs := range ss.watches {
		for _, ch := range chs {
			r := clientv3.WatchResponse{Header: header}
			if key != "" {
				r.Events = []*clientv3.Event{{Kv: &mvccpb.KeyValue{Key: []byte(key), Value: []byte("w"), ModRevision: revision}}}
			}
			ch <- r
		}
	}
}

// set changes the streams.
func (ss *sharedStreams) set(do func()) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	do()
}
