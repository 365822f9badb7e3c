package file

import (
	"context"
	"time"

	"go.uber.org/atomic"

	"github.com/eventvalue/event"
)

// A follower is the part of a Value that does not depend on the type of the data.
type follower struct {
	settings settings
	source   source
	single   bool // the source is one file

	// decode makes data of a content. It returns a function that publishes them, which
	// returns NotAfter of the Status.
	decode func(content) (publish func() time.Time, err error)

	status  event.MemoryValue[Status]
	serving atomic.Bool
	busy    chan struct{} // has an element while a goroutine reads or decodes

	now Status // the newest Status; owned by the Serve
}

// several reports that a change of the files may be in progress between two events. It is
// false without Quiet, which is the longest pause of such a change.
func (f *follower) several() bool { return !f.single && f.settings.quiet > 0 }

// serve follows the source until ctx ends.
func (f *follower) serve(ctx context.Context) error {
	if ctx == nil {
		panic("file: Value.Serve: nil context")
	}
	if !f.serving.CompareAndSwap(false, true) {
		return ErrServing
	}
	defer f.serving.Store(false)
	r := &run{follower: f, timer: time.NewTimer(time.Hour), interval: f.settings.poll}
	defer r.timer.Stop()
	if f.settings.poll == 0 {
		r.member, r.interval = newMember(f.source), fallback
		defer process.leave(r.member)
	}
	return r.loop(ctx)
}
