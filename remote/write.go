package remote

import (
	"context"
	"fmt"
)

// put writes val under key if cond holds. op names the exported method for
// panics.
func put[T any, S sink](ctx context.Context, op string, f *feed[S], codec Codec[T], key string, val T, cond Condition) (int64, error) {
	if err := f.checkWrite(ctx, op, key); err != nil {
		return 0, err
	}
	data, err := codec.Encode(val)
	if err != nil {
		return 0, fmt.Errorf("%w: key %q: %w", ErrBadValue, key, err)
	}
	return f.store.Put(ctx, key, data, cond)
}

// remove deletes key if cond holds. op names the exported method for panics.
func remove[S sink](ctx context.Context, op string, f *feed[S], key string, cond Condition) (int64, error) {
	if err := f.checkWrite(ctx, op, key); err != nil {
		return 0, err
	}
	return f.store.Delete(ctx, key, cond)
}

// checkWrite returns nil if key can be written, an error that wraps [ErrKey] if
// the scope does not contain key, or the error of a closed feed. It panics if
// ctx is nil.
func (f *feed[S]) checkWrite(ctx context.Context, op, key string) error {
	if ctx == nil {
		panic("remote: " + op + ": nil context")
	}
	if err := f.scope.Check(key); err != nil {
		return err
	}
	return f.err()
}
