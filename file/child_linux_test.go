package file_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event"
	"github.com/eventvalue/event/file"
)

// A child is a run of the test program as another process: with namespaces of its own, in
// which it may mount, or as another user. It reports what it sees by its exit code.
type child struct {
	run  func(dir string) error
	attr *syscall.SysProcAttr
}

var errSkip = errors.New("the machine does not let the test do this")

func namespaces(more uintptr) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | more,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
}

var children = map[string]child{
	"TestBindMountOfFile":      {bindMountOfFile, namespaces(0)},
	"TestBindMountOfDirectory": {bindMountOfDirectory, namespaces(0)},
	"TestMountOver":            {mountOver, namespaces(0)},
	"TestNoInstances":          {noInstances, namespaces(0)},
	"TestNoWatches":            {noWatches, namespaces(0)},
}

const skipCode = 77

func runChild(name string) int {
	switch err := children[name].run(os.Getenv("FILE_TEST_DIR")); {
	case errors.Is(err, errSkip):
		fmt.Println(err)
		return skipCode
	case err != nil:
		fmt.Println(err)
		return 1
	}
	return 0
}

// inChild runs the child of the name of the test.
func inChild(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "FILE_TEST_CHILD="+t.Name(), "FILE_TEST_DIR="+dir)
	cmd.SysProcAttr = children[t.Name()].attr
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == skipCode {
		t.Skip(string(out))
	} else if err != nil && !ok {
		t.Skip("no namespaces here: ", err)
	}
	require.NoError(t, err, "%s", out)
}

func TestBindMountOfFile(t *testing.T)      { inChild(t) }
func TestBindMountOfDirectory(t *testing.T) { inChild(t) }
func TestMountOver(t *testing.T)            { inChild(t) }
func TestNoInstances(t *testing.T)          { inChild(t) }
func TestNoWatches(t *testing.T)            { inChild(t) }

// TestUnreportedFileSystem reads a file of proc, which the kernel changes without an event.
func TestUnreportedFileSystem(t *testing.T) {
	path := "/proc/self/status"
	v := file.New(path, func(data []byte) (string, error) { return string(data[:5]), nil })
	st := serve(t, path, v).holds("Name:")
	require.ErrorContains(t, st.Polling, "the file system does not report")
}

// TestPermissionGone changes the mode of the file.
func TestPermissionGone(t *testing.T) { inChildOfAUser(t) }

func TestUnreadableSubdirectory(t *testing.T) { inChildOfAUser(t) }

func TestOutOfDescriptors(t *testing.T) { inChild(t) }

// TestPanicAfterServeEndsTheProgram checks that a panic is not lost.
func TestPanicAfterServeEndsTheProgram(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "FILE_TEST_CHILD="+t.Name(), "FILE_TEST_DIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "late decoder")
}

// inChildOfAUser is inChild for a user who may not read all files, as the superuser may.
func inChildOfAUser(t *testing.T) {
	if os.Getuid() != 0 {
		require.NoError(t, children[t.Name()].run(t.TempDir()))
		return
	}
	dir, err := os.MkdirTemp("", "file")
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	require.NoError(t, os.Chown(dir, 65534, 65534))
	program := filepath.Join(dir, "program")
	run(t, "cp", os.Args[0], program)
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "FILE_TEST_CHILD="+t.Name(), "FILE_TEST_DIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func init() {
	children["TestPermissionGone"] = child{run: permissionGone}
	children["TestUnreadableSubdirectory"] = child{run: unreadableSubdirectory}
	children["TestOutOfDescriptors"] = child{run: outOfDescriptors}
	children["TestPanicAfterServeEndsTheProgram"] = child{run: panicAfterServe}
}

