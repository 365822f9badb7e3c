package event

import (
	"reflect"
	"time"

	"github.com/eventvalue/event/internal/park"
)

// A joiner is a watcher of this package's. It can be waited for together with others, and
// without a goroutine, which the channels of watchers from elsewhere need.
type joiner interface {
	// pending reports whether the channel that Changed returns would be closed.
	pending() bool
	// join makes j fire when that channel would be closed, now or later.
	join(j *joint)
}

// pending is joiner.pending for any watcher.
func pending[T any](w Watcher[T]) bool {
	if own, ok := w.(joiner); ok {
		return own.pending()
	}
	select {
	case <-w.Changed():
		return true
	default:
		return false
	}
}

// join is joiner.join for any watcher.
func join[T any](w Watcher[T], j *joint) {
	if own, ok := w.(joiner); ok {
		own.join(j)
	} else {
		j.others = append(j.others, w.Changed())
	}
}

// A joint is a one-shot signal that joins those of several watchers: it fires when the first
// of them does. It hangs on what each waits for, and on nothing once it has been released.
// Who made it fills it, starts it, and releases it, each once.
type joint struct {
	signal park.Broadcast
	relays []*park.Relay
	timers []interface{ Stop() bool }
	others []<-chan struct{} // the channels of watchers from elsewhere
}

// await makes j fire when b does; at once if b is nil.
func (j *joint) await(b *park.Broadcast) {
	if b == nil {
		j.signal.Fire()
	} else {
		j.relays = append(j.relays, b.Relay(&j.signal))
	}
}

// after makes j fire after d.
//
//explore:skip starts a timer
func (j *joint) after(d time.Duration) {
	j.timers = append(j.timers, time.AfterFunc(d, j.signal.Fire))
}

// start makes j hear from the others, if there are any.
func (j *joint) start() {
	if len(j.others) > 0 && !j.signal.Fired() {
		j.listen()
	}
}

// listen starts a goroutine that fires j when one of the channels in j.others
// is closed. The goroutine ends when j fires, at the latest in release.
//
//explore:skip selects by reflection
func (j *joint) listen() {
	var cases []reflect.SelectCase
	for _, c := range append(j.others, j.signal.Done()) {
		cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c)})
	}
	go func() {
		reflect.Select(cases)
		j.signal.Fire()
	}()
}

// release fires j, and takes it off everything that it hangs on.
func (j *joint) release() {
	j.signal.Fire()
	for _, r := range j.relays {
		r.Stop()
	}
	for _, t := range j.timers {
		t.Stop()
	}
}
