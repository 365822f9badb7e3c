// Package file makes values of configuration files and certificates. A [Value] follows its
// files on disk. Its watchers get each new state that the decoder accepts:
//
//	config := file.New("/etc/app/config.toml", toml.Decode[Config])
//	go config.Serve(ctx)
//
//	w := config.Watch()
//	defer w.Close()
//	for {
//		c, err := w.Get(ctx)
//		if err != nil {
//			return err
//		}
//		apply(c)
//	}
//
// [New] follows one file, [NewSet] several that belong together, [NewDir] a directory such as
// conf.d, and [KeyPair] a certificate with its key. Decoders are [JSON], and Decode of the
// packages file/toml and file/yaml, which are modules of their own. Any function that
// returns an error can be a decoder: docs/configuration.md shows koanf, viper and validation.
//
// # What holds
//
//   - The last good state stays. If a file is broken, empty, deleted, too large, unreadable
//     or not text, only the [Status] changes. The Status is good again when the file is.
//   - At rest, the value has what is on disk, or the Status has the reason why not. Every
//     kind of save is followed: in place, by rename, by a link at any depth.
//   - Nothing is read before [Quiet] has passed since the last event, or ten times Quiet
//     since the first.
//   - Equal content publishes nothing.
//   - The files of a set, a directory and a key pair are of one time: see [NewSet].
//   - Serve returns at once when its context ends. The value stays, and Serve may run again.
//
// # How files are followed
//
// Every directory and every link on the way to a file is watched, and the file itself. The
// way is followed again after each event. So the swap of ..data by Kubernetes is seen, even
// if other links lead to the volume. A single file that is mounted from elsewhere is seen
// through its inode. Kubernetes never updates a file of a subPath mount.
//
// Events may not arrive: at the limit of inotify, on network file systems, FUSE and proc. The
// value then reads its files every 2 seconds and compares the content. Status.Polling has
// the reason. [Poll] does so from the start. Where events arrive, a check by stat every 5
// seconds finds what they do not report, such as a mount over a directory. One timer does it
// for the whole process. Nothing depends on the wall clock.
//
// Only regular files are opened. A system call that hangs, on a server that is down for one,
// does not keep Serve from returning. Its goroutine waits until the call returns, and no
// other reading of the value begins before.
//
// # Other systems
//
// The package is tested on Linux. It builds for other systems, with these differences:
//
//   - macOS and BSD: a watched directory costs a file descriptor for each of its files. So
//     only directories that hold the file or a link are watched. If a directory above them
//     is replaced, the check finds it within 5 seconds. Network file systems are not
//     recognized: use Poll.
//   - Windows: as on macOS. A watched directory is open, and a directory above it cannot be
//     renamed. Files have no numbers here: if a file is replaced while it is read, only its
//     time and size show it.
package file
