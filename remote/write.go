package remote

import (
	"context"
	"fmt"
)

// A target is what a Value or Range writes to.
type target interface {
	// backend returns the store, and the keys of it that may be written.
	backend() (Store, Scope)
	// err returns the error of writes after a Close, or nil if there was none.
	err() error
	// noteWrite stores the revision of a write that has returned.
	noteWrite(revision int64)
}

// put writes val under key if cond holds. op names the exported method for
// panics.
func put[T any](ctx context.Context, op string, t target, codec Codec[T], key string, val T, cond Condition) (int64, error) {
	store, err := writable(ctx, op, t, key)
	if err != nil {
		return 0, err
	}
	data, err := codec.Encode(val)
	if err != nil {
		return 0, fmt.Errorf("%w: key %q: %w", ErrBadValue, key, err)
	}
	revision, err := store.Put(ctx, key, data, cond)
	return noted(t, revision, err)
}

// remove deletes key if cond holds. op names the exported method for panics.
func remove(ctx context.Context, op string, t target, key string, cond Condition) (int64, error) {
	store, err := writable(ctx, op, t, key)
	if err != nil {
		return 0, err
	}
	revision, err := store.Delete(ctx, key, cond)
	return noted(t, revision, err)
}

// noted returns the result of a write through t, and notes a write that was done.
func noted(t target, revision int64, err error) (int64, error) {
	if err == nil {
		t.noteWrite(revision)
	}
	return revision, err
}

// writable returns the store of t if key can be written. It returns an error
// that wraps [ErrKey] if the scope of t does not contain key, or the error of
// writes after a Close. It panics if ctx is nil.
func writable(ctx context.Context, op string, t target, key string) (Store, error) {
	if ctx == nil {
		panic("remote: " + op + ": nil context")
	}
	store, scope := t.backend()
	if err := scope.Check(key); err != nil {
		return nil, err
	}
	return store, t.err()
}
