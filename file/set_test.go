package file_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/file"
)

// setTime is the time for which the tests of sets swap.
func setTime() time.Duration {
	if *long {
		return time.Minute
	}
	return 2 * time.Second
}

// TestSetIsNeverMixed swaps all the time, in the ways that replace all files at once.
func TestSetIsNeverMixed(t *testing.T) {
	for name, swap := range map[string]func(t *testing.T, dir string) (paths []string, next func(content string)){
		"..data":       swapVolume,
		"two versions": swapBetweenTwo,
		"whole chain":  swapAbove,
	} {
		t.Run(name, func(t *testing.T) {
			paths, next := swap(t, t.TempDir())
			next("good 0")
			seen := map[string]bool{}
			v := file.NewSet(paths, func(files map[string][]byte) (string, error) {
				val, err := pairOf(paths)(files)
				seen[val] = true
				return val, err
			}, file.Quiet(0))
			s := serve(t, paths[0], v)
			s.holds("good 0")
			i := 0
			for end := time.Now().Add(setTime()); time.Now().Before(end); {
				i++
				next(fmt.Sprint("good ", i))
			}
			s.holds(fmt.Sprint("good ", i))
			require.NoError(t, ignoreEnd(s.stop()))
			for val := range seen {
				require.NotContains(t, val, "mixed")
			}
			require.Greater(t, len(seen), 10, "it was read in the meantime")
			t.Logf("%d swaps, %d readings", i, len(seen))
		})
	}
}

func swapVolume(t *testing.T, dir string) ([]string, func(string)) {
	v := &volume{t: t, dir: dir, between: func() {}}
	return []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}, func(content string) {
		v.write(map[string]string{"a": content, "b": content})
	}
}

// swapBetweenTwo writes the version that no link leads to, and swaps the link. The names of
// the directories come back.
func swapBetweenTwo(t *testing.T, dir string) ([]string, func(string)) {
	n := 0
	return []string{filepath.Join(dir, "current", "a"), filepath.Join(dir, "current", "b")}, func(content string) {
		n++
		version := mkdir(t, filepath.Join(dir, fmt.Sprint(n%2)))
		write(t, filepath.Join(version, "b"), content)
		write(t, filepath.Join(version, "a"), content)
		link(t, version, filepath.Join(dir, "current"))
	}
}

// swapAbove swaps a link that leads to a directory further down.
func swapAbove(t *testing.T, dir string) ([]string, func(string)) {
	n := 0
	return []string{filepath.Join(dir, "app", "etc", "a"), filepath.Join(dir, "app", "etc", "b")}, func(content string) {
		n++
		version := filepath.Join(dir, fmt.Sprint(n))
		mkdir(t, filepath.Join(version, "etc"))
		write(t, filepath.Join(version, "etc", "a"), content)
		write(t, filepath.Join(version, "etc", "b"), content)
		link(t, version, filepath.Join(dir, "app"))
		require.NoError(t, os.RemoveAll(filepath.Join(dir, fmt.Sprint(n-1))))
	}
}

// TestSetWithoutLinks writes one file after the other. What pauses for longer than Quiet in
// between is read as it is; what does not is read together.
func TestSetWithoutLinks(t *testing.T) {
	dir := t.TempDir()
	paths := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}
	for _, p := range paths {
		write(t, p, "good 0")
	}
	var seen []string
	s := serve(t, paths[0], file.NewSet(paths, func(files map[string][]byte) (string, error) {
		val, err := pairOf(paths)(files)
		seen = append(seen, val)
		return val, err
	}, file.Quiet(time.Second)))
	s.holds("good 0")
	for i := 1; i <= 3; i++ {
		for _, p := range paths {
			replace(t, p, fmt.Sprint("good ", i))
		}
		s.holds(fmt.Sprint("good ", i))
	}
	require.NoError(t, ignoreEnd(s.stop()))
	require.Equal(t, []string{"good 0", "good 1", "good 2", "good 3"}, seen)
}

// TestSetThatNeverPausesIsNotMixed replaces one file after the other all the time, with pauses
// shorter than Quiet. The last good state stays, with a Status, until the writer pauses.
func TestSetThatNeverPausesIsNotMixed(t *testing.T) {
	for name, opts := range map[string][]file.Option{"events": nil, "poll": {file.Poll(10 * time.Millisecond)}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			paths := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}
			for _, p := range paths {
				write(t, p, "good 0")
			}
			const quiet = 100 * time.Millisecond
			var seen []string
			s := serve(t, paths[0], file.NewSet(paths, func(files map[string][]byte) (string, error) {
				val, err := pairOf(paths)(files)
				seen = append(seen, val)
				return val, err
			}, append(opts, file.Quiet(quiet))...))
			s.holds("good 0")
			stop, ended := make(chan struct{}), make(chan struct{})
			n, longest := 0, time.Duration(0)
			go func() {
				defer close(ended)
				for last := time.Now(); ; {
					n++
					for _, p := range paths {
						replace(t, p, fmt.Sprint("good ", n))
						now := time.Now()
						longest, last = max(longest, now.Sub(last)), now
						time.Sleep(time.Millisecond) // A writer's pause.
					}
					select {
					case <-stop:
						return
					default:
					}
				}
			}()
			s.status(func(st file.Status) bool { return errors.Is(st.Err, file.ErrUnsettled) }, "unsettled")
			close(stop)
			<-ended
			s.holds(fmt.Sprint("good ", n))
			require.NoError(t, ignoreEnd(s.stop()))
			if longest < quiet/2 { // The writer was not held up by the system.
				require.Equal(t, []string{"good 0", fmt.Sprint("good ", n)}, seen)
			}
		})
	}
}

// TestEventsThatChangeNothing sets the mode that a file has all the time. The events do not
// delay a change for good.
func TestEventsThatChangeNothing(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "1.conf"), "good 0")
	write(t, filepath.Join(dir, "2.conf"), "mode")
	s := serve(t, dir, file.NewDir(dir, joined, file.Quiet(200*time.Millisecond)))
	s.holds("good 0,mode")
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			default:
				_ = os.Chmod(filepath.Join(dir, "2.conf"), 0o644)
				time.Sleep(time.Millisecond) // A pause shorter than Quiet.
			}
		}
	}()
	write(t, filepath.Join(dir, "1.conf"), "good 1")
	s.holds("good 1,mode")
	close(stop)
	<-ended
}

func TestSetErrorsNameTheFile(t *testing.T) {
	dir := t.TempDir()
	paths := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}
	write(t, paths[0], "12345")
	v := file.NewSet(paths, pairOf(paths), file.MaxSize(9))
	require.ErrorContains(t, v.Serve(t.Context()), "file: "+paths[1]+": no such file")
	write(t, paths[1], "12345")
	err := v.Serve(t.Context())
	require.ErrorIs(t, err, file.ErrTooLarge)
	require.ErrorContains(t, err, paths[1]+": too large: more than 9 bytes", "both together")
	write(t, paths[1], "1234")
	s := serve(t, paths[1], v)
	s.holds("mixed: 12345 and 1234")
}
