package event

import (
	"context"
	"fmt"
	"runtime/debug"

	"go.uber.org/atomic"

	"github.com/eventvalue/event/internal/capability"
	"github.com/eventvalue/event/internal/park"
)

// Until returns a context that ends as soon as v has a value that pred accepts. It is for
// work that a state allows: as long as this process leads, or until a flag is off. The
// context is derived from ctx. [context.Cause] of it has the first reason of its end:
//
//   - pred has accepted a value: a [*Reached] with that value.
//   - v has ended, and pred has rejected the final value: the end of v, in which
//     [errors.Is] finds [ErrClosed].
//   - a Get on v has failed, for instance on a value that cannot be decoded: its error.
//   - pred, or a function of a view in v, has panicked: a [*PanicError].
//   - ctx has ended: the cause of ctx.
//   - cancel was called: [context.Canceled].
//
// Until calls pred with the current value before it returns, on the caller's goroutine: the
// context may have ended when Until returns it. pred is called with later values on other
// goroutines. The calls do not overlap, no lock is held, and pred may call cancel. pred is
// called at most once for each value, and not at all if ctx has ended. As with a [Watcher], values that are replaced in
// the meantime are skipped: wait for a state that lasts. The end of the context does not
// wait for a call of pred that is in progress; its result is dropped.
//
// Call cancel as soon as the context is not needed any more. Once the context has ended for
// any reason, and no call of pred is in progress, v does not refer to the context or pred,
// and the context not to v.
//
// Until panics if ctx, v or pred is nil.
//
// Cost: a watcher and some objects. No goroutine waits while v rests. A change of v starts
// at most one goroutine, which ends when pred has returned. A Set starts up to four of
// them itself, and leaves more to another goroutine. Over a watcher from another module,
// and over a remote.Range, one goroutine waits until the context ends.
//
//explore:skip makes a context
func Until[T any](ctx context.Context, v ValueWatch[T], pred func(T) bool) (context.Context, context.CancelFunc) {
	if ctx == nil {
		panic("event: Until: nil context")
	}
	if isNil(v) {
		panic("event: Until: nil value")
	}
	if pred == nil {
		panic("event: Until: nil predicate")
	}
	w := v.Watch()
	ctx, end := context.WithCancelCause(soundContext{ctx})
	u := newUntil(ctx, w, pred, end)
	u.get = u.getRecovered
	u.start()
	return ctx, u.cancel
}

// A Reached is the cause of the end of a context of [Until]: the state has been reached.
type Reached[T any] struct {
	Value T // what the predicate has accepted
}

// Error returns a text without the value, which may be a secret.
func (e *Reached[T]) Error() string { return "event: state reached" }

// A PanicError is the cause of the end of a context of [Until] whose predicate, or a
// function of a view below it, has panicked.
type PanicError struct {
	// Value is the value of the panic. It is nil if the function has called
	// [runtime.Goexit] and not panicked.
	Value any
	// Stack is the stack of the panic, as of [debug.Stack].
	Stack []byte
}

// Error returns a text with the value and the stack.
func (e *PanicError) Error() string {
	if e.Value == nil {
		return fmt.Sprintf("event: function of Until called runtime.Goexit\n\n%s", e.Stack)
	}
	return fmt.Sprintf("event: function of Until panicked: %v\n\n%s", e.Value, e.Stack)
}

// Unwrap returns Value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// An until follows a value for a context. While the value rests, a Relay waits for its
// next change, and no goroutine does. The Relay fires the until, which then runs on a
// goroutine of its own until there is nothing new.
//
//	         change                    change
//	resting ───────▶ looking ◀──────▶ changed
//	   ▲                │     look again   │
//	   └────────────────┘                  │
//	     nothing new                       │
//	any ── the context ends ──▶ ended ◀────┘
//
// One goroutine owns the fields below state in the states looking and changed. In the state
// ended they belong to that goroutine if there is one, and otherwise to the caller of close
// that has replaced the state resting. The owner releases them.
type until[T any] struct {
	ctx      context.Context
	end      func(cause error)
	unhook   func() bool // removes close from what follows the end of ctx
	watcher  Watcher[T]
	signaler capability.Signaler // of watcher, or nil if it is external

	state atomic.Uint32

	opts  []GetOption[T] // the predicate, and BacklogOnly
	get   func([]GetOption[T]) (T, error)
	relay *park.Relay // what fires the until, or nil
}

const (
	untilLooking = iota // a goroutine looks at the value
	untilChanged        // the same, and there was a change since the look began
	untilResting        // the relay is active
	untilEnded
)

