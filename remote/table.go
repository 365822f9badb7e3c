package remote

import (
	"cmp"
	"slices"
	"sync"

	"github.com/eventvalue/event"
)

// minTombstones is the number of deletions that a table keeps even if it has
// few keys.
const minTombstones = 1024

// A table is the state of all keys with a prefix. It is the sink of a Range.
//
// Its log holds one item per key in the order in which the keys last changed,
// with a tombstone for each recent deletion. A table keeps as many tombstones as
// it has keys, and at least minTombstones. A watcher holds a position in the
// log. A key that changes again moves to the end of the log, so a slow watcher
// gets only its newest item. The slot that the key leaves becomes a hole.
//
//	log    a₁  –  c₃  –  –  b₆  d₇        – is a hole
//	seq     1     3         6   7
//	                   ▲
//	                   a watcher that has seen all up to 5: it gets b, then d
type table[T any] struct {
	codec Codec[T]
	// notifier holds seq, for watchers to wait on.
	//
	// Invariant: once synced and until closed, notifier holds seq whenever mu
	// is unlocked. So a watcher that is notified finds the change in the log,
	// and a watcher that finds a change in the log has been notified of it.
	notifier event.MemoryValue[uint64]

	mu     sync.Mutex
	synced bool   // the first full state was applied
	closed bool   // apply does nothing any more
	cause  error  // of the Close, if closed
	seq    uint64 // the greatest seq in the log, or greater; 0 until synced
	purged purges // the purged tombstones
	// items holds what the log holds, by key. Only the goroutine that calls
	// apply writes it.
	items      map[string]*item[T]
	log        []slot[T] // by ascending seq
	holes      int       // number of slots in log without an item
	tombstones int       // number of slots in log with a tombstone
	// attached holds the states of Values of the Range, by key. Once synced,
	// each has the item of its key, or an item for absence.
	attached map[string][]*keyState[T]
}

// A slot is one element of a table's log.
type slot[T any] struct {
	seq  uint64
	item *item[T] // nil in a hole
}

// A position is the progress of a watcher through a table. The zero position is
// the one of a new watcher.
//
// A watcher passes through the log in rounds. A round begins at base, when the
// seq of the table is mark, and ends when the watcher has passed mark.
//
// Invariant: the watcher has passed the slots between base and seq after the
// table had reached mark. So a key that was created after base and deleted up to
// mark is not known to the watcher. The first round begins at a Restart, with
// base 0.
type position struct {
	seq  uint64 // the watcher has passed all slots up to here
	base uint64
	mark uint64 // 0 before the first Restart
}

// advance returns the position after p at which the watcher has passed seq.
// tableSeq is the seq of the table.
func (p position) advance(seq, tableSeq uint64) position {
	p.seq = seq
	if seq >= p.mark {
		p.base, p.mark = seq, tableSeq
	}
	return p
}

// mayKnow reports whether the watcher at p may have got a key that was present
// first at born and deleted at seq, and has not got the deletion.
func (p position) mayKnow(born, seq uint64) bool {
	switch {
	case seq <= p.seq:
		return false
	case seq <= p.mark:
		return born <= p.base
	}
	return born <= p.seq
}

func newTable[T any](codec Codec[T]) *table[T] {
	return &table[T]{codec: codec, items: make(map[string]*item[T])}
}

// apply implements [sink].
func (t *table[T]) apply(u update) (reset bool) {
	// This goroutine reads items without mu, because no other goroutine writes
	// items. The codec is user code and must not run under mu.
	changed := t.impliedDeletions(u)
	for _, c := range u.changes {
		if t.isNew(c) {
			reset = reset || u.revealsReset(c)
			changed = append(changed, decode(t.codec, c))
		}
	}
	t.mu.Lock()
	if t.closed || t.synced && len(changed) == 0 {
		t.mu.Unlock()
		return reset
	}
	first := !t.synced
	if first {
		// Not 0: a mark of 0 means that there was no Restart.
		t.synced, t.seq = true, 1
	}
	for _, it := range changed {
		t.appendItem(it)
		for _, k := range t.attached[it.entry.Key] {
			k.item.Set(it)
		}
	}
	if first {
		t.setAbsent()
	}
	t.purgeTombstones()
	t.compact()
	t.notifier.Set(t.seq) // Under mu: see the invariant at notifier.
	t.mu.Unlock()
	return reset
}

// impliedDeletions returns a tombstone, ordered by key, for each key that the
// table has and the full state in u does not list. It returns nil if u is not
// full.
func (t *table[T]) impliedDeletions(u update) (deletions []*item[T]) {
	if !u.full {
		return nil
	}
	present := make(map[string]bool, len(u.changes))
	for _, c := range u.changes {
		present[c.Key] = true
	}
	for key, it := range t.items {
		if it.entry.Present && !present[key] {
			deletions = append(deletions, absent[T](key))
		}
	}
	slices.SortFunc(deletions, func(a, b *item[T]) int { return cmp.Compare(a.entry.Key, b.entry.Key) })
	return deletions
}

