package event

import (
	"reflect"
	"time"

	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/park"
)

// ready reports whether the channel that w.Changed returns would be closed.
func ready[T any](w Watcher[T]) bool {
	if s := capability.Of(w).Signaler; s != nil {
		return s.Ready()
	}
	select {
	case <-w.Changed():
		return true
	default:
		return false
	}
}

// subscribe makes sig fire once the channel that w.Changed returns would be closed.
func subscribe[T any](w Watcher[T], sig *anySignal) {
	if s := capability.Of(w).Signaler; s != nil {
		sig.add(s)
	} else {
		sig.external = append(sig.external, w.Changed())
	}
}

// An anySignal is a one-shot signal that fires when the first of several watchers
// has something new. Its maker adds the watchers, calls start, and calls stop, each
// once.
type anySignal struct {
	broadcast park.Broadcast
	relays    []*park.Relay
	timers    []interface{ Stop() bool }
	external  []<-chan struct{} // the Changed channels of external watchers
}

// add makes sig fire once s would be ready.
func (sig *anySignal) add(s capability.Signaler) {
	if r := s.Subscribe(&sig.broadcast); r != nil {
		sig.relays = append(sig.relays, r)
	}
}

// after makes sig fire after d.
//
//explore:skip starts a timer
func (sig *anySignal) after(d time.Duration) {
	sig.timers = append(sig.timers, time.AfterFunc(d, sig.broadcast.Fire))
}

// start makes sig follow the external watchers, if there are any.
func (sig *anySignal) start() {
	if len(sig.external) > 0 && !sig.broadcast.Fired() {
		sig.followExternal()
	}
}

// followExternal starts a goroutine that fires sig when one of the channels in
// sig.external is closed. The goroutine ends when sig fires, at the latest in stop.
//
//explore:skip selects by reflection
func (sig *anySignal) followExternal() {
	var cases []reflect.SelectCase
	for _, c := range append(sig.external, sig.broadcast.Done()) {
		cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c)})
	}
	go func() {
		reflect.Select(cases)
		sig.broadcast.Fire()
	}()
}

// stop fires sig, and removes it from all that would fire it.
func (sig *anySignal) stop() {
	sig.broadcast.Fire()
	for _, r := range sig.relays {
		r.Stop()
	}
	for _, t := range sig.timers {
		t.Stop()
	}
}
