package remote

import (
	"bytes"
	"fmt"
	"runtime/debug"
)

// An Entry is the state of one key. Absence is a state as well: an Entry with
// Present false describes a key that does not exist, or was deleted.
type Entry[T any] struct {
	Key     string
	Value   T // zero unless Present
	Present bool

	// Revision is the revision of the write that made the value, or 0 if the
	// key is absent. CompareAndSet takes it.
	Revision int64

	// Restart marks an Entry of a [Range] that begins a full state. No other
	// field is set. Discard all entries from before; an Entry for each existing
	// key follows. A watcher's first Entry is a Restart. After a watcher has
	// missed deletions, its next Entry is a Restart.
	Restart bool
}

// Apply updates table by e: it clears table for a Restart, stores the value of
// a key that is present, and deletes a key that is absent.
//
// If Apply is called for every Entry of a watcher of a [Range], table is a copy
// of the range, except for values that do not decode. A value that does not
// decode has no Entry, so table keeps the previous value of its key. To remove
// that, delete the Key of the [BadValueError].
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

// An item holds the state of one key: an Entry or a decoding error, with the
// encoded value. It is not modified once it is published.
type item[T any] struct {
	entry Entry[T]
	err   error  // a [BadValueError] if the value does not decode
	data  []byte // the encoded value
	seq   uint64 // in a table, the seq of its slot in the log
	born  uint64 // in a table, the seq at which the table got the key, which no purge has removed since
}

// absent returns the item of a key that does not exist.
func absent[T any](key string) *item[T] { return &item[T]{entry: Entry[T]{Key: key}} }

// decode returns the item of c.
func decode[T any](codec Codec[T], c Change) *item[T] {
	it := absent[T](c.Key)
	if c.Deleted {
		return it
	}
	it.data = c.Value
	it.entry.Present, it.entry.Revision = true, c.Revision
	val, stack, err := tryDecode(codec, c.Value)
	if err != nil {
		it.err = &BadValueError{Key: c.Key, Revision: c.Revision, Err: err, Stack: stack}
		return it
	}
	it.entry.Value = val
	return it
}

// tryDecode calls codec.Decode. It returns a panic as an error, with the stack.
func tryDecode[T any](codec Codec[T], data []byte) (val T, stack []byte, err error) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		var zero T
		val, stack = zero, debug.Stack()
		if cause, ok := r.(error); ok {
			err = fmt.Errorf("panic in Decode: %w", cause)
		} else {
			err = fmt.Errorf("panic in Decode: %v", r)
		}
	}()
	val, err = codec.Decode(data)
	return val, nil, err
}

// matches reports whether it and c describe the same write, or both describe an
// absent key. It compares the values in addition to the revisions, because
// after a reset another write may have the same revision.
func (it *item[T]) matches(c Change) bool {
	if c.Deleted || !it.entry.Present {
		return c.Deleted && !it.entry.Present
	}
	return it.entry.Revision == c.Revision && bytes.Equal(it.data, c.Value)
}
