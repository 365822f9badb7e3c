package etcd_test

import (
	"errors"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eventvalue/event/etcd"
	"github.com/eventvalue/event/remote"
)

// TestRefusalIsAState has a server that refuses for a while.
func TestRefusalIsAState(t *testing.T) {
	for _, refusal := range []error{rpctypes.ErrGRPCPermissionDenied, status.Error(codes.Unimplemented, "unexpected HTTP status code 404")} {
		inBubble(t, func(t *testing.T, s *script) {
			s.refuse = refusal
			tp := follow(t, s.store())
			time.Sleep(10 * time.Minute)
			if err := tp.last().Broken; !errors.Is(err, remote.ErrRefused) {
				t.Errorf("the reason is %v", err)
			}
			if n := len(tp.all()); n < 20 || n > 60 {
				t.Errorf("%d attempts in ten minutes", n)
			}
			s.set(func() { s.refuse = nil })
			st := <-s.streams
			st.create()
			st.progress(50)
			ends(t, tp)
			if b := tp.last(); b.Broken != nil || b.Revision != 50 {
				t.Errorf("the last batch is %+v", b)
			}
		})
	}
}

func TestEndWhenRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		s.refuse = rpctypes.ErrGRPCPermissionDenied
		tp := follow(t, s.store(etcd.EndWhenRefused()))
		time.Sleep(time.Minute)
		if err := tp.end(); !errors.Is(err, remote.ErrRefused) || !errors.Is(err, rpctypes.ErrPermissionDenied) {
			t.Errorf("Follow returns %v", err)
		}
	})
}
