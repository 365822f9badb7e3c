package file

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// maxLinks is the number of symbolic links in a path after which it counts as a loop.
const maxLinks = 40

// wholeChain reports whether each directory on the way to a file is watched. On systems
// where a watched directory costs a descriptor for each of its files, only those are that
// contain the file or a link; the sweep finds a change of the others.
const wholeChain = runtime.GOOS == "linux"

// A found is what is at a path, without following a link.
type found struct {
	info   fs.FileInfo
	target string // of a link
	err    error
}

// A resolver finds files. It looks at each path only once. So all chains that lead through
// one link follow the same state of that link.
type resolver struct{ seen map[string]found }

func newResolver() *resolver { return &resolver{map[string]found{}} }

func (rs *resolver) look(path string) found {
	f, ok := rs.seen[path]
	if ok {
		return f
	}
	f.info, f.err = os.Lstat(path)
	if f.err == nil && f.info.Mode()&fs.ModeSymlink != 0 {
		f.target, f.err = os.Readlink(path)
	}
	rs.seen[path] = f
	return f
}

// A step is one name that is looked up in one directory.
type step struct {
	dir, name string
	found     found
}

func (s step) path() string { return filepath.Join(s.dir, s.name) }

// A chain is the way from the root to a file: all directories and links on it.
type chain struct {
	steps []step
	final string      // the path of the file, without links
	info  fs.FileInfo // of the file, or nil
	err   error       // the reason why the file is not found
}

// resolve follows the absolute path from the root, and keeps each step. It follows links as
// the kernel does, except the links of proc to open files: their text is not a path.
func (rs *resolver) resolve(path string) (c chain) {
	dir, names := split(path)
	links := 0
	for len(names) > 0 {
		name := names[0]
		names = names[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			dir = filepath.Dir(dir)
			continue
		}
		s := step{dir, name, rs.look(filepath.Join(dir, name))}
		c.steps = append(c.steps, s)
		c.final = s.path()
		switch info := s.found.info; {
		case s.found.err != nil:
			c.err = s.found.err
			return c
		case info.Mode()&fs.ModeSymlink != 0:
			if links++; links > maxLinks {
				c.err = syscall.ELOOP
				return c
			}
			if filepath.IsAbs(s.found.target) {
				var rest []string
				dir, rest = split(s.found.target)
				names = append(rest, names...)
			} else {
				names = append(splitNames(s.found.target), names...)
			}
		case len(names) > 0 && !info.IsDir():
			c.err = syscall.ENOTDIR
			return c
		default:
			dir = s.path()
		}
	}
	c.final = dir
	f := rs.look(dir)
	c.info, c.err = f.info, f.err
	return c
}

// split returns the root of an absolute path, and the names after it.
func split(path string) (root string, names []string) {
	volume := filepath.VolumeName(path)
	return volume + string(filepath.Separator), splitNames(path[len(volume):])
}

// splitNames returns the names in a path. A separator at the end counts as a dot behind it:
// it stands for a directory.
func splitNames(path string) []string {
	names := strings.FieldsFunc(path, func(c rune) bool { return c < 0x80 && os.IsPathSeparator(uint8(c)) })
	if path != "" && os.IsPathSeparator(path[len(path)-1]) {
		names = append(names, ".")
	}
	return names
}

// where appends to b what must not change while the file at the end of c is read.
func (c chain) where(b *strings.Builder) {
	for _, s := range c.steps {
		b.WriteString(s.dir)
		b.WriteByte(0)
		b.WriteString(s.name)
		b.WriteByte(0)
		if s.found.info != nil {
			b.WriteString(identity(s.found.info))
		}
		b.WriteByte(0)
		b.WriteString(s.found.target)
		b.WriteByte(0)
	}
	if c.err != nil {
		b.WriteString(c.err.Error())
	}
	b.WriteByte('\n')
}

// stamp appends to b what shows that the file at the end of c was written.
func (c chain) stamp(b *strings.Builder) {
	if c.info != nil && !c.info.IsDir() {
		b.WriteString(c.info.Mode().String())
		b.WriteString(c.info.ModTime().String())
		b.WriteString(itoa(c.info.Size()))
	}
}

// dependencies adds to d what must be watched to see each change of c.
func (c chain) dependencies(rs *resolver, d dependencies) {
	for i, s := range c.steps {
		last := i == len(c.steps)-1
		if wholeChain || last || s.found.err != nil || s.found.target != "" {
			d.directory(rs, s.dir).names[s.name] = true
		}
	}
	if wholeChain && c.info != nil && c.info.Mode().IsRegular() {
		// A hard link or a bind mount changes the file through another directory.
		d.add(c.final, c.info)
	}
}

// failure returns the error of the chain. path is what the user gave.
func (c chain) failure(path string) error {
	if errors.Is(c.err, syscall.ELOOP) {
		return errors.New("too many symbolic links")
	}
	return withoutPath(path, c.final, c.err)
}

// A dependency is a directory or a file that must be watched.
type dependency struct {
	id    string
	names map[string]bool // the names in the directory that matter
	all   bool            // all names do
}

// dependencies are the dependencies of a value, by path.
type dependencies map[string]*dependency

func (d dependencies) add(path string, info fs.FileInfo) *dependency {
	p := d[path]
	if p == nil {
		p = &dependency{names: map[string]bool{}}
		if info != nil {
			p.id = identity(info)
		}
		if p.id == "" {
			p.id = path
		}
		d[path] = p
	}
	return p
}

func (d dependencies) directory(rs *resolver, path string) *dependency {
	return d.add(path, rs.look(path).info)
}
