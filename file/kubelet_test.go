package file_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/file"
)

// A volume is a directory that is written as kubelet writes a volume of a ConfigMap, a
// Secret or a projection: each version is a new directory, which the link ..data leads to.
type volume struct {
	t     *testing.T
	dir   string
	stamp int
	// between is called between the steps of a write.
	between func()
}

func newVolume(t *testing.T) *volume {
	return &volume{t: t, dir: mkdir(t, filepath.Join(t.TempDir(), "volume")), between: func() {}}
}

// write makes payload the content of the volume. The names may have directories.
func (v *volume) write(payload map[string]string) {
	v.t.Helper()
	v.stamp++
	name := fmt.Sprintf("..2026_01_02_03_04_05.%09d", v.stamp)
	old, _ := os.Readlink(filepath.Join(v.dir, "..data"))
	for file, content := range payload {
		path := filepath.Join(v.dir, name, file)
		require.NoError(v.t, os.MkdirAll(filepath.Dir(path), 0o755))
		v.between()
		require.NoError(v.t, os.WriteFile(path, []byte(content), 0o644))
	}
	v.between()
	tmp := filepath.Join(v.dir, "..data_tmp")
	require.NoError(v.t, os.Symlink(name, tmp))
	v.between()
	require.NoError(v.t, os.Rename(tmp, filepath.Join(v.dir, "..data")))
	v.between()
	for _, file := range slices.Sorted(maps.Keys(payload)) {
		top, _, _ := strings.Cut(file, "/")
		err := os.Symlink(filepath.Join("..data", top), filepath.Join(v.dir, top))
		if !os.IsExist(err) {
			require.NoError(v.t, err)
		}
	}
	v.between()
	if old != "" {
		require.NoError(v.t, os.RemoveAll(filepath.Join(v.dir, old)))
	}
}

func TestKubernetesVolume(t *testing.T) {
	v := newVolume(t)
	v.write(map[string]string{"app.conf": "good 0", "sub/deep.conf": "good deep 0"})
	s := serveFile(t, filepath.Join(v.dir, "app.conf"))
	deep := serveFile(t, filepath.Join(v.dir, "sub", "deep.conf"))
	for i := 1; i <= 10; i++ {
		v.write(map[string]string{"app.conf": fmt.Sprint("good ", i), "sub/deep.conf": fmt.Sprint("good deep ", i)})
		s.holds(fmt.Sprint("good ", i))
		deep.holds(fmt.Sprint("good deep ", i))
	}
	v.write(map[string]string{"app.conf": "bad", "sub/deep.conf": "good"})
	s.fails("bad word")
	v.write(map[string]string{"sub/deep.conf": "good"}) // A key of the ConfigMap was removed.
	s.fails("no such file")
	v.write(map[string]string{"app.conf": "good 11", "sub/deep.conf": "good"})
	s.holds("good 11")
}

// TestKubernetesVolumeInAnyInterleaving writes with pauses at random steps.
func TestKubernetesVolumeInAnyInterleaving(t *testing.T) {
	for seed := range 20 {
		random := rand.New(rand.NewPCG(uint64(seed), 0))
		v := newVolume(t)
		v.between = func() {
			switch random.IntN(4) {
			case 0:
				time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond)
			case 1:
				runtime.Gosched()
			}
		}
		v.write(map[string]string{"a": "good 0", "b": "good 0"})
		paths := []string{filepath.Join(v.dir, "a"), filepath.Join(v.dir, "b")}
		s := serve(t, v.dir, file.NewSet(paths, pairOf(paths), file.Quiet(0)))
		last := 30
		for i := 1; i <= last; i++ {
			content := fmt.Sprint("good ", i)
			v.write(map[string]string{"a": content, "b": content})
		}
		s.holds(fmt.Sprint("good ", last))
		require.NoError(t, ignoreEnd(s.stop()))
	}
}

// pairOf returns a decoder of a set of two files that must be equal. A pair that is mixed is
// a value that no test expects.
func pairOf(paths []string) func(map[string][]byte) (string, error) {
	return func(files map[string][]byte) (string, error) {
		a, b := string(files[paths[0]]), string(files[paths[1]])
		if a != b {
			return "mixed: " + a + " and " + b, nil
		}
		return a, nil
	}
}

