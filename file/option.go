package file

import (
	"log/slog"
	"math"
	"time"
)

// An Option changes how a value follows its files.
type Option func(*settings)

// settings are the options of a value.
type settings struct {
	poll    time.Duration // 0: watch
	quiet   time.Duration
	wait    bool
	maxSize int
	logger  *slog.Logger
	ca      string
}

const (
	defaultQuiet   = 50 * time.Millisecond
	defaultMaxSize = 16 << 20
)

// fallback is the time between two readings if the system does not report changes.
var fallback = 2 * time.Second

func newSettings(opts []Option) settings {
	s := settings{quiet: defaultQuiet, maxSize: defaultMaxSize, logger: slog.New(slog.DiscardHandler)}
	for _, o := range opts {
		if o == nil {
			panic("file: nil Option")
		}
		o(&s)
	}
	return s
}

// Poll makes a value read its files after each interval, and not use the notifications of
// the system. The package comment has what else makes a value poll. Poll panics if every is
// not positive.
func Poll(every time.Duration) Option {
	if every <= 0 {
		panic("file: Poll: the interval is not positive")
	}
	return func(s *settings) { s.poll = every }
}

// Quiet sets the time without changes after which files are read. The default is 50 ms.
// A single file that is changed all the time is read after ten times d. Several files are not:
// see [NewSet]. With 0, files are read at each event, and several files may be mixed. Quiet
// panics if d is negative.
func Quiet(d time.Duration) Option {
	if d < 0 {
		panic("file: Quiet: the duration is negative")
	}
	d = min(d, math.MaxInt64/10) // Ten times d must not overflow.
	return func(s *settings) { s.quiet = d }
}

// Wait makes Serve go on if the first load fails: the file may come later. Status has the
// error.
func Wait() Option { return func(s *settings) { s.wait = true } }

// MaxSize sets the greatest number of bytes that a value reads, of all its files together.
// The default is 16 MiB. MaxSize panics if n is not positive.
func MaxSize(n int) Option {
	if n <= 0 {
		panic("file: MaxSize: the size is not positive")
	}
	return func(s *settings) { s.maxSize = n }
}

// Logger sets the logger of new versions, of errors and of the change to polling. Without
// it nothing is logged. Contents are not logged, but errors of the decoder are. Logger
// panics if l is nil.
func Logger(l *slog.Logger) Option {
	if l == nil {
		panic("file: Logger: nil logger")
	}
	return func(s *settings) { s.logger = l }
}

// CA adds a file of certificates in PEM to a [KeyPair]: see [Certificate.Pool]. If one
// certificate of it cannot be parsed, the file is broken. Other values ignore CA. CA panics
// if path is empty.
func CA(path string) Option {
	mustBePath("CA", path)
	return func(s *settings) { s.ca = path }
}
