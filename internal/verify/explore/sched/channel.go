package sched

import "unsafe"

// Channels are not replaced: the explored code returns them, and contexts have
// them. Only the operations on channels are replaced. One thread runs at a
// time, so an operation can be tried without waiting. A channel without a
// buffer needs more: the thread that arrives second completes one of the
// offers of the thread that waits.

// channels has an Object for each channel that this run has used.
var channels = map[unsafe.Pointer]*Object{}

func object(c unsafe.Pointer) *Object {
	o := channels[c]
	if o == nil {
		o = new(Object)
		channels[c] = o
	}
	return o
}

// A Case is one case of a select.
type Case struct {
	c    unsafe.Pointer // nil: never ready
	send bool
	// poll performs the operation and reports true, if the operation needs no
	// other thread.
	poll func() bool
	// ready reports whether poll would succeed. It changes nothing.
	ready func() bool
	// val points to the value that is sent or received. It is a *T.
	val any
	// move copies the value of a sender to the val of a receiver.
	move func(to any)
	ok   *bool
}

// OnRecv is the case in which c is received from.
func OnRecv[T any](c <-chan T) Case { return onRecv(c, new(T), new(bool)) }

func onRecv[T any](c <-chan T, val *T, ok *bool) Case {
	return Case{
		c: pointer(c), val: val, ok: ok,
		ready: func() bool {
			if len(c) > 0 {
				return true
			}
			select {
			case _, open := <-c:
				if open {
					panic("sched: a channel has a sender that is not a thread")
				}
				return true // A closed channel stays ready.
			default:
				return false
			}
		},
		poll: func() bool {
			select {
			case *val, *ok = <-c:
				return true
			default:
				return false
			}
		},
	}
}

// OnSend is the case in which val is sent to c.
func OnSend[T any](c chan<- T, val T) Case {
	return Case{
		c: pointer(c), send: true, val: &val, ok: new(bool),
		ready: func() bool { return c != nil && (len(c) < cap(c) || closed[pointer(c)]) },
		poll: func() bool {
			select {
			case c <- val:
				return true
			default:
				return false
			}
		},
		move: func(to any) { *to.(*T) = val },
	}
}

func pointer[C any](c C) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&c)) }

// closed has the channels that were closed. A sender cannot try a closed
// channel without panicking.
var closed = map[unsafe.Pointer]bool{}

// canComplete reports whether t can complete the case.
func (c *Case) canComplete(t *thread) bool { return c.c != nil && (c.ready() || c.partner(t) != nil) }

// partner returns a thread other than t that waits to do the opposite, or nil.
func (c *Case) partner(t *thread) *thread {
	for _, u := range x.threads {
		if u != t && u.live && u.taken < 0 && u.match(c) >= 0 {
			return u
		}
	}
	return nil
}

// match returns the number of the offer of t that is the opposite of c, or -1.
func (t *thread) match(c *Case) int {
	for i := range t.offers {
		if o := &t.offers[i]; o.c == c.c && o.send != c.send {
			return i
		}
	}
	return -1
}

// complete performs the operation of the case.
func (c *Case) complete(t *thread) {
	if c.c != nil && !c.ready() {
		u := c.partner(t)
		i := u.match(c)
		o := &u.offers[i]
		if c.send {
			c.move(o.val)
			*o.ok = true
		} else {
			o.move(c.val)
			*c.ok = true
		}
		u.taken = i
	} else if !c.poll() {
		panic("sched: a channel that was ready is not ready any more")
	}
	object(c.c).Write()
}

// Select waits for one of the cases, completes it and returns its number.
func Select(cases ...Case) int {
	t := x.cur
	if t == nil {
		return selectNow(cases)
	}
	t.offers, t.taken = cases, -1
	Wait("select", func() bool {
		if t.taken >= 0 {
			return true
		}
		for i := range cases {
			if cases[i].canComplete(t) {
				return true
			}
		}
		return false
	})
	t.offers = nil
	if i := t.taken; i >= 0 {
		object(cases[i].c).Write()
		return i
	}
	return choice(t, cases)
}

// choice completes one of the cases that t can complete. The choice is a
// decision of the search.
func choice(t *thread, cases []Case) int {
	var able []int
	for i := range cases {
		if cases[i].canComplete(t) {
			able = append(able, i)
		}
		if c := cases[i].c; c != nil && len(cases) > 1 {
			object(c).Read() // The choice depends on all channels.
		}
	}
	i := able[x.pick(len(able))]
	cases[i].complete(t)
	return i
}

// selectNow is Select outside of a thread. It panics if no case is ready.
func selectNow(cases []Case) int {
	for i := range cases {
		if cases[i].c != nil && cases[i].poll() {
			return i
		}
	}
	panic("sched: a select would wait outside of a thread")
}

// SelectDefault is Select with a default. It returns -1 for the default.
func SelectDefault(cases ...Case) int {
	Step("select with default")
	for i := range cases {
		if cases[i].canComplete(x.cur) {
			if x.cur == nil {
				return selectNow(cases)
			}
			return choice(x.cur, cases)
		}
	}
	for i := range cases {
		if c := cases[i].c; c != nil {
			object(c).Read()
		}
	}
	return -1
}

// Recv is <-c.
func Recv[T any](c <-chan T) T {
	val, _ := Recv2(c)
	return val
}

// Recv2 is <-c with the second result.
func Recv2[T any](c <-chan T) (T, bool) {
	var val T
	var ok bool
	Select(onRecv(c, &val, &ok))
	return val, ok
}

// Send is c <- val.
func Send[T any](c chan<- T, val T) { Select(OnSend(c, val)) }

// Close is close(c).
func Close[T any](c chan<- T) {
	Step("close")
	close(c)
	if x.run != nil {
		closed[pointer(c)] = true
	}
	object(pointer(c)).Write()
}

// Go0 is a go statement. Outside of a thread, it calls f itself.
func Go0(f func()) {
	if x.cur == nil {
		f()
		return
	}
	Step("go")
	spawn("go", f)
}

// Go1 is a go statement with an argument.
func Go1[A any](f func(A), a A) { Go0(func() { f(a) }) }

// Go2 is a go statement with two arguments.
func Go2[A, B any](f func(A, B), a A, b B) { Go0(func() { f(a, b) }) }
