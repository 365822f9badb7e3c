package linear

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// Watchers and Contexts are the numbers of watchers and contexts of a history.
const (
	Watchers = 3
	Contexts = 3
)

// A Kind is the function of a call.
type Kind string

const (
	Set          Kind = "Set"
	Update       Kind = "Update"
	Load         Kind = "Load"
	Get          Kind = "Get"
	Changed      Kind = "Changed"
	Cancel       Kind = "Cancel"
	CloseWatcher Kind = "Watcher.Close"
	CloseValue   Kind = "Value.Close"
)

// An Input is a call.
type Input struct {
	Kind    Kind
	Val     int  // the value to set; unique within a history, and never 0
	Watcher int  // of Get, Changed and CloseWatcher
	Context int  // of Get and Cancel
	Backlog bool // Get with BacklogOnly
	Odd     bool // Get with a Filter that accepts odd values; Update of odd values only
}

// A Result is the kind of result of a call.
type Result string

const (
	OK            Result = "ok"    // a value; or a call that returns nothing
	No            Result = "no"    // Load without data; Update without a change; Changed that is open
	Ended         Result = "ended" // Get: ctx.Err()
	WatcherClosed Result = "ErrWatcherClosed"
	Closed        Result = "ErrClosed"
	Done          Result = "BacklogDone"
	Other         Result = "an error that should not be"
)

// An Output is what a call returned.
type Output struct {
	Result Result
	Val    int  // of Load, Get and Update; 0 without data
	Old    int  // the argument of the last call of Update's function
	Called bool // Update's function was called
}

// A state is the state of a value, its watchers and the contexts between two
// calls.
type state struct {
	val    int  // 0 means that there is no data
	final  bool // the value is closed
	seen   [Watchers]int
	closed [Watchers]bool
	ended  [Contexts]bool
}

// accepts reports whether the Filter or Update of in accepts val.
func (in Input) accepts(val int) bool { return !in.Odd || val%2 == 1 }

// step reports whether in may return out in s, and returns the state after the
// call. It is the sequential part of the contract.
func (s state) step(in Input, out Output) (bool, state) {
	switch in.Kind {
	case Set:
		if !s.final {
			s.val = in.Val
		}
		return out.Result == OK, s
	case Update:
		return s.update(in, out)
	case Load:
		return out.Val == s.val && (out.Result == OK) == (s.val != 0), s
	case Get:
		return s.get(in, out)
	case Changed:
		w := in.Watcher
		ready := s.closed[w] || s.final || s.val != s.seen[w]
		return (out.Result == OK) == ready, s
	case Cancel:
		s.ended[in.Context] = true
		return true, s
	case CloseWatcher:
		s.closed[in.Watcher] = true
		return true, s
	case CloseValue:
		s.final = true
		return true, s
	}
	panic("linear: no such call: " + in.Kind)
}

func (s state) update(in Input, out Output) (bool, state) {
	switch {
	case s.final:
		// The function may have been called before Close, in vain.
		return out.Result == No && out.Val == s.val, s
	case !out.Called || out.Old != s.val:
		return false, s
	case in.accepts(s.val):
		s.val = in.Val
		return out.Result == OK && out.Val == in.Val, s
	default:
		return out.Result == No && out.Val == s.val, s
	}
}

func (s state) get(in Input, out Output) (bool, state) {
	w := in.Watcher
	unseen := s.val != s.seen[w]
	passed := !unseen || !in.accepts(s.val) // There is nothing to return.
	may := !s.ended[in.Context] && !s.closed[w]
	switch out.Result {
	case OK:
		ok := may && !passed && out.Val == s.val
		s.seen[w] = out.Val
		return ok, s
	case Ended:
		return s.ended[in.Context], s
	case WatcherClosed:
		// Get checks the context before the watcher. The context may have
		// ended between the two checks.
		return s.closed[w], s
	case Closed:
		s.seen[w] = s.val
		return may && passed && s.final, s
	case Done:
		s.seen[w] = s.val
		return may && passed && !s.final && in.Backlog, s
	default:
		return false, s
	}
}

// Spec returns the specification in porcupine's form.
func Spec() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return state{} },
		Step: func(s, in, out any) (bool, any) {
			ok, next := s.(state).step(in.(Input), out.(Output))
			return ok, next
		},
		DescribeOperation: func(in, out any) string { return describe(in.(Input), out.(Output)) },
		DescribeState:     func(s any) string { return fmt.Sprintf("%+v", s) },
	}
}

func describe(in Input, out Output) string {
	switch in.Kind {
	case Set:
		return fmt.Sprintf("Set(%d)", in.Val)
	case Update:
		return fmt.Sprintf("Update(%d→%d, odd=%v): %d, %s", out.Old, in.Val, in.Odd, out.Val, out.Result)
	case Load:
		return fmt.Sprintf("Load: %d, %s", out.Val, out.Result)
	case Get:
		return fmt.Sprintf("w%d.Get(c%d, backlog=%v, odd=%v): %d, %s", in.Watcher, in.Context, in.Backlog, in.Odd, out.Val, out.Result)
	case Changed:
		return fmt.Sprintf("w%d.Changed: %s", in.Watcher, out.Result)
	case Cancel:
		return fmt.Sprintf("cancel c%d", in.Context)
	case CloseWatcher:
		return fmt.Sprintf("w%d.Close", in.Watcher)
	default:
		return string(in.Kind)
	}
}
