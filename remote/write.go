package remote

import (
	"context"
	"fmt"
)

// put writes val, for the function that what names.
func put[T any, S sink](ctx context.Context, what string, f *feed[S], codec Codec[T], key string, val T, cond Condition) (int64, error) {
	if err := f.mayWrite(ctx, what, key); err != nil {
		return 0, err
	}
	data, err := codec.Encode(val)
	if err != nil {
		return 0, fmt.Errorf("%w: key %q: %w", ErrBadValue, key, err)
	}
	return f.store.Put(ctx, key, data, cond)
}

// remove deletes key, for the function that what names.
func remove[S sink](ctx context.Context, what string, f *feed[S], key string, cond Condition) (int64, error) {
	if err := f.mayWrite(ctx, what, key); err != nil {
		return 0, err
	}
	return f.store.Delete(ctx, key, cond)
}

// mayWrite returns why key must not be written now.
func (f *feed[S]) mayWrite(ctx context.Context, what, key string) error {
	if ctx == nil {
		panic("remote: " + what + ": nil context")
	}
	if err := f.scope.Check(key); err != nil {
		return err
	}
	return f.err()
}