// TestLease has a lease on a file, as file servers take it. An open that does not wait fails
// until the lease ends, and the end is no event.
func TestLease(t *testing.T) {
	defer file.SetFallback(time.Millisecond)()
	dir := t.TempDir()
	path := filepath.Join(dir, "1.conf")
	write(t, path, "good 1")
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	lease := func(kind uintptr) error {
		const setLease = 1024 // F_SETLEASE
		_, _, errno := syscall.Syscall(syscall.SYS_FCNTL, f.Fd(), setLease, kind)
		if errno != 0 {
			return errno
		}
		return nil
	}
	if err := lease(syscall.F_WRLCK); err != nil {
		t.Skip("no leases here: ", err)
	}
	one, all := serveFile(t, path, file.Wait()), serve(t, dir, file.NewDir(dir, joined, file.Quiet(0), file.Wait()))
	one.fails("resource temporarily unavailable")
	all.fails("open 1.conf: resource temporarily unavailable")
	require.NoError(t, lease(syscall.F_UNLCK))
	one.holds("good 1")
	require.NoError(t, all.holds("good 1").Polling)
}

// An observed is a value that a child serves.
type observed struct {
	*file.Value[string]
	done chan error
}

func observe(path string) *observed {
	return observeValue(file.New(path, words, file.Quiet(time.Millisecond)))
}

func observeValue(v *file.Value[string]) *observed {
	o := &observed{v, make(chan error, 1)}
	go func() { o.done <- o.Serve(context.Background()) }()
	return o
}

// expect waits for a value, or for an error if want begins with "error".
func (o *observed) expect(want string) error {
	end := time.Now().Add(patience)
	for time.Now().Before(end) {
		select {
		case err := <-o.done:
			return fmt.Errorf("Serve has returned: %w", err)
		default:
		}
		val, _ := o.Load()
		st, _ := event.Load(o.Status())
		if text, isError := strings.CutPrefix(want, "error "); isError {
			if st.Err != nil && strings.Contains(st.Err.Error(), text) {
				return nil
			}
		} else if val == want && st.Err == nil {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	st, _ := event.Load(o.Status())
	val, _ := o.Load()
	return fmt.Errorf("want %q: the value is %q, the status %+v", want, val, st)
}

// polling waits until the value polls, or does not.
func (o *observed) polling(want bool) error {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if st, ok := event.Load(o.Status()); ok && (st.Polling != nil) == want {
			return nil
		}
	}
	st, _ := event.Load(o.Status())
	return fmt.Errorf("want polling %v: %+v", want, st)
}

func save(path, content string) error { return os.WriteFile(path, []byte(content), 0o644) }

func saveOver(path, content string) error {
	if err := save(path+".next", content); err != nil {
		return err
	}
	return os.Rename(path+".next", path)
}

// inOrder runs steps until one fails.
func inOrder(steps ...func() error) error {
	for i, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
	}
	return nil
}

func mount(source, target string) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("%w: %w", errSkip, err)
	}
	if err := syscall.Mount(source, target, "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("%w: %w", errSkip, err)
	}
	return nil
}

// bindMountOfFile is what docker -v file:file does. The file is changed from both sides.
func bindMountOfFile(dir string) error {
	host, container := filepath.Join(dir, "host.conf"), filepath.Join(dir, "container", "app.conf")
	var o *observed
	return inOrder(
		func() error { return os.Mkdir(filepath.Dir(container), 0o755) },
		func() error { return save(host, "good 1") },
		func() error { return save(container, "") },
		func() error { return mount(host, container) },
		func() error { o = observe(container); return o.expect("good 1") },
		func() error { return save(host, "good 2") },
		func() error { return o.expect("good 2") },
		func() error { return save(container, "good 3") },
		func() error { return o.expect("good 3") },
		func() error { return save(host, "bad") },
		func() error { return o.expect("error bad word") },
		func() error { return save(host, "good 4") },
		func() error { return o.expect("good 4") },
		func() error { return o.polling(false) },
	)
}

