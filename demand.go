package event

import "go.uber.org/atomic"

// A demand counts the open watchers of a value, and tells of that once it has been asked to.
type demand struct {
	// open is how many watchers are open. Watch and Close add to it, whether or not anybody
	// wants to know: the count could not be had later from watchers of which nobody keeps a list.
	open atomic.Int32

	// told is the count as a value. It goes from nil to that, by compare-and-swap, when
	// Watchers is first called.
	told atomic.Pointer[MemoryValue[int]]
}

// Watchers returns a value that is the number of open watchers of v, so that a producer can
// rest while nobody watches:
//
//	event.RunWhile(ctx, v.Watchers(),
//		func(old, next int) bool { return (old > 0) == (next > 0) }, produceIfAny)
//
// Each Watch and each Close of a watcher counts as a Set of it: after 0, 1 and 0 again, a Get on it
// returns again, with 0. It has data from the beginning, is a [Loader], and does not end when v does,
// for watchers are open after that too.
//
// A watcher is open from Watch until its Close. One that is dropped without a Close is counted for ever.
// Of a view over v, each watcher has one of v's, or several; [Wait], [All], [Pipe] and [RunWhile] have one each
// while they run. Load and Update have none, nor has a Set.
//
// Until Watchers is first called, Watch and Close have to add to a counter, which is one atomic instruction, and to find
// that nobody wants to know it, which is a load; there is no allocation, and Set and Get know nothing of it. From then
// on, each Watch and each Close costs as much as a Set more.
func (v *MemoryValue[T]) Watchers() ValueWatch[int] {
	d := &v.demand
	c := d.told.Load()
	if c == nil {
		c = new(MemoryValue[int])
		c.Set(int(d.open.Load())) // Nobody shall find it without data.
		if d.told.CompareAndSwap(nil, c) {
			// Who has come or gone before that has told nobody.
			c.Update(func(old int, _ bool) (int, bool) {
				n := int(d.open.Load())
				return n, n != old
			})
		} else { // by chance: two ask for it first
			c = d.told.Load()
		}
	}
	return viewOf(watchFunc[int](c.Watch), c.Load, false)
}

// add counts watchers that have come or, if n is negative, gone.
func (d *demand) add(n int32) {
	d.open.Add(n)
	// Count, then look: Watchers lets told be seen and then looks at the count. One of the
	// two sees the other.
	if c := d.told.Load(); c != nil {
		d.tell(c)
	}
}

// tell makes the count the newest value of c, also if it is what that was. The count is
// loaded after the value that it replaces: if two meet, the one who publishes last has seen
// what both have counted, or is told that it was not the last and looks again.
func (d *demand) tell(c *MemoryValue[int]) {
	c.Update(func(int, bool) (int, bool) { return int(d.open.Load()), true })
}
