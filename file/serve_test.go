package file_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/file"
)

func TestServeEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 1")
	v := file.New(path, words)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, v.Serve(ended), context.Canceled)
	_, ok := v.Load()
	require.False(t, ok, "nothing was read")

	s := serve(t, path, v)
	s.holds("good 1")
	require.ErrorIs(t, v.Serve(t.Context()), file.ErrServing)
	require.ErrorIs(t, s.stop(), context.Canceled)
	noneLeft(t)

	deadline, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	require.ErrorIs(t, v.Serve(deadline), context.DeadlineExceeded)
	noneLeft(t)
}

// TestServeEndsAtAnyMoment ends the context after a time that grows, while the file is
// written.
func TestServeEndsAtAnyMoment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 0")
	v := file.New(path, words, file.Quiet(0))
	for i := range 300 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i*10)*time.Microsecond)
		done := make(chan error)
		go func() { done <- v.Serve(ctx) }()
		replace(t, path, fmt.Sprint("good ", i))
		require.ErrorIs(t, <-done, context.DeadlineExceeded)
		cancel()
	}
	noneLeft(t)
	s := serve(t, path, v)
	s.holds("good 299")
}

// TestServeEndsDuringAReading has a decoder that does not return. Serve returns, the result
// is dropped, and the next Serve waits for the decoder.
func TestServeEndsDuringAReading(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 1")
	entered, release := make(chan struct{}, 10), make(chan struct{})
	var running, most atomic.Int32
	v := file.New(path, func(data []byte) (string, error) {
		most.Store(max(most.Load(), running.Add(1)))
		defer running.Add(-1)
		entered <- struct{}{}
		<-release
		return words(data)
	})
	s := serve(t, path, v)
	<-entered
	require.ErrorIs(t, s.stop(), context.Canceled)
	s = serve(t, path, v)
	require.ErrorIs(t, s.stop(), context.Canceled, "also while the decoder of another Serve runs")
	_, ok := v.Load()
	require.False(t, ok)
	replace(t, path, "good 2")
	s = serve(t, path, v)
	time.Sleep(50 * time.Millisecond) // The other decoder would begin.
	close(release)
	s.holds("good 2")
	require.EqualValues(t, 1, most.Load())
	require.ErrorIs(t, s.stop(), context.Canceled)
	noneLeft(t)
}

func TestPanicOfTheDecoderIsThatOfServe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 1")
	v := file.New(path, func([]byte) (string, error) { panic("decoder") })
	func() {
		defer func() {
			err, ok := recover().(error)
			require.True(t, ok)
			require.ErrorContains(t, err, "decoder\n")
			require.ErrorContains(t, err, "TestPanicOfTheDecoderIsThatOfServe.func", "the stack of the decoder")
		}()
		_ = v.Serve(t.Context())
	}()
	noneLeft(t)
	v = file.New(path, func([]byte) (string, error) { panic(fs.ErrClosed) })
	func() {
		defer func() {
			err, ok := recover().(error)
			require.True(t, ok)
			require.ErrorIs(t, err, fs.ErrClosed)
		}()
		_ = v.Serve(t.Context())
	}()
	ended := make(chan struct{})
	v = file.New(path, func([]byte) (string, error) { runtime.Goexit(); return "", nil })
	go func() {
		defer close(ended)
		_ = v.Serve(context.Background())
		t.Error("Serve returns")
	}()
	<-ended
	noneLeft(t)
}

// TestQuietZeroDoesNotSpin counts the readings of a file that rests.
func TestQuietZeroDoesNotSpin(t *testing.T) {
	for name, opts := range map[string][]file.Option{
		"watching": {file.Quiet(0)},
		"polling":  {file.Quiet(0), file.Poll(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "app.conf")
			write(t, path, "bad")
			s := serveFile(t, path, append(opts, file.Wait())...)
			s.fails("bad word")
			before := file.Readings()
			time.Sleep(100 * time.Millisecond) // A loop would read thousands of times.
			require.Less(t, file.Readings()-before, uint64(10))
		})
	}
}

func TestPoll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 0")
	restore := file.SetNewWatcher(func() (*fsnotify.Watcher, error) {
		t.Error("a value that polls makes a watcher")
		return nil, errors.New("no")
	})
	s := serveFile(t, path, file.Poll(time.Millisecond))
	defer restore()
	require.ErrorContains(t, s.holds("good 0").Polling, "Poll")
	for name, save := range saves {
		content := "good " + name
		save(t, path, content)
		s.holds(content)
	}
	replace(t, path, "bad")
	s.fails("bad word")
	require.NoError(t, os.Remove(path))
	s.fails("no such file")
	write(t, path, "good end")
	s.holds("good end")
	require.ErrorIs(t, s.stop(), context.Canceled)
}

// TestPollReadsTwice writes the file faster than Quiet. What was there at only one reading
// is not decoded.
func TestPollReadsTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 0")
	var decoded []string
	s := serve(t, path, file.New(path, func(data []byte) (string, error) {
		decoded = append(decoded, string(data))
		return words(data)
	}, file.Poll(time.Millisecond), file.Quiet(2*time.Second)))
	s.holds("good 0")
	for i := range 20 {
		write(t, path, "good half"+strings.Repeat("x", i))
		time.Sleep(5 * time.Millisecond) // So that some of them are read.
	}
	write(t, path, "good end")
	s.holds("good end")
	require.NoError(t, ignoreEnd(s.stop()))
	require.Equal(t, []string{"good 0", "good end"}, decoded)
}

