package file_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventvalue/event/file"
)

// reports are public reports of what goes wrong when programs follow files. Each line has
// the number, what was reported, and the test that does it.
//
//	spf13/viper#284                        a swap of ..data is not seen            TestReportVolume, TestKubernetesVolume
//	spf13/viper#174, #378, #1394           the reload races with readers           TestReportReaders
//	spf13/viper#408, #609                  one save is two changes                 TestReportOneSaveIsOneVersion
//	knadh/koanf#323                        ConfigMap volumes are not followed      TestKubernetesVolume
//	open-feature/flagd#42                  a removed file ends the watch           TestReportRemoved
//	fsnotify/fsnotify#255, #282, #560      a save by vim ends the watch            TestSavesByTools, TestSaves
//	fsnotify/fsnotify#306                  no events on NFS                        TestSilentWatcher, TestPoll
//	fsnotify/fsnotify#343                  the queue overflows                     TestOverflowOfTheQueue
//	traefik/traefik#5589, #10409           a mounted single file is not followed   TestBindMountOfFile
//	thanos-io/thanos#8127                  an atomic update ends the watch         TestSaves
//	prometheus-operator#1864               ..data in a directory of rules          TestDirOfKubernetes
//	prometheus-operator#7366               the watch stays with the old file       TestSaves
//	kubernetes-sigs/controller-runtime#1719, #3020  deleted, then new certificates TestReportCertificateRemoved
//	kubernetes-sigs/controller-runtime#2182         changed before the watch       TestReportChangedBeforeTheWatch
//	cloudflare/certinel#14                 only the certificate is watched         TestKeyPair
//	open-policy-agent/gatekeeper#1684      the watch ends with the file            TestReportCertificateRemoved
//	pingcap/tiproxy#468                    a directory is deleted and made again   TestParentDisappears
//	jimmidyson/configmap-reload#190        the swap is another kind of event       TestKubernetesVolume
//	openshift/release-controller#802       the swap has another name               TestKubernetesVolume
//	OliveTin/OliveTin#531                  git-sync swaps a link above             TestEachLinkOfTheChain
//	nil-go/konf#1112                       a truncated file clears the state       TestLastGoodStateStays
//	nuetzliches/hookaido#294               a poll finds the file truncated         TestPollReadsTwice, TestLastGoodStateStays
//	gorakhargosh/watchdog#846              one inotify instance for each file      TestThousandFiles
//	notify-rs/notify#572                   two paths lead to one inode             TestBindMountOfDirectory, TestReportTwoPaths

// TestReportVolume begins with a volume, deletes the map and makes it again.
func TestReportVolume(t *testing.T) {
	v := newVolume(t)
	v.write(map[string]string{"config.yaml": "good 1"})
	s := serveFile(t, filepath.Join(v.dir, "config.yaml"))
	s.holds("good 1")
	v.write(nil)
	s.fails("no such file")
	v.write(map[string]string{"config.yaml": "good 2"})
	s.holds("good 2")
}

// TestReportReaders reads while the file changes. The race detector watches.
func TestReportReaders(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.json")
	type config struct{ Number map[string]int }
	write(t, path, `{"number": {"n": 0}}`)
	v := file.New(path, file.JSON[config], file.Quiet(0))
	s := serve(t, path, file.New(path, words, file.Wait())) // Another value of the same file.
	done := make(chan struct{})
	go func() { defer close(done); _ = v.Serve(t.Context()) }()
	for n := range 100 {
		replace(t, path, fmt.Sprintf(`{"number": {"n": %d}}`, n))
		if c, ok := v.Load(); ok {
			require.LessOrEqual(t, c.Number["n"], n)
		}
	}
	s.fails("bad word")
}

// TestReportOneSaveIsOneVersion saves in pieces that are several events.
func TestReportOneSaveIsOneVersion(t *testing.T) {
	for name, save := range saves {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "app.conf")
			write(t, path, "good 1")
			s := serve(t, path, file.New(path, words))
			first := s.holds("good 1").Version
			save(t, path, "good 2")
			second := s.holds("good 2").Version
			if name != "piece by piece" { // A machine may be slower than Quiet.
				require.Equal(t, first+1, second)
			}
		})
	}
}

// TestReportRemoved removes and creates again, many times.
func TestReportRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flags.json")
	write(t, path, "good 0")
	s := serveFile(t, path)
	s.holds("good 0")
	for i := 1; i <= 20; i++ {
		require.NoError(t, os.Remove(path))
		write(t, path, fmt.Sprint("good ", i))
		s.holds(fmt.Sprint("good ", i))
	}
}

// TestReportCertificateRemoved removes both files, and later writes others.
func TestReportCertificateRemoved(t *testing.T) {
	ca, dir := newAuthority(t), t.TempDir()
	cert, key := filepath.Join(dir, "mtls.pem"), filepath.Join(dir, "mtls.key")
	put := func(n int64) {
		c, k := ca.issue(n)
		write(t, cert, c)
		write(t, key, k)
	}
	put(1)
	c := file.KeyPair(cert, key)
	serving(t, c)
	serial(t, c, 1)
	for n := int64(2); n < 6; n++ {
		require.NoError(t, os.Remove(cert))
		require.NoError(t, os.Remove(key))
		got, err := c.GetCertificate(nil)
		require.NoError(t, err)
		require.Equal(t, n-1, got.Leaf.SerialNumber.Int64(), "the old one serves")
		put(n)
		serial(t, c, n)
	}
}

// TestReportChangedBeforeTheWatch changes the file while Serve starts.
func TestReportChangedBeforeTheWatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.conf")
	for i := range 50 {
		write(t, path, "good old")
		s := serveFile(t, path)
		replace(t, path, fmt.Sprint("good ", i))
		s.holds(fmt.Sprint("good ", i))
		require.NoError(t, ignoreEnd(s.stop()))
	}
}

// TestReportTwoPaths follows one directory by two paths, of which one is a link, and one
// file by two hard links. One of the values ends.
func TestReportTwoPaths(t *testing.T) {
	root := t.TempDir()
	dir := mkdir(t, filepath.Join(root, "dir"))
	link(t, "dir", filepath.Join(root, "link"))
	write(t, filepath.Join(dir, "one"), "good 1")
	require.NoError(t, os.Link(filepath.Join(dir, "one"), filepath.Join(root, "two")))
	paths := []string{filepath.Join(dir, "one"), filepath.Join(root, "link", "one"), filepath.Join(root, "two")}
	for i := range paths {
		var values []*served
		for _, path := range paths {
			s := serveFile(t, path)
			s.holds("good 1")
			values = append(values, s)
		}
		require.NoError(t, ignoreEnd(values[i].stop()))
		writeInPlace(t, paths[0], "good 2")
		for j, s := range values {
			if j != i {
				s.holds("good 2")
			}
		}
		writeInPlace(t, paths[1], "good 1")
		for j, s := range values {
			if j != i {
				s.holds("good 1")
				require.NoError(t, ignoreEnd(s.stop()))
			}
		}
	}
	noneLeft(t)
}
