package file_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/file"
)

// saves are the ways in which editors and tools save.
var saves = map[string]func(t *testing.T, path, content string){
	"rename over":    replace,
	"write in place": writeInPlace,
	"truncate and write": func(t *testing.T, path, content string) {
		write(t, path, "")
		write(t, path, content)
	},
	"backup-rename": func(t *testing.T, path, content string) { // vim with backupcopy=no
		require.NoError(t, os.Rename(path, path+"~"))
		write(t, path, content)
		require.NoError(t, os.Remove(path+"~"))
	},
	"delete and create": func(t *testing.T, path, content string) {
		require.NoError(t, os.Remove(path))
		write(t, path, content)
	},
	"hard link": func(t *testing.T, path, content string) { // emacs with backup-by-copying-when-linked=nil
		_ = os.Remove(path + "~")
		require.NoError(t, os.Link(path, path+"~"))
		replace(t, path, content)
	},
	"through another link": func(t *testing.T, path, content string) {
		other := filepath.Join(t.TempDir(), "other")
		require.NoError(t, os.Link(path, other))
		writeInPlace(t, other, content)
	},
	"copy": func(t *testing.T, path, content string) {
		next := filepath.Join(t.TempDir(), "next")
		write(t, next, content)
		run(t, "cp", next, path)
	},
	"piece by piece": func(t *testing.T, path, content string) {
		f, err := os.Create(path)
		require.NoError(t, err)
		for _, c := range content {
			_, err := f.WriteString(string(c))
			require.NoError(t, err)
		}
		require.NoError(t, f.Close())
	},
}

// writeInPlace writes without truncating first.
func writeInPlace(t *testing.T, path, content string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(content)
	require.NoError(t, err)
	require.NoError(t, f.Truncate(int64(len(content))))
	require.NoError(t, f.Close())
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(err)
	}
	out, err := exec.Command(path, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// TestSaves saves in each way several times, so that a watch that was lost with the first
// save is noticed.
func TestSaves(t *testing.T) {
	for name, save := range saves {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "app.conf")
			write(t, path, "good 0")
			s := serveFile(t, path)
			s.holds("good 0")
			for i := 1; i <= 5; i++ {
				content := fmt.Sprint("good ", i)
				save(t, path, content)
				s.holds(content)
			}
		})
	}
}

// TestSavesMixed follows each way of saving by each other.
func TestSavesMixed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 0")
	s := serveFile(t, path)
	s.holds("good 0")
	i := 0
	for _, first := range saves {
		for _, second := range saves {
			for _, save := range []func(*testing.T, string, string){first, second} {
				i++
				save(t, path, fmt.Sprint("good ", i))
			}
			s.holds(fmt.Sprint("good ", i))
		}
	}
}

func TestSavesByTools(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 0")
	s := serveFile(t, path)
	s.holds("good 0")
	t.Run("sed", func(t *testing.T) {
		run(t, "sed", "-i", "s/0/1/", path)
		s.holds("good 1")
		run(t, "sed", "-i", "s/1/2/", path)
		s.holds("good 2")
	})
	for i, mode := range []string{"yes", "no", "auto"} {
		t.Run("vim backupcopy="+mode, func(t *testing.T) {
			for j := range 3 {
				word := fmt.Sprint("good vim ", i, j)
				run(t, "vim", "-es", "-u", "NONE", "-i", "NONE", "-c", "set backup nofixeol backupcopy="+mode,
					"-c", "call setline(1, '"+word+"')", "-c", "wq!", path)
				data, err := os.ReadFile(path)
				require.NoError(t, err)
				require.Equal(t, word, strings.TrimSpace(string(data)))
				s.holds(string(data))
			}
		})
	}
}

// TestHalfWrittenIsFollowedByWhole pauses in the middle of a file for longer than Quiet. The
// half is good by accident, and the whole follows it.
func TestHalfWrittenIsFollowedByWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 0")
	s := serveFile(t, path)
	s.holds("good 0")
	f, err := os.Create(path)
	require.NoError(t, err)
	_, err = f.WriteString("good h")
	require.NoError(t, err)
	s.holds("good h")
	_, err = f.WriteString("alf and whole")
	require.NoError(t, err)
	s.holds("good half and whole")
	require.NoError(t, f.Close())
}

// TestQuietSkipsWhatIsHalf writes in pieces that are closer together than Quiet. No piece is
// read before the last.
func TestQuietSkipsWhatIsHalf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	write(t, path, "good 0")
	var read []string
	s := serve(t, path, file.New(path, func(data []byte) (string, error) {
		read = append(read, string(data))
		return words(data)
	}, file.Quiet(3*time.Second)))
	s.holds("good 0")
	for _, content := range []string{"", "good", "good 1", "good 1 and more"} {
		write(t, path, content)
	}
	s.holds("good 1 and more")
	require.NoError(t, ignoreEnd(s.stop()))
	require.Equal(t, []string{"good 0", "good 1 and more"}, read)
}

// TestWrittenAllTheTime never pauses. The file is read all the same.
func TestWrittenAllTheTime(t *testing.T) {
	for name, save := range map[string]func(*testing.T, string, string){
		"in place": writeInPlace, "rename over": replace,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "app.conf")
			write(t, path, "good 0")
			s := serve(t, path, file.New(path, words, file.Quiet(100*time.Millisecond)))
			first := s.holds("good 0").Version
			stop, ended := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(ended)
				for i := 1; ; i++ {
					select {
					case <-stop:
						return
					default:
						save(t, path, fmt.Sprintf("good %09d", i))
					}
				}
			}()
			s.status(func(st file.Status) bool { return st.Version >= first+3 }, "three versions")
			close(stop)
			<-ended
			replace(t, path, "good end")
			s.holds("good end")
		})
	}
}
