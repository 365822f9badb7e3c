package inspect

import (
	"context"
	"sync"
	"time"

	"go.uber.org/atomic"
)

// patience is the time for which a snapshot waits for the functions of the program, all of
// them together.
const patience = 500 * time.Millisecond

// A flight is a look at a value with functions of the program. It has a goroutine of its own,
// because a function may be slow, or never return.
//
// Invariant: an entry has at most one flight that has not ended. So a function that never
// returns holds one goroutine, and not one for each look.
type flight struct {
	began time.Time
	done  chan struct{} // closed at the end
	info  Info          // what the look has found, once done is closed
	late  atomic.Bool   // a caller has stopped waiting, so that no other caller begins to
}

// lookAll looks at the values of all entries, and returns what it has found in their order.
// If list is true, the tracked watchers are listed.
//
// An Info is from a look that began in this call, or from the newest look before it if a
// function of the value takes too long. All functions run concurrently, and share patience. at is
// the time of the end, and the time of each Info.
func lookAll(entries []*entry, list bool) (infos []Info, at time.Time) {
	infos = look(entries, list)
	at = time.Now()
	for i := range infos {
		infos[i].At = at
	}
	return infos, at
}

// look is lookAll without the time.
func look(entries []*entry, list bool) []Info {
	infos := make([]Info, len(entries))
	flights := make([]*flight, len(entries))
	waits := false
	for i, e := range entries {
		if e.runsNothing() {
			infos[i] = e.look(list, true)
			continue
		}
		flights[i], waits = e.takeOff(list), true
	}
	if !waits {
		return infos
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var all sync.WaitGroup
	for i, e := range entries {
		// Concurrently, because each begins a flight when that of another caller has ended.
		if infos[i].Name == "" && flights[i] == nil {
			all.Go(func() { infos[i] = e.land(ctx, nil, list) })
		}
	}
	for i, e := range entries {
		if flights[i] != nil {
			infos[i] = e.land(ctx, flights[i], list)
		}
	}
	all.Wait()
	return infos
}

// takeOff begins a flight. It returns nil if another one has not ended.
func (e *entry) takeOff(list bool) *flight {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.flight != nil {
		return nil
	}
	f := &flight{began: time.Now(), done: make(chan struct{}), info: e.unread()}
	e.flight = f
	go e.fly(f, list)
	return f
}

// fly is the goroutine of f.
func (e *entry) fly(f *flight, list bool) {
	complete := false
	defer func() { // Runs even if a function of the program ends the goroutine.
		if !complete {
			f.info.Problem = "a function of the value has ended its goroutine"
			e.note(&f.info, reading{}, reading{size: -1, watchers: -1, problem: f.info.Problem})
		}
		e.mu.Lock()
		e.flight = nil
		e.mu.Unlock()
		close(f.done)
	}()
	f.info, complete = e.look(list, false), true
}

// land returns what f has found, which takeOff has returned. If that was nil, it waits for the
// end of the other flight, and begins one. When ctx has ended, it returns what the newest look
// before has found.
func (e *entry) land(ctx context.Context, f *flight, list bool) Info {
	for f == nil {
		e.mu.Lock()
		other := e.flight
		e.mu.Unlock()
		if other != nil && !other.wait(ctx) || ctx.Err() != nil {
			return e.stale() // Without a new flight, which would be late at once.
		}
		f = e.takeOff(list)
	}
	if !f.wait(ctx) {
		return e.stale()
	}
	return f.info
}

// wait waits for the end of f. It reports false if ctx ends before, or has ended before in
// another wait for f.
func (f *flight) wait(ctx context.Context) bool {
	if !f.late.Load() {
		select {
		case <-f.done:
			return true
		case <-ctx.Done():
		}
	}
	select {
	case <-f.done:
		return true
	default:
		f.late.Store(true)
		return false
	}
}

// stale returns what the newest look that has ended has found.
func (e *entry) stale() Info {
	e.mu.Lock()
	defer e.mu.Unlock()
	info := e.found
	if info.Name == "" {
		info = e.unread()
	}
	info.Pending = time.Now() // The look has just ended.
	if e.flight != nil {
		info.Pending = e.flight.began
	}
	info.State = info.state(false)
	return info
}

// unread returns what is known without a look.
func (e *entry) unread() Info {
	return Info{Name: e.name, Type: e.typ, Published: e.published, Shown: e.shown, Size: -1, Watchers: -1}
}