func newUntil[T any](ctx context.Context, w Watcher[T], pred func(T) bool, end func(cause error)) *until[T] {
	u := &until[T]{ctx: ctx, end: end, watcher: w, signaler: capability.Of(w).Signaler}
	u.opts = []GetOption[T]{Filter(pred), BacklogOnly[T]()}
	u.get = u.getPlain
	return u
}

// start looks at the current value, once. A value that was set in the meantime is for
// another goroutine, so that start returns whatever the producers do.
func (u *until[T]) start() {
	u.unhook = context.AfterFunc(u.ctx, u.close)
	if u.step() {
		go u.run()
	}
}

// cancel ends the context.
func (u *until[T]) cancel() {
	u.unhook() // Otherwise the end would start a goroutine for close.
	u.end(nil)
	u.close()
}

// close releases u, or leaves that to the goroutine that looks. The context has ended.
func (u *until[T]) close() {
	if u.state.Swap(untilEnded) == untilResting {
		u.release()
	}
}

// Fire notes a change. It implements [park.Target].
func (u *until[T]) Fire() {
	for {
		switch s := u.state.Load(); s {
		case untilResting:
			if u.state.CompareAndSwap(s, untilLooking) {
				go u.run()
				return
			}
		case untilLooking:
			// The goroutine that looks may rest at this moment: then try again.
			if u.state.CompareAndSwap(s, untilChanged) {
				return
			}
		default: // by chance: another change was faster, or the end of the context
			return
		}
	}
}

// run looks at the value until there is nothing new, or the context has ended. The caller
// is the owner of u.
func (u *until[T]) run() {
	for u.step() {
	}
}

// step looks at the value and, if there is nothing new, rests. It reports whether the
// caller is still the owner and has to look again. Otherwise u rests, or is released.
func (u *until[T]) step() (again bool) {
	rests := false
	defer func() { // Runs even if the predicate ends the goroutine.
		if !again && !rests {
			u.release()
		}
	}()
	if !u.look(u.opts) {
		return false
	}
	rests = u.rest()
	return !rests
}

// look does a Get and reports whether nothing was found, so that u has to wait. Otherwise
// it ends the context.
func (u *until[T]) look(opts []GetOption[T]) (nothing bool) {
	val, err := u.get(opts)
	switch err {
	case nil:
		u.unhook()
		u.end(&Reached[T]{val})
	case BacklogDone:
		return true
	default:
		u.unhook()
		u.end(err)
	}
	return false
}

// rest leaves u to the next change. It reports false, and the caller is still the owner,
// if there was a change already or the context has ended: the next look finds either.
func (u *until[T]) rest() bool {
	if u.signaler == nil {
		go u.follow()
		return true
	}
	u.disarm()
	// Arm, then rest. A change after the look fires u at once, or the relay later. If
	// that is before the state is resting, it is changed, and the caller looks again.
	u.relay = u.signaler.Subscribe(u)
	if u.state.CompareAndSwap(untilLooking, untilResting) {
		return true
	}
	u.state.CompareAndSwap(untilChanged, untilLooking)
	return false
}

// follow is run over an external watcher. It waits for the value in a Get.
func (u *until[T]) follow() {
	defer u.release() // Runs even if the predicate ends the goroutine.
	u.look(u.opts[:1])
}

// release lets go of the value, the context and the predicate. The caller is the owner.
func (u *until[T]) release() {
	u.state.Store(untilEnded)
	u.unhook()
	u.end(nil) // The predicate may have ended the goroutine.
	u.disarm()
	w := u.watcher
	u.watcher, u.signaler, u.opts = nil, nil, nil // The caller may keep cancel.
	_ = w.Close()
}

// disarm stops the relay. It may be active: a Set may have fired u that has published before
// the look.
func (u *until[T]) disarm() {
	if u.relay != nil {
		u.relay.Stop()
		u.relay = nil
	}
}

func (u *until[T]) getPlain(opts []GetOption[T]) (T, error) { return u.watcher.Get(u.ctx, opts...) }

// getRecovered is getPlain, but a panic is its error. If the predicate ends the goroutine,
// getRecovered ends the context, because it does not return.
//
//explore:skip recovers a panic
func (u *until[T]) getRecovered(opts []GetOption[T]) (val T, err error) {
	returned := false
	defer func() {
		if !returned {
			err = &PanicError{Value: recover(), Stack: debug.Stack()}
			u.end(err)
		}
	}()
	val, err = u.getPlain(opts)
	returned = true
	return val, err
}
