package remote

import (
	"cmp"
	"slices"
	"sync"

	"github.com/eventvalue/event"
)

// maxTombstones is how many deletions a table remembers. Past that it forgets the older half.
const maxTombstones = 1024

// A table is the state of the keys with a prefix. Its log has each key once, also those
// deleted lately, in the order in which they last changed: a watcher is a place in it. A key
// that changes again moves to the end, seen or not, which is what makes the slow conflate.
//
//	log    a₁  –  c₃  –  –  b₆  d₇        – is what has moved on, half at most
//	seq     1     3         6   7
//	                   ▲
//	                   a watcher that has seen all up to 5: it gets b, then d
type table[T any] struct {
	codec Codec[T]
	// pulse tells that there is something new. It is set together with the log: who hears
	// of it finds it, and who finds it can hear it.
	pulse event.MemoryValue[uint64]

	mu         sync.Mutex
	known      bool   // the store has told the first state
	ended      bool   // nothing is applied any more
	seq        uint64 // of the newest in the log, or greater
	forgotten  uint64 // the greatest of a deletion that is no longer in the log
	items      map[string]*item[T]
	log        []place[T]
	moved      int // places in the log that are empty
	tombstones int
}

// A place is where an item is, or has been, in the log.
type place[T any] struct {
	seq  uint64
	item *item[T] // nil once it has moved on
}

// A position is how far a watcher has come in a table.
type position struct {
	seq uint64 // it has seen what is up to here
	// begun is the seq at which its whole state began, or 0 if it has none yet. What was
	// deleted up to there does not concern it.
	begun uint64
}

func newTable[T any](codec Codec[T]) *table[T] {
	return &table[T]{codec: codec, items: make(map[string]*item[T])}
}

func (t *table[T]) apply(u update) (undone bool) {
	// Only this goroutine changes the items, and it need not lock to read them. The
	// codec is user code, and does not run under the lock.
	news := t.vanished(u)
	for _, c := range u.changes {
		if t.isNew(c) {
			undone = undone || u.undoes(c)
			news = append(news, decode(t.codec, c))
		}
	}
	t.mu.Lock()
	if t.ended || t.known && len(news) == 0 {
		t.mu.Unlock()
		return undone
	}
	if !t.known {
		t.known, t.seq = true, 1 // a position after nothing differs from none
	}
	for _, it := range news {
		t.enter(it)
	}
	t.forget()
	t.compact()
	t.pulse.Set(t.seq) // Under the lock: who finds what is new hears the pulse, too.
	t.mu.Unlock()
	return undone
}

// vanished returns the deletions that a whole state implies.
func (t *table[T]) vanished(u update) (gone []*item[T]) {
	if !u.full {
		return nil
	}
	there := make(map[string]bool, len(u.changes))
	for _, c := range u.changes {
		there[c.Key] = true
	}
	for key, it := range t.items {
		if it.entry.Present && !there[key] {
			gone = append(gone, decode(t.codec, Change{Key: key, Deleted: true}))
		}
	}
	slices.SortFunc(gone, func(a, b *item[T]) int { return cmp.Compare(a.entry.Key, b.entry.Key) })
	return gone
}

// isNew reports whether c is something that the table does not say.
func (t *table[T]) isNew(c Change) bool {
	old := t.items[c.Key]
	if old == nil {
		return !c.Deleted
	}
	return !old.says(c)
}

// enter appends it to the log.
func (t *table[T]) enter(it *item[T]) {
	key := it.entry.Key
	if old := t.items[key]; old != nil {
		t.log[t.find(old.seq)].item = nil
		t.moved++
		t.tombstones -= tombstone(old)
	}
	t.seq++
	it.seq = t.seq
	t.items[key] = it
	t.log = append(t.log, place[T]{it.seq, it})
	t.tombstones += tombstone(it)
}

// forget drops the older half of the deletions if they are too many. A watcher that has not
// seen all of these begins anew.
func (t *table[T]) forget() {
	if t.tombstones <= maxTombstones {
		return
	}
	for i := 0; t.tombstones > maxTombstones/2; i++ {
		it := t.log[i].item
		if it == nil || it.entry.Present {
			continue
		}
		t.forgotten = it.seq
		t.log[i].item = nil
		t.moved++
		t.tombstones--
		delete(t.items, it.entry.Key)
	}
}

// compact removes what is empty from the log once that is as much as the rest.
func (t *table[T]) compact() {
	if t.moved <= len(t.items)+16 {
		return
	}
	t.log = slices.DeleteFunc(t.log, func(p place[T]) bool { return p.item == nil })
	t.moved = 0
}

// tombstone is how many deletions it is.
func tombstone[T any](it *item[T]) int {
	if it.entry.Present {
		return 0
	}
	return 1
}

// find returns the index in the log of the first place that is not before seq.
func (t *table[T]) find(seq uint64) int {
	i, _ := slices.BinarySearchFunc(t.log, seq, func(p place[T], seq uint64) int { return cmp.Compare(p.seq, seq) })
	return i
}

// A step is what a watcher gets next, and where it is then.
type step[T any] struct {
	entry Entry[T]
	err   error
	seq   uint64 // when that came, or was forgotten
	to    position
}

// next returns what comes after at, if there is anything, and else where nothing need be looked for
// again.
func (t *table[T]) next(at position) (s step[T], ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.known {
		return step[T]{to: at}, false
	}
	if at.begun == 0 || t.forgotten > max(at.seq, at.begun) {
		s = step[T]{entry: Entry[T]{Restart: true}, to: position{begun: t.seq}}
		if at.begun != 0 {
			s.seq = t.forgotten
		}
		return s, true
	}
	for _, p := range t.log[t.find(at.seq+1):] {
		if it := p.item; it != nil && (it.entry.Present || it.seq > at.begun) {
			return step[T]{it.entry, it.err, it.seq, position{it.seq, at.begun}}, true
		}
	}
	return step[T]{to: position{t.seq, at.begun}}, false
}

// newest returns the seq of what came last, or 0 while nothing is known.
func (t *table[T]) newest() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seq
}

func (t *table[T]) end(cause error) {
	t.mu.Lock()
	t.ended = true
	t.mu.Unlock()
	_ = t.pulse.CloseWithError(cause)
}
