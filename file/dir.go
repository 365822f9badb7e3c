package file

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxEntries is the greatest number of files and directories below a NewDir.
var maxEntries = 10_000

var errLoop = errors.New("a link to a directory above it")

// A dir is a source of the files below an absolute path. The user gave it as path.
type dir struct {
	path, absolute string
	limit          int
	err            error // of the way to the absolute path, or nil
}

func newDir(name string, limit int) *dir {
	d := &dir{path: name, limit: limit}
	if path, err := absolute(name); err != nil {
		d.err = named(name, err)
	} else {
		d.absolute = path
	}
	return d
}

func (d *dir) name() string { return d.path }

// leftOut reports whether a NewDir has no file with the name: hidden files, and what editors
// leave next to the files that they edit. The names of Kubernetes in a volume are hidden.
func leftOut(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || strings.HasSuffix(name, ".swp") ||
		len(name) > 1 && strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#")
}

func (d *dir) look() *view {
	if d.err != nil {
		return failedView(d.err)
	}
	w := &walk{resolver: newResolver(), view: &view{dependencies: dependencies{}}}
	top := w.add(d.absolute)
	var failed error
	switch {
	case top.err != nil:
		failed = named(d.path, top.failure(d.absolute))
	case !top.info.IsDir():
		failed = named(d.path, errors.New("not a directory"))
	default:
		if err := w.list(top.final, "", nil); err != nil {
			failed = named(d.path, withoutPath("", "", err))
		}
		if isTooLarge(failed) {
			// Thousands of watches are not worth it. The sweep finds it when there are fewer
			// files, by the text in the stamp.
			w.where.WriteString(failed.Error())
			w.view.dependencies = dependencies{}
			top.dependencies(w.resolver, w.view.dependencies)
			w.view.dependencies.directory(w.resolver, top.final).all = true
		}
	}
	w.view.where = w.where.String()
	w.view.stamp = stampOf(w.view.where, w.stamp.String())
	w.view.read = func() (content, error) {
		if failed != nil {
			return content{}, failed
		}
		return d.read(w.entries)
	}
	return w.view
}

// An entry is a file or a directory below a dir.
type entry struct {
	name  string // below the dir, with slashes
	chain chain
}

// A walk finds the entries of a dir.
type walk struct {
	resolver     *resolver
	view         *view
	where, stamp strings.Builder
	entries      []entry
}

// add resolves an absolute path, and notes what it depends on.
func (w *walk) add(absolute string) chain {
	c := w.resolver.resolve(absolute)
	c.where(&w.where)
	c.stamp(&w.stamp)
	c.dependencies(w.resolver, w.view.dependencies)
	return c
}

// list adds what is in the directory at final, which is called name below the dir. above
// holds the directories on the way. A directory below that cannot be listed is an entry with
// its error.
func (w *walk) list(final, name string, above []string) error {
	above = append(slices.Clip(above), final)
	w.view.dependencies.directory(w.resolver, final).all = true
	list, err := os.ReadDir(final)
	if err != nil {
		w.where.WriteString(err.Error())
		return err
	}
	for _, e := range list {
		if leftOut(e.Name()) {
			continue
		}
		i := len(w.entries)
		if i >= maxEntries {
			return fmt.Errorf("%w: more than %d files", ErrTooLarge, maxEntries)
		}
		c := w.add(filepath.Join(final, e.Name()))
		if slices.Contains(above, c.final) {
			c.err = errLoop
		}
		below := path.Join(name, e.Name())
		w.entries = append(w.entries, entry{below, c})
		if c.err == nil && c.info.IsDir() {
			err := w.list(c.final, below, above)
			if isTooLarge(err) {
				return err
			}
			w.entries[i].chain.err = err
		}
	}
	return nil
}

// read reads the entries. An entry that cannot be read is in the tree with its error, which
// the decoder gets if it opens the entry: a file that it needs not may be unreadable.
func (d *dir) read(entries []entry) (c content, err error) {
	t := newTree()
	left := d.limit
	for _, e := range entries {
		n := &node{name: path.Base(e.name), path: e.name}
		if info := e.chain.info; info != nil {
			n.mode, n.time = info.Mode(), info.ModTime()
		}
		switch {
		case e.chain.err != nil:
			n.err = e.chain.failure(filepath.Join(d.absolute, e.name))
		case !n.IsDir():
			var torn bool
			n.data, torn, err = readFile(e.chain.final, e.chain.info, left)
			n.err = withoutPath("", "", err)
			c.torn = c.torn || torn
		}
		if isTooLarge(n.err) {
			return c, named(d.path, tooLarge(d.limit))
		}
		c.transient = c.transient || transient(n.err)
		left -= len(n.data)
		n.data = withoutMark(n.data)
		t.add(n)
	}
	c.tree, c.hash = t, t.hash()
	return c, nil
}

// hash returns the hash of the names and contents.
func (t *tree) hash() string {
	h := sha256.New()
	for _, n := range t.list {
		fmt.Fprintf(h, "%q %v %d", n.path, n.mode.Type(), len(n.data))
		if n.err != nil {
			fmt.Fprintf(h, " %q", n.err)
		}
		h.Write([]byte{'\n'})
		h.Write(n.data)
	}
	return hex.EncodeToString(h.Sum(nil))
}
