package file

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxEntries is the greatest number of files and directories below a NewDir.
const maxEntries = 10_000

var errLoop = errors.New("a link to a directory above it")

// A dir is a source of all files below an absolute path. The user gave it as path.
type dir struct {
	path, absolute string
	limit          int
}

func (d *dir) name() string { return d.path }

func (d *dir) look() *view {
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
	}
	w.view.where = w.where.String()
	w.view.stamp = w.view.where + w.stamp.String()
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
// holds the directories on the way. list leaves out names that begin with two dots. They are
// internal to volumes of Kubernetes, and the other names link there.
func (w *walk) list(final, name string, above []string) error {
	above = append(slices.Clip(above), final)
	w.view.dependencies.directory(w.resolver, final).all = true
	list, err := os.ReadDir(final)
	if err != nil {
		return err
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), "..") {
			continue
		}
		if len(w.entries) >= maxEntries {
			return fmt.Errorf("%w: more than %d files", ErrTooLarge, maxEntries)
		}
		c := w.add(filepath.Join(final, e.Name()))
		if slices.Contains(above, c.final) {
			c.err = errLoop
		}
		below := path.Join(name, e.Name())
		w.entries = append(w.entries, entry{below, c})
		if c.err == nil && c.info.IsDir() {
			if err := w.list(c.final, below, above); err != nil {
				return err
			}
		}
	}
	return nil
}

// read reads the entries. An entry that cannot be read is in the tree with its error, which
// the decoder gets if it opens the entry: an editor may leave a link that leads nowhere.
func (d *dir) read(entries []entry) (c content, err error) {
	t := newTree(d.path)
	left := d.limit
	for _, e := range entries {
		n := &node{name: path.Base(e.name), path: e.name}
		switch {
		case e.chain.err != nil:
			n.err = e.chain.failure(filepath.Join(d.absolute, e.name))
		case e.chain.info.IsDir():
			n.mode, n.time = fs.ModeDir|e.chain.info.Mode().Perm(), e.chain.info.ModTime()
		default:
			var torn bool
			n.mode, n.time = e.chain.info.Mode(), e.chain.info.ModTime()
			n.data, torn, n.err = readFile(e.chain.final, e.chain.info, left)
			c.torn = c.torn || torn
		}
		if isTooLarge(n.err) {
			return c, named(d.path, tooLarge(d.limit))
		}
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
