package file_test

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/file"
)

// TestErrorOfServeEndsTheGet is the example of the package comment with a file that is missing.
func TestErrorOfServeEndsTheGet(t *testing.T) {
	config := file.New(filepath.Join(t.TempDir(), "none"), words)
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { cancel(config.Serve(ctx)) }()
	w := config.Watch()
	defer w.Close()
	_, err := w.Get(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.True(t, errors.Is(context.Cause(ctx), fs.ErrNotExist))
}