// bindMountOfDirectory follows one directory by two paths in one process: the system has
// one watch for both.
func bindMountOfDirectory(dir string) error {
	host, container := filepath.Join(dir, "host"), filepath.Join(dir, "container")
	var h, c *observed
	both := func(content string) func() error {
		return func() error { return errors.Join(h.expect(content), c.expect(content)) }
	}
	return inOrder(
		func() error { return os.Mkdir(host, 0o755) },
		func() error { return os.Mkdir(container, 0o755) },
		func() error { return save(filepath.Join(host, "app.conf"), "good 1") },
		func() error { return mount(host, container) },
		func() error {
			h, c = observe(filepath.Join(host, "app.conf")), observe(filepath.Join(container, "app.conf"))
			return nil
		},
		both("good 1"),
		func() error { return saveOver(filepath.Join(host, "app.conf"), "good 2") },
		both("good 2"),
		func() error { return saveOver(filepath.Join(container, "app.conf"), "good 3") },
		both("good 3"),
		func() error { return save(filepath.Join(host, "app.conf"), "good 4") },
		both("good 4"),
	)
}

// mountOver mounts over the directory of the file, and unmounts. Neither is an event: the
// sweep finds it. Then the events of the other directory arrive.
func mountOver(dir string) error {
	file.SetSweep(50 * time.Millisecond)
	under, over := filepath.Join(dir, "conf"), filepath.Join(dir, "over")
	path := filepath.Join(under, "app.conf")
	var o *observed
	return inOrder(
		func() error { return os.Mkdir(under, 0o755) },
		func() error { return os.Mkdir(over, 0o755) },
		func() error { return save(path, "good under") },
		func() error { return save(filepath.Join(over, "app.conf"), "good over") },
		func() error { o = observe(path); return o.expect("good under") },
		func() error { return mount(over, under) },
		func() error { return o.expect("good over") },
		func() error { return saveOver(path, "good more") },
		func() error { return o.expect("good more") },
		func() error { return syscall.Unmount(under, 0) },
		func() error { return o.expect("good under") },
		func() error { return saveOver(path, "good end") },
		func() error { return o.expect("good end") },
		func() error { return o.polling(false) },
	)
}

func limit(name string, n int) error {
	if err := os.WriteFile("/proc/sys/user/"+name, []byte(fmt.Sprint(n)), 0); err != nil {
		return fmt.Errorf("%w: %w", errSkip, err)
	}
	return nil
}

// noInstances has no inotify instance left for the user. The value polls, and watches again
// when there is one.
func noInstances(dir string) error {
	return withoutLimit(dir, "max_inotify_instances", "too many open files (the limit is fs.inotify.max_user_instances")
}

// noWatches has no watch left. The reason names the first of the paths.
func noWatches(dir string) error {
	return withoutLimit(dir, "max_inotify_watches", "/: no space left on device (the limit is fs.inotify.max_user_watches")
}

func withoutLimit(dir, name, reason string) error {
	file.SetFallback(20 * time.Millisecond)
	path := filepath.Join(dir, "app.conf")
	var o *observed
	return inOrder(
		func() error { return limit(name, 0) },
		func() error { return save(path, "good 1") },
		func() error { o = observe(path); return o.expect("good 1") },
		func() error { return o.polling(true) },
		func() error {
			if st, _ := event.Load(o.Status()); !strings.Contains(st.Polling.Error(), reason) {
				return st.Polling
			}
			return nil
		},
		func() error { return saveOver(path, "good 2") },
		func() error { return o.expect("good 2") },
		func() error { return os.Remove(path) },
		func() error { return o.expect("error no such file") },
		func() error { return save(path, "good 3") },
		func() error { return o.expect("good 3") },
		func() error { return limit(name, 1000) },
		func() error { return o.polling(false) },
		func() error { return saveOver(path, "good 4") },
		func() error { return o.expect("good 4") },
	)
}

