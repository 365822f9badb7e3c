package file

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"time"
)

// A tree is the files below a directory, in memory. The decoder of a NewDir gets it.
// It implements [fs.FS], [fs.ReadFileFS], [fs.ReadDirFS] and [fs.StatFS], and does not change.
type tree struct {
	nodes map[string]*node
	list  []*node // in the order in which they were added
}

// A node is a file or directory of a tree. It is its own [fs.FileInfo] and [fs.DirEntry].
type node struct {
	name, path string
	mode       fs.FileMode
	time       time.Time
	data       []byte
	err        error // why it cannot be read, or nil
	children   []fs.DirEntry
}

func newTree() *tree {
	return &tree{nodes: map[string]*node{".": {name: ".", path: ".", mode: fs.ModeDir | 0o555}}}
}

// add adds a node. Its directory has been added before, and the nodes of one directory are
// added in the order of their names.
func (t *tree) add(n *node) {
	t.nodes[n.path] = n
	t.list = append(t.list, n)
	parent := t.nodes[path.Dir(n.path)]
	parent.children = append(parent.children, n)
}

// find returns a node that can be read.
func (t *tree) find(op, name string) (*node, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	n := t.nodes[name]
	if n == nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	if n.err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: n.err}
	}
	return n, nil
}

func (t *tree) Open(name string) (fs.File, error) {
	n, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	return &handle{node: n, Reader: bytes.NewReader(n.data)}, nil
}

func (t *tree) ReadFile(name string) ([]byte, error) {
	n, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	if n.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrInvalid}
	}
	return slices.Clone(n.data), nil
}

func (t *tree) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := t.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if !n.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	return slices.Clone(n.children), nil
}

func (t *tree) Stat(name string) (fs.FileInfo, error) {
	n, err := t.find("stat", name)
	if err != nil {
		return nil, err
	}
	return n, nil
}

func (n *node) Name() string               { return n.name }
func (n *node) Size() int64                { return int64(len(n.data)) }
func (n *node) Mode() fs.FileMode          { return n.mode }
func (n *node) Type() fs.FileMode          { return n.mode.Type() }
func (n *node) ModTime() time.Time         { return n.time }
func (n *node) IsDir() bool                { return n.mode.IsDir() }
func (n *node) Sys() any                   { return nil }
func (n *node) Info() (fs.FileInfo, error) { return n, n.err }
func (n *node) String() string             { return fs.FormatFileInfo(n) }

// A handle is an open node.
type handle struct {
	node *node
	*bytes.Reader
	next int // the next child that ReadDir returns
}

func (h *handle) Stat() (fs.FileInfo, error) { return h.node, nil }
func (h *handle) Close() error               { return nil }

func (h *handle) Read(b []byte) (int, error) {
	if h.node.IsDir() {
		return 0, &fs.PathError{Op: "read", Path: h.node.path, Err: fs.ErrInvalid}
	}
	return h.Reader.Read(b)
}

// ReadDir implements [fs.ReadDirFile].
func (h *handle) ReadDir(n int) ([]fs.DirEntry, error) {
	rest := h.node.children[h.next:]
	if !h.node.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: h.node.path, Err: fs.ErrInvalid}
	}
	if n > 0 {
		if len(rest) == 0 {
			return nil, io.EOF
		}
		rest = rest[:min(n, len(rest))]
	}
	h.next += len(rest)
	return slices.Clone(rest), nil
}
