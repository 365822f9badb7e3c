package event

import (
	"context"

	"github.com/eventvalue/event/internal/verify/explore/inspect"
)

func init() {
	inspect.Head = func(value any) (any, bool, uint64) {
		s := value.(*MemoryValue[int]).head.Load()
		if s == nil {
			return nil, false, 0
		}
		version := s.version >> versionShift
		if s.final() {
			version |= 1 << 63 // greater than any other version, even of a watcher that has seen the final state
		}
		return &s.superseded, s.superseded.Fired(), version
	}
	inspect.Watch = func(a any) inspect.Watcher {
		w := a.(*watcher[int])
		state := w.state.load()
		return inspect.Watcher{
			Version: state >> versionShift,
			Closed:  state&closed != 0,
			Pending: w.waiter.PendingWakeUps(),
		}
	}
	inspect.Until = func(ctx context.Context, value any, pred func(int) bool, end func(error)) func() {
		u := newUntil(ctx, value.(ValueWatch[int]).Watch(), pred, end)
		u.start()
		return u.cancel
	}
}
