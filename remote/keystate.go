package remote

import "github.com/eventvalue/event"

// A keyState is the state of one key. It is the sink of a Value that follows the
// store itself. That of a Range's Value is attached to the Range's table, and has
// no codec.
type keyState[T any] struct {
	key   string
	codec Codec[T]
	// item holds the newest item. It has no data until the first full state.
	item event.MemoryValue[*item[T]]
}

// apply implements [sink].
func (k *keyState[T]) apply(u update) (reset bool) {
	// A key that a full state does not list is absent.
	change, found := Change{Key: k.key, Deleted: true}, u.full
	for _, other := range u.changes {
		if other.Key == k.key {
			change, found = other, true
		}
	}
	old, ok := k.item.Load()
	if !found || ok && old.matches(change) {
		return false
	}
	k.item.Set(decode(k.codec, change))
	return u.revealsReset(change)
}

// closeWithError implements [sink].
func (k *keyState[T]) closeWithError(cause error) { _ = k.item.CloseWithError(cause) }
