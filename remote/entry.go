package remote

import "bytes"

// An Entry is the state of one key. Absence is a state as well: of a key that is not there,
// or not any more, an Entry tells with Present false.
type Entry[T any] struct {
	Key     string
	Value   T // zero unless Present
	Present bool

	// Revision is that of the write that made the value, and what CompareAndSet takes: for a
	// key that is absent, 0.
	Revision int64

	// Restart is set, and nothing else, in an Entry from a [Range] that begins a whole state:
	// forget all entries that came before; those that are there follow. A
	// watcher's first Entry is one, and so is the next after it has missed deletions.
	Restart bool
}

// Apply does to table what e says: it empties it, enters the value, or removes the key. With
// every Entry of a watcher of a [Range] applied to it, table is a copy of the range, but for values
// that do not decode: there is no Entry for one, and table keeps what the key was before. If that is not
// wanted, delete the Key of the [BadValueError].
func (e Entry[T]) Apply(table map[string]T) {
	switch {
	case e.Restart:
		clear(table)
	case e.Present:
		table[e.Key] = e.Value
	default:
		delete(table, e.Key)
	}
}

// An item is an Entry, or what there is instead of one, and what is needed to know it again.
// It does not change.
type item[T any] struct {
	entry Entry[T]
	err   error  // the value does not decode
	data  []byte // what was decoded
	seq   uint64 // in a table: its place in the log
}

// decode returns the item that c makes.
func decode[T any](codec Codec[T], c Change) *item[T] {
	it := &item[T]{entry: Entry[T]{Key: c.Key}}
	if c.Deleted {
		return it
	}
	it.data = c.Value
	it.entry.Present, it.entry.Revision = true, c.Revision
	val, err := codec.Decode(c.Value)
	if err != nil {
		it.err = &BadValueError{Key: c.Key, Revision: c.Revision, Err: err}
		return it
	}
	it.entry.Value = val
	return it
}

// says reports whether it is what c would make: the same write, or both of absence. The revision
// alone does not tell: after a reset, another write may have it.
func (it *item[T]) says(c Change) bool {
	if c.Deleted || !it.entry.Present {
		return c.Deleted && !it.entry.Present
	}
	return it.entry.Revision == c.Revision && bytes.Equal(it.data, c.Value)
}
