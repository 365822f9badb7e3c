// Package file makes values of configuration files and certificates. A [Value] follows its
// files on disk. Its watchers get each new state that the decoder accepts:
//
//	config := file.New("/etc/app/config.toml", toml.Decode[Config])
//	ctx, cancel := context.WithCancelCause(ctx)
//	go func() { cancel(config.Serve(ctx)) }()
//
//	w := config.Watch()
//	defer w.Close()
//	for {
//		c, err := w.Get(ctx)
//		if err != nil {
//			return context.Cause(ctx)
//		}
//		apply(c)
//	}
//
// Do not drop the error of Serve. If the first load fails, Serve returns, and a Get would wait
// for good. The error is the cause of the context here.
//
// [New] follows one file, [NewSet] several that belong together, [NewDir] a directory such as
// conf.d, and [KeyPair] a certificate with its key. Decoders are [JSON], and Decode of the
// packages file/toml and file/yaml, which are modules of their own. Any function that
// returns an error can be a decoder: docs/configuration.md shows koanf, viper and validation.
//
// # What holds
//
//   - The last good state stays until there is another good one: see [Value].
//   - At rest, the value has what is on disk, or the Status has the reason why not. Every
//     kind of save is followed: in place, by rename, by a link at any depth. Writes through
//     mmap are not: see below.
//   - Nothing is read before [Quiet] has passed since the last event. A single file that is
//     written all the time is read after ten times Quiet. Several files are not: see NewSet.
//   - Equal content publishes nothing.
//   - The files of a set, a directory and a key pair are read together. NewSet has the
//     limits.
//   - Serve returns at once when its context ends. The value stays, and Serve may run again.
//
// # How files are followed
//
// Every directory and every link on the way to a file is watched, and the file itself. The
// way is followed again after each event. So the swap of ..data by Kubernetes is seen, even
// if other links lead to the volume. A single file that is mounted from elsewhere is seen
// through its inode. Links of proc to open files, such as /dev/stdin, are not followed.
//
// Events may not arrive: at the limit of inotify, in a directory that the process may search
// but not list, on network file systems, FUSE and proc. The value then reads its files every
// 2 seconds and compares the content. Status.Polling has the reason. A value that polls
// publishes a new content after two equal readings in a row, Quiet apart. [Poll] makes a
// value poll from the start.
//
// For all other values a timer of the process looks at the files every 5 seconds, without
// reading them. It finds what is not reported, such as a mount over a directory, or a change
// on an unknown file system. It cannot find a change in place that leaves size and
// modification time as they were. A writer through mmap makes such changes, without an event.
// If a file is written through mmap, use Poll.
//
// A file that cannot be read for a reason that ends without an event, such as too many open
// files, is read again every 2 seconds. Nothing depends on the wall clock.
//
// A system call that hangs, on a server that is down for one, does not keep Serve from
// returning. Its goroutine waits until the call returns, and no other reading of the value
// begins before. Other values are not affected, with one exception. While the call that
// makes a watch hangs, all values without Poll wait, because they share one inotify instance.
//
// # Other systems
//
// The package is tested on Linux. It builds for other systems, with these differences:
//
//   - macOS and BSD: a watched directory costs a file descriptor for each of its files. So
//     only directories that hold the file or a link are watched. If a directory above them
//     is replaced, the timer finds it within 5 seconds. Network file systems are not
//     recognized: use Poll.
//   - Windows: as on macOS. A watched directory is open, and a directory above it cannot be
//     renamed. Files have no numbers here: if a file is replaced while it is read, only its
//     time and size show it.
package file