// outOfDescriptors replaces a file and the file of a directory while the process can open no
// file. There is no event when it can.
func outOfDescriptors(dir string) error {
	file.SetFallback(20 * time.Millisecond)
	path, conf := filepath.Join(dir, "app.conf"), filepath.Join(dir, "conf.d")
	var one, all *observed
	var old syscall.Rlimit
	both := func(want string) func() error {
		return func() error { return errors.Join(one.expect(want), all.expect(want)) }
	}
	return inOrder(
		func() error { return os.Mkdir(conf, 0o755) },
		func() error { return save(path, "good 1") },
		func() error { return save(filepath.Join(conf, "1.conf"), "good 1") },
		func() error { return save(filepath.Join(dir, "next1"), "good 2") },
		func() error { return save(filepath.Join(dir, "next2"), "good 2") },
		func() error {
			one, all = observe(path), observeValue(file.NewDir(conf, joined, file.Quiet(time.Millisecond)))
			return nil
		},
		both("good 1"),
		func() error { return syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old) },
		func() error { return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Max: old.Max}) },
		func() error { return os.Rename(filepath.Join(dir, "next1"), path) },
		func() error { return os.Rename(filepath.Join(dir, "next2"), filepath.Join(conf, "1.conf")) },
		both("error too many open files"),
		func() error { return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old) },
		both("good 2"),
		func() error { return errors.Join(one.polling(false), all.polling(false)) },
	)
}

// unreadableSubdirectory has a directory below that the user cannot list.
func unreadableSubdirectory(dir string) error {
	conf, sub := filepath.Join(dir, "conf.d"), filepath.Join(dir, "conf.d", "sub")
	var top, below *observed
	return inOrder(
		func() error { return os.MkdirAll(sub, 0o755) },
		func() error { return save(filepath.Join(conf, "1.conf"), "good 1") },
		func() error { return save(filepath.Join(sub, "2.conf"), "good 2") },
		func() error { return os.Chmod(sub, 0) },
		func() error { top = observeValue(file.NewDir(conf, joined)); return top.expect("good 1") },
		func() error {
			below = observeValue(file.NewDir(conf, func(fsys fs.FS) (string, error) {
				if info, err := fs.Stat(fsys, "sub"); err == nil && !info.IsDir() {
					return "", errors.New("sub is no directory")
				}
				data, err := fs.ReadDir(fsys, "sub")
				return fmt.Sprint("good ", len(data)), err
			}, file.Wait()))
			return below.expect("error file: " + conf + ": readdir sub: permission denied")
		},
		func() error { return os.Chmod(sub, 0o755) },
		func() error { return below.expect("good 1") },
		func() error { return saveOver(filepath.Join(conf, "1.conf"), "good 3") },
		func() error { return top.expect("good 3") },
	)
}

// panicAfterServe has a decoder that panics after Serve has returned. It never returns.
func panicAfterServe(dir string) error {
	path := filepath.Join(dir, "app.conf")
	if err := save(path, "good 1"); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	entered, release := make(chan struct{}), make(chan struct{})
	v := file.New(path, func([]byte) (string, error) {
		close(entered)
		<-release
		panic("late decoder")
	})
	done := make(chan error)
	go func() { done <- v.Serve(ctx) }()
	<-entered
	cancel()
	<-done
	close(release)
	time.Sleep(patience)
	return nil
}

func permissionGone(dir string) error {
	path := filepath.Join(dir, "conf", "app.conf")
	var o *observed
	return inOrder(
		func() error { return os.Mkdir(filepath.Dir(path), 0o755) },
		func() error { return save(path, "good 1") },
		func() error { o = observe(path); return o.expect("good 1") },
		func() error { return os.Chmod(path, 0) },
		func() error { return o.expect("error " + path + ": permission denied") },
		func() error { return os.Chmod(path, 0o600) },
		func() error { return o.expect("good 1") },
		func() error { return os.Chmod(filepath.Dir(path), 0) },
		func() error { return o.expect("error permission denied") },
		func() error { return os.Chmod(filepath.Dir(path), 0o700) },
		func() error { return saveOver(path, "good 2") },
		func() error { return o.expect("good 2") },
	)
}
