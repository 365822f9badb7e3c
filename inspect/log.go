package inspect

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/internal/park"
)

// Log logs each change of v, until ctx or v ends. It returns the error of that end: ctx.Err(),
// or one that wraps [event.ErrClosed]. It is a loop for a goroutine of its own.
//
// Each record has the attributes name, version, skipped, and lag. The number of versions
// between the record and the one before is skipped. The number of newer versions is lag.
// While logger is slow, changes are skipped and never queued. A value without versions has
// only the name. With [Show] the record has the text of the value, too. An error that ends
// neither, such as a bad value, is logged as a warning. Log then repeats the Get once a second.
// If the errors go on, it logs fewer of them: the time between two warnings grows to a minute.
//
// A change and the end are logged at level Info, even if the value is a state such as "unhealthy".
// Log does not interpret values. For another level, write a loop over a watcher.
//
// To log a value that changes very often, log an [event.Rate] of it.
//
// Log panics if ctx, logger or v is nil.
//
// Cost: a watcher, and what logger costs.
func Log[T any](ctx context.Context, logger *slog.Logger, v event.ValueWatch[T], name string, opts ...Option[T]) error {
	if ctx == nil {
		panic("inspect: Log: nil context")
	}
	if logger == nil {
		panic("inspect: Log: nil logger")
	}
	mustBeValue("Log", v)
	l := changeLog[T]{logger: logger.With("name", name), show: settingsOf(opts).show, watcher: v.Watch()}
	defer l.watcher.Close()
	for {
		val, err := l.watcher.Get(ctx)
		if err == nil {
			l.changed(ctx, val)
			l.delay, l.quiet = 0, 0
			continue
		}
		ended := park.ContextErr(ctx)
		switch {
		case ended != nil:
			return ended // err may be another one.
		case errors.Is(err, event.ErrClosed):
			l.logger.InfoContext(ctx, "event value ended", "error", errorText(err))
			return err
		default:
			l.failed(ctx, err)
		}
	}
}

// failed logs an error that ends nothing, unless the newest warning is too fresh. It waits for
// a second, because the next Get may fail at once.
func (l *changeLog[T]) failed(ctx context.Context, err error) {
	if l.quiet == 0 {
		l.logger.WarnContext(ctx, "event value failed", "error", errorText(err))
		l.delay = min(max(2*l.delay, time.Second), time.Minute)
		l.quiet = l.delay
	}
	l.quiet -= time.Second // Both are whole seconds.
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// A changeLog logs the changes that a watcher returns.
type changeLog[T any] struct {
	logger  *slog.Logger
	show    func(T) string // or nil
	watcher event.Watcher[T]
	version uint64        // that was logged last
	delay   time.Duration // between two warnings, or 0 if the newest Get has not failed
	quiet   time.Duration // the time until the next warning
}

func (l *changeLog[T]) changed(ctx context.Context, val T) {
	var attrs []slog.Attr
	if version, ok := event.Version(l.watcher); ok {
		lag, _ := event.Behind(l.watcher)
		var skipped uint64
		if l.version > 0 && version > l.version {
			skipped = version - l.version - 1
		}
		attrs = append(attrs, slog.Uint64("version", version), slog.Uint64("skipped", skipped), slog.Uint64("lag", lag))
		l.version = version
	}
	if l.show != nil {
		attrs = append(attrs, slog.String("value", textOf(l.show, val)))
	}
	l.logger.LogAttrs(ctx, slog.LevelInfo, "event value changed", attrs...)
}
