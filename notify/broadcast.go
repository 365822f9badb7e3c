package notify

import (
	"context"

	"go.uber.org/atomic"
)

// A Broadcast tells any number of goroutines, once, that something has happened.
//
// The zero Broadcast is ready and has not fired. It must not be copied after
// first use. All methods may be called concurrently.
//
// In the terminology of the Go memory model, the first Fire synchronizes before
// the return of every Wait and the close of every channel that it causes, and
// before every Fired that reports true.
type Broadcast struct {
	// top is written by Prepare, push, gather and sweep (compare-and-swap) and by Fire
	// (exchange), and read by all of them. Legal: nil or a place → a place;
	// anything → sealed. Nothing leaves sealed or goes back to nil.
	top atomic.Pointer[place]
}

// sealed is the top of every Broadcast that has fired.
var sealed place

// closed is what Done returns for a Broadcast that has fired.
var closed = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Fire wakes everybody who waits and makes every later wait return at once.
// Calls after the first do nothing.
//
// Fire is lock-free and never waits for a waiter. Without waiters it is one
// atomic exchange. With up to [Inline] waiters, and up to Inline who have asked for the channel, it wakes
// them before it returns. With more of either (waits that were given up may count as some until they are swept)
// it starts a goroutine for that, which wakes a few, who wake the others; and with more than Inline Relays one more
// for these. Each costs one or two small objects, whatever their number. Those whom a sweep of waits that
// were given up has in hand are woken by it.
func (b *Broadcast) Fire() {
	// One exchange both seals and collects. The tempting way to spare it, to seal only
	// if a look finds that somebody waits, loses the waiter who registers just after
	// the look.
	if top := b.top.Swap(&sealed); top != nil && top != &sealed {
		top.fire()
	}
}

// Fired reports whether b has fired. It is one atomic load.
func (b *Broadcast) Fired() bool { return b.top.Load() == &sealed }

// Done returns a channel that is closed once b has fired, for use in a select.
// All calls return the same channel until then; it is made by the first.
// To close it costs in proportion to the goroutines that select on it, so that
// Fire closes it before it returns only if it was asked for up to [Inline] times
// (a [Waiter] counts once) and leaves it to another goroutine otherwise.
func (b *Broadcast) Done() <-chan struct{} {
	c := b.gather()
	if c == nil {
		return closed
	}
	c.takers.Inc()
	return c.channel(b)
}

// Wait blocks until b has fired, and returns nil, or until ctx has ended, and
// returns ctx.Err(). An ended context wins. Whoever waits more than once is
// better served by a [Waiter].
// Wait panics if ctx is nil.
func (b *Broadcast) Wait(ctx context.Context) error {
	if ctx == nil {
		panic("notify: Broadcast.Wait: nil context")
	}
	var w Waiter
	defer w.Close()
	return w.wait(ctx, b)
}
