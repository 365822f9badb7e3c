package inspect_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/inspect"
)

var discard = slog.New(slog.DiscardHandler)

// plain returns a logger without times.
func plain(b *bytes.Buffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		v := event.New("secret")
		done := make(chan error)
		go func() { done <- inspect.Log(t.Context(), plain(&b), v, "config") }()
		synctest.Wait()
		v.Set("secret")
		v.Set("secret")
		v.Set("secret")
		synctest.Wait()
		cause := errors.New("done")
		_ = v.CloseWithError(cause)
		err := <-done
		assert.ErrorIs(t, err, event.ErrClosed)
		assert.ErrorIs(t, err, cause)
		// The goroutine runs when the three Sets are over, or before.
		assert.Regexp(t, `^level=INFO msg="event value changed" name=config version=1 skipped=0 lag=0
(level=INFO msg="event value changed" name=config version=\d skipped=\d lag=\d
)*level=INFO msg="event value ended" name=config error="event: value closed: done"
$`, b.String())
		assert.Contains(t, b.String(), "version=4")
		assert.NotContains(t, b.String(), "secret")
	})
}

// TestLogSkips logs with a handler that sets the value while it handles.
func TestLogSkips(t *testing.T) {
	var b bytes.Buffer
	v := event.New(1)
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	show := inspect.Show(func(val int) string {
		switch n++; n {
		case 1:
			v.Set(2)
			v.Set(3)
		case 2:
			cancel()
		}
		return fmt.Sprint("<", val, ">")
	})
	assert.Equal(t, context.Canceled, inspect.Log(ctx, plain(&b), v, "n", show))
	assert.Equal(t, `level=INFO msg="event value changed" name=n version=1 skipped=0 lag=0 value=<1>
level=INFO msg="event value changed" name=n version=3 skipped=1 lag=0 value=<3>
`, b.String())
}

// TestLogOfBadValues logs a value one Get of which fails.
func TestLogOfBadValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		v := event.New(1)
		_ = v.Close()
		assert.Equal(t, event.ErrClosed, inspect.Log(t.Context(), plain(&b), sometimesBad{v, time.Now().Add(1)}, "bad"))
		assert.Equal(t, `level=WARN msg="event value failed" name=bad error="bad value"
level=INFO msg="event value changed" name=bad
level=INFO msg="event value ended" name=bad error="event: value closed"
`, b.String())
	})
}

// TestLogOfStickyErrors logs a value each Get of which fails, for an hour.
func TestLogOfStickyErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		assert.Equal(t, context.DeadlineExceeded, inspect.Log(ctx, plain(&b), alwaysBad{}, "bad"), "the error of ctx itself")
		lines := bytes.Count(b.Bytes(), []byte("\n"))
		assert.Greater(t, lines, 60)
		assert.Less(t, lines, 70)
	})
}

// TestLogAfterManyErrors logs a value that has ended when it is good again.
func TestLogAfterManyErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const bad = 10 * time.Minute
		ctx, cancel := context.WithTimeout(t.Context(), bad+1500*time.Millisecond)
		defer cancel()
		v := event.New(1)
		_ = v.Close()
		assert.Equal(t, event.ErrClosed, inspect.Log(ctx, discard, sometimesBad{v, time.Now().Add(bad)}, "bad"))
	})
}

// alwaysBad is a value and its watcher.
type alwaysBad struct{}

func (alwaysBad) Watch() event.Watcher[int] { return alwaysBad{} }
func (alwaysBad) Changed() <-chan struct{}  { return nil }
func (alwaysBad) Close() error              { return nil }

func (alwaysBad) Get(ctx context.Context, _ ...event.GetOption[int]) (int, error) {
	return 0, errors.Join(errors.New("bad value"), ctx.Err())
}

// A sometimesBad value is bad until a time.
type sometimesBad struct {
	event.ValueWatch[int]
	until time.Time
}

func (s sometimesBad) Watch() event.Watcher[int] { return badUntil{s.ValueWatch.Watch(), s.until} }

type badUntil struct {
	event.Watcher[int]
	until time.Time
}

func (b badUntil) Get(ctx context.Context, opts ...event.GetOption[int]) (int, error) {
	if time.Now().Before(b.until) {
		return 0, errors.New("bad value")
	}
	return b.Watcher.Get(ctx, opts...)
}
