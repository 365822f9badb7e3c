package file_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/file"
)

var seed = flag.Uint64("seed", 0, "the first seed of TestModel; 0: a random one")

// A world is a small tree of files, directories and links, which operations change at
// random. Its names are few, so that operations meet.
type world struct {
	root   string
	number int
	log    []string
}

// The paths on which operations work. The value follows followed.
var places = []string{
	"a", "a/b", "a/b/app.conf", "a/app.conf", "x", "x/b", "x/b/app.conf", "x/app.conf", "app.conf",
	"current", "a/..data", "a/b/next", "x/link",
}

const followed = "current/b/app.conf"

// operations are drawn with bytes: which operation, and two places.
var operations = []struct {
	name string
	do   func(w *world, one, two string) error
}{
	{"write", func(w *world, one, _ string) error { return os.WriteFile(one, w.content(), 0o644) }},
	{"write in place", func(w *world, one, _ string) error {
		f, err := os.OpenFile(one, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.Write(w.content())
		return err
	}},
	{"truncate", func(_ *world, one, _ string) error { return os.Truncate(one, 0) }},
	{"bad", func(_ *world, one, _ string) error { return os.WriteFile(one, []byte("bad"), 0o644) }},
	{"mkdir", func(_ *world, one, _ string) error { return os.Mkdir(one, 0o755) }},
	{"remove", func(_ *world, one, _ string) error { return os.Remove(one) }},
	{"remove all", func(_ *world, one, _ string) error { return os.RemoveAll(one) }},
	{"rename", func(_ *world, one, two string) error { return os.Rename(one, two) }},
	{"rename", func(_ *world, one, two string) error { return os.Rename(one, two) }},
	{"hard link", func(_ *world, one, two string) error { return os.Link(one, two) }},
	{"link", func(_ *world, one, two string) error { return os.Symlink(one, two) }},
	{"swap", func(w *world, one, two string) error {
		next := filepath.Join(w.root, "swap")
		relative, err := filepath.Rel(filepath.Dir(two), one)
		if err != nil {
			return err
		}
		_ = os.Remove(next)
		if err := os.Symlink(relative, next); err != nil {
			return err
		}
		return os.Rename(next, two)
	}},
	{"release", func(w *world, one, _ string) error { // So that the followed path often exists.
		_ = os.MkdirAll(filepath.Join(one, "b"), 0o755)
		_ = os.WriteFile(filepath.Join(one, "b", "app.conf"), w.content(), 0o644)
		next := filepath.Join(w.root, "swap")
		_ = os.Remove(next)
		if err := os.Symlink(one, next); err != nil {
			return err
		}
		return os.Rename(next, filepath.Join(w.root, "current"))
	}},
	{"pause", func(*world, string, string) error { time.Sleep(time.Millisecond); return nil }},
}

func (w *world) content() []byte {
	w.number++
	return fmt.Append(nil, "good ", w.number)
}

// step does the operation that three bytes stand for. Most errors are of no interest: the
// place was taken, or empty.
func (w *world) step(op, one, two byte) {
	o := operations[int(op)%len(operations)]
	from, to := places[int(one)%len(places)], places[int(two)%len(places)]
	err := o.do(w, filepath.Join(w.root, from), filepath.Join(w.root, to))
	w.log = append(w.log, fmt.Sprintf("%s %s %s: %v", o.name, from, to, err))
}

// want is the model: what the path has, read by package os.
func (w *world) want() (string, error) {
	path := filepath.Join(w.root, followed)
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", errors.New("not regular")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return words(data)
}

// wantDir is the model of a directory: what joined makes of the files in it.
func (w *world) wantDir() (string, error) {
	dir := filepath.Join(w.root, filepath.Dir(followed))
	if list, err := os.ReadDir(dir); err != nil || list == nil {
		return "", err
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.conf"))
	var all []string
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		all = append(all, string(data))
	}
	return strings.Join(all, ","), err
}

// agrees reports whether the value is what the path has, or the Status says why not.
func agrees(want string, err error, v *file.Value[string]) error {
	val, _ := v.Load()
	st, ok := event.Load(v.Status())
	switch {
	case !ok:
		return errors.New("no status")
	case (st.Err != nil) != (err != nil):
		return fmt.Errorf("the path has %q, %w; the status is %+v", want, err, st)
	case err == nil && val != want:
		return fmt.Errorf("the path has %q, the value is %q; the status is %+v", want, val, st)
	}
	return nil
}

// play serves the followed path and its directory, does the steps of script with rests in between, and checks
// after each rest.
func play(t *testing.T, script []byte) {
	w := &world{root: t.TempDir()}
	s := serve(t, followed, file.New(filepath.Join(w.root, followed), words, file.Quiet(0), file.Wait()))
	d := serve(t, followed, file.NewDir(filepath.Join(w.root, filepath.Dir(followed)), joined, file.Quiet(0), file.Wait()))
	rest := func() {
		var err error
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Microsecond) {
			want, wantErr := w.want()
			wantDir, wantDirErr := w.wantDir()
			if err = errors.Join(agrees(want, wantErr, s.Value), agrees(wantDir, wantDirErr, d.Value)); err == nil {
				return
			}
		}
		require.NoError(t, err, "%s", strings.Join(w.log, "\n"))
	}
	for i := 0; i+3 <= len(script); i += 3 {
		w.step(script[i], script[i+1], script[i+2])
		if script[i]&0x30 == 0x30 { // About a quarter of the steps.
			rest()
		}
	}
	rest()
	require.ErrorIs(t, s.stop(), context.Canceled)
	require.ErrorIs(t, d.stop(), context.Canceled)
}

// TestModel plays random scripts. The sweep is off, so that no event may be missing.
func TestModel(t *testing.T) {
	first := *seed
	if first == 0 {
		first = rand.Uint64()
	}
	n := uint64(0)
	for end := time.Now().Add(setTime()); time.Now().Before(end); n++ {
		random := rand.New(rand.NewPCG(first+n, 0))
		script := make([]byte, 3*(10+random.IntN(100)))
		for i := range script {
			script[i] = byte(random.Uint32())
		}
		if !t.Run(fmt.Sprint("seed ", first+n), func(t *testing.T) { play(t, script) }) {
			return
		}
	}
	t.Logf("%d scripts", n)
}

// FuzzModel plays the scripts that the fuzzer finds.
func FuzzModel(f *testing.F) {
	f.Add([]byte{12, 0, 0, 0x30, 2, 0, 11, 4, 9})
	f.Add([]byte{12, 0, 0, 12, 4, 0, 6, 4, 0, 12, 4, 0, 7, 2, 3, 7, 3, 2})
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 600 {
			t.Skip()
		}
		play(t, script)
	})
}