// TestEachLinkOfTheChain swaps each link, and each directory, on the way to a file.
func TestEachLinkOfTheChain(t *testing.T) {
	root := t.TempDir()
	layout := func(version string) {
		mkdir(t, filepath.Join(root, "releases", version, "etc"))
		write(t, filepath.Join(root, "releases", version, "etc", "real.conf"), "good "+version)
		link(t, "real.conf", filepath.Join(root, "releases", version, "etc", "app.conf"))
	}
	layout("1")
	layout("2")
	link(t, filepath.Join(root, "releases", "1"), filepath.Join(root, "current"))
	link(t, "current", filepath.Join(root, "app"))
	s := serveFile(t, filepath.Join(root, "app", "etc", "app.conf"))
	s.holds("good 1")

	link(t, "releases/2", filepath.Join(root, "current"))
	s.holds("good 2")
	link(t, "releases/1", filepath.Join(root, "app"))
	s.holds("good 1")
	write(t, filepath.Join(root, "releases", "1", "etc", "other.conf"), "good other")
	link(t, "other.conf", filepath.Join(root, "releases", "1", "etc", "app.conf"))
	s.holds("good other")
	writeInPlace(t, filepath.Join(root, "releases", "1", "etc", "other.conf"), "good more")
	s.holds("good more")

	// A directory that is moved away and replaced.
	require.NoError(t, os.Rename(filepath.Join(root, "releases"), filepath.Join(root, "old")))
	s.fails("no such file")
	require.NoError(t, os.Rename(filepath.Join(root, "old"), filepath.Join(root, "releases")))
	s.holds("good more")
	require.NoError(t, os.RemoveAll(filepath.Join(root, "releases")))
	s.fails("no such file")
	layout("1")
	s.holds("good 1")
	// A link in place of a directory.
	require.NoError(t, os.Rename(filepath.Join(root, "releases"), filepath.Join(root, "old")))
	link(t, "old", filepath.Join(root, "releases"))
	s.holds("good 1")
	replace(t, filepath.Join(root, "old", "1", "etc", "real.conf"), "good end")
	s.holds("good end")
}

// TestParentDisappears removes the directories above, up to the root of the test.
func TestParentDisappears(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "a", "b", "c", "app.conf")
	mkdir(t, filepath.Dir(path))
	write(t, path, "good 0")
	s := serveFile(t, path)
	s.holds("good 0")
	for i := 1; i <= 20; i++ {
		require.NoError(t, os.RemoveAll(filepath.Join(root, "a")))
		if i%2 == 0 {
			s.fails("no such file")
		}
		mkdir(t, filepath.Dir(path))
		write(t, path, fmt.Sprint("good ", i))
		s.holds(fmt.Sprint("good ", i))
	}
}

// TestMovedAwayAndBack moves a directory away and back. It is the same directory, but the
// system has ended its watch.
func TestMovedAwayAndBack(t *testing.T) {
	root := t.TempDir()
	dir, away := mkdir(t, filepath.Join(root, "dir")), filepath.Join(root, "away")
	path := filepath.Join(dir, "app.conf")
	write(t, path, "good 0")
	s := serveFile(t, path)
	s.holds("good 0")
	for i := 1; i <= 10; i++ {
		require.NoError(t, os.Rename(dir, away))
		if i%2 == 0 {
			s.fails("no such file")
		}
		require.NoError(t, os.Rename(away, dir))
		s.holds(fmt.Sprint("good ", i-1))
		replace(t, path, "bad")
		s.fails("bad word")
		require.NoError(t, os.Remove(path)) // The watch of the file ends.
		s.fails("no such file")
		before := file.Readings()
		require.NoError(t, os.Rename(dir, away))
		require.NoError(t, os.Rename(away, dir))
		for end := time.Now().Add(20 * time.Millisecond); file.Readings() < before+2 && time.Now().Before(end); {
			runtime.Gosched() // So that the move has been read, and the watch has ended.
		}
		write(t, path, fmt.Sprint("good ", i))
		s.holds(fmt.Sprint("good ", i))
	}
}

// TestWatchesAreReleased swaps links many times. The watches of the old directories end.
func TestWatchesAreReleased(t *testing.T) {
	v := newVolume(t)
	v.write(map[string]string{"app.conf": "good 0"})
	s := serveFile(t, filepath.Join(v.dir, "app.conf"))
	s.holds("good 0")
	before, _ := file.Watching()
	for i := 1; i <= 50; i++ {
		v.write(map[string]string{"app.conf": fmt.Sprint("good ", i)})
		s.holds(fmt.Sprint("good ", i))
	}
	require.Eventually(t, func() bool { after, _ := file.Watching(); return after <= before }, patience, time.Millisecond)
}

// TestUnrelatedEventsDoNotWake writes other files next to the file. It is not read again.
func TestUnrelatedEventsDoNotWake(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "app.conf")
	write(t, path, "good 1")
	s := serveFile(t, path)
	s.holds("good 1")
	events := file.Events()
	for i := range 100 {
		write(t, filepath.Join(dir, fmt.Sprint("other", i)), "x")
	}
	replace(t, path, "good 2")
	s.holds("good 2")
	if runtime.GOOS == "linux" {
		require.Less(t, file.Events()-events, uint64(20), "only the events of the file")
	}
}