// TestNoWatcher is a system without inotify instances. The value polls, and watches as soon
// as there is one.
func TestNoWatcher(t *testing.T) {
	defer file.SetFallback(time.Millisecond)()
	var broken atomic.Bool
	broken.Store(true)
	defer file.SetNewWatcher(func() (*fsnotify.Watcher, error) {
		if broken.Load() {
			return nil, errors.New("too many open files")
		}
		return fsnotify.NewWatcher()
	})()
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 0")
	s := serveFile(t, path)
	require.ErrorContains(t, s.holds("good 0").Polling, "too many open files")
	replace(t, path, "good 1")
	s.holds("good 1")
	broken.Store(false)
	s.status(func(st file.Status) bool { return st.Polling == nil }, "watches again")
	replace(t, path, "good 2")
	s.holds("good 2")
	require.NoError(t, ignoreEnd(s.stop()))
	noneLeft(t)
}

// TestOverflow loses all events, and then reports that. Everything is read again.
func TestOverflow(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "a", "app.conf")
	mkdir(t, filepath.Dir(path))
	write(t, path, "good 0")
	s := serveFile(t, path)
	s.holds("good 0")
	for i := 1; i <= 10; i++ {
		file.Overflow()
		replace(t, path, fmt.Sprint("good ", i))
		s.holds(fmt.Sprint("good ", i))
	}
}

// TestOverflowOfTheQueue fills the queue of the system for real.
func TestOverflowOfTheQueue(t *testing.T) {
	if runtime.GOOS != "linux" || testing.Short() {
		t.Skip("needs the queue of Linux, and some seconds")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "app.conf")
	write(t, path, "good 0")
	s := serveFile(t, path)
	s.holds("good 0")
	release := file.HoldDispatcher()
	other := filepath.Join(dir, "other")
	for range 20_000 { // the queue has 16,384 places
		write(t, other, "")
		require.NoError(t, os.Remove(other))
	}
	replace(t, path, "good 1")
	release()
	s.holds("good 1")
	replace(t, path, "good 2")
	s.holds("good 2")
}

// TestThousandFiles follows a thousand files with one watcher, and no goroutine except those
// of the Serves.
func TestThousandFiles(t *testing.T) {
	const n = 1000
	var made atomic.Int32
	defer file.SetNewWatcher(func() (*fsnotify.Watcher, error) {
		made.Add(1)
		return fsnotify.NewWatcher()
	})()
	root := t.TempDir()
	before := runtime.NumGoroutine()
	values := make([]*served, n)
	for i := range values {
		dir := mkdir(t, filepath.Join(root, fmt.Sprint(i%10)))
		path := filepath.Join(dir, fmt.Sprint(i))
		write(t, path, fmt.Sprint("good ", i))
		values[i] = serveFile(t, path)
	}
	for i, s := range values {
		s.holds(fmt.Sprint("good ", i))
	}
	require.EqualValues(t, 1, made.Load())
	most := before + n + 2 // the Serves, one goroutine of fsnotify, and the dispatcher
	for end := time.Now().Add(patience); runtime.NumGoroutine() > most; time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(end), "%d goroutines, not %d", runtime.NumGoroutine(), most)
	}
	watches, members := file.Watching()
	require.Equal(t, n, members)
	require.Less(t, watches, n+30)
	for i, s := range values {
		replace(t, s.path, fmt.Sprint("good again ", i))
	}
	for i, s := range values {
		s.holds(fmt.Sprint("good again ", i))
	}
	for _, s := range values {
		require.NoError(t, ignoreEnd(s.stop()))
	}
	noneLeft(t)
}

// TestValueIsAValue uses the value as one of package event.
func TestValueIsAValue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 1")
	s := serveFile(t, path)
	var v event.ValueWatch[string] = s.Value
	var _ event.Loader[string] = s.Value
	length := event.Map(v, func(s string) int { return len(s) })
	w := length.Watch()
	defer w.Close()
	n, err := w.Get(t.Context())
	require.NoError(t, err)
	require.Equal(t, 6, n)
	n, ok := event.Load(length)
	require.True(t, ok)
	require.Equal(t, 6, n)
}

// TestFirstLoadDuringASave saves the file in two steps, and the first load comes in between.
func TestFirstLoadDuringASave(t *testing.T) {
	for name, opts := range map[string][]file.Option{"events": nil, "poll": {file.Poll(time.Hour)}, "no quiet": {file.Quiet(0)}} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "app.conf")
			write(t, path, "half")
			v := file.New(path, func(text []byte) (string, error) {
				if string(text) == "half" {
					write(t, path, "good 1")
				}
				return words(text)
			}, opts...)
			s := serve(t, path, v)
			s.holds("good 1")
			require.ErrorIs(t, s.stop(), context.Canceled)
		})
	}
}

// TestSweepLeavesAWaitingValueAlone changes a file whose Quiet does not pass. The sweep would
// begin Quiet again each time.
func TestSweepLeavesAWaitingValueAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 1")
	s := serve(t, path, file.New(path, words, file.Quiet(time.Hour)))
	s.holds("good 1")
	require.Eventually(t, func() bool { return file.Swept() == 1 }, time.Minute, time.Millisecond)
	writeInPlace(t, path, "good 2")
	require.Eventually(t, func() bool { return file.Swept() == 0 }, time.Minute, time.Millisecond)
	require.ErrorIs(t, s.stop(), context.Canceled)
}