// isNew reports whether c differs from what the table holds.
func (t *table[T]) isNew(c Change) bool {
	old := t.items[c.Key]
	if old == nil {
		return !c.Deleted
	}
	return !old.matches(c)
}

// appendItem moves the key of it to the end of the log. The caller holds mu.
func (t *table[T]) appendItem(it *item[T]) {
	key := it.entry.Key
	t.seq++
	it.seq, it.born = t.seq, t.seq
	if old := t.items[key]; old != nil {
		t.log[t.find(old.seq)].item = nil
		t.holes++
		t.tombstones -= tombstoneCount(old)
		// Even over a tombstone: a watcher may have missed the tombstone, and
		// know the key from before it.
		it.born = old.born
	}
	t.items[key] = it
	t.log = append(t.log, slot[T]{it.seq, it})
	t.tombstones += tombstoneCount(it)
}

// purgeTombstones removes the older half of the tombstones if there are more
// than the table keeps. A watcher that may know a key of a purged tombstone, and
// has not got the deletion, restarts. The caller holds mu.
func (t *table[T]) purgeTombstones() {
	limit := max(minTombstones, len(t.items)-t.tombstones)
	if t.tombstones <= limit {
		return
	}
	for i := 0; t.tombstones > limit/2; i++ {
		it := t.log[i].item
		if it == nil || it.entry.Present {
			continue
		}
		t.purged.add(purge{it.born, it.seq})
		t.log[i].item = nil
		t.holes++
		t.tombstones--
		delete(t.items, it.entry.Key)
	}
}

// compact removes the holes once they outnumber the items by more than 16. The
// caller holds mu.
func (t *table[T]) compact() {
	if t.holes <= len(t.items)+16 {
		return
	}
	t.log = slices.DeleteFunc(t.log, func(s slot[T]) bool { return s.item == nil })
	t.holes = 0
}

// tombstoneCount returns 1 if it is a tombstone, and 0 otherwise.
func tombstoneCount[T any](it *item[T]) int {
	if it.entry.Present {
		return 0
	}
	return 1
}

// find returns the index in the log of the first slot with at least the given
// seq. The caller holds mu.
func (t *table[T]) find(seq uint64) int {
	i, _ := slices.BinarySearchFunc(t.log, seq, func(s slot[T], seq uint64) int { return cmp.Compare(s.seq, seq) })
	return i
}

// A step holds what a watcher gets next, and its position after that.
type step[T any] struct {
	entry Entry[T]
	err   error
	seq   uint64 // of the item or, for a Restart, of the purge that caused it
	to    position
}

// next returns the step from at and true if there is an entry or an error to
// return. Otherwise the step holds only a position, from which the next search
// can begin.
//
// Cost: a binary search, and a look at each hole and each old tombstone that
// the watcher passes. It passes each slot once.
func (t *table[T]) next(at position) (s step[T], ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.synced {
		return step[T]{to: at}, false
	}
	if cause, missed := t.purged.missed(at); missed || at.mark == 0 {
		return step[T]{entry: Entry[T]{Restart: true}, seq: cause, to: position{mark: t.seq}}, true
	}
	for _, sl := range t.log[t.find(at.seq+1):] {
		if it := sl.item; it != nil && (it.entry.Present || at.mayKnow(it.born, it.seq)) {
			return step[T]{it.entry, it.err, it.seq, at.advance(it.seq, t.seq)}, true
		}
	}
	return step[T]{to: at.advance(t.seq, t.seq)}, false
}

// lastSeq returns seq. It is 0 until the first full state was applied.
func (t *table[T]) lastSeq() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seq
}

// attach sets k to the state of its key, and keeps it up to date until detach.
func (t *table[T]) attach(k *keyState[T]) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.attached == nil {
		t.attached = make(map[string][]*keyState[T])
	}
	t.attached[k.key] = append(t.attached[k.key], k)
	if it := t.items[k.key]; it != nil {
		k.item.Set(it)
	} else if t.synced {
		k.item.Set(absent[T](k.key))
	}
	if t.closed {
		k.closeWithError(t.cause)
	}
}

// detach undoes attach. k keeps its state.
func (t *table[T]) detach(k *keyState[T]) {
	t.mu.Lock()
	defer t.mu.Unlock()
	rest := slices.DeleteFunc(t.attached[k.key], func(other *keyState[T]) bool { return other == k })
	if len(rest) > 0 {
		t.attached[k.key] = rest
	} else {
		delete(t.attached, k.key)
	}
}

// setAbsent sets the attached states whose keys the first full state does not
// list. The caller holds mu.
func (t *table[T]) setAbsent() {
	for key, states := range t.attached {
		if t.items[key] != nil {
			continue
		}
		it := absent[T](key)
		for _, k := range states {
			k.item.Set(it)
		}
	}
}

// closeWithError implements [sink].
func (t *table[T]) closeWithError(cause error) {
	t.mu.Lock()
	t.closed, t.cause = true, cause
	for _, states := range t.attached {
		for _, k := range states {
			k.closeWithError(cause)
		}
	}
	t.mu.Unlock()
	_ = t.notifier.CloseWithError(cause)
}
