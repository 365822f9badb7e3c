package file

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// A source is what a value is read from: some files, or a directory.
type source interface {
	// look finds the files, without reading them.
	look() *view
	// name is the path for errors that concern no single file.
	name() string
}

// A view is the state of a source at one time, without its contents.
type view struct {
	dependencies dependencies

	// where identifies the directories, links and files. It must be the same before and
	// after a reading.
	where string

	// stamp is a hash of where and of the sizes and times of the files.
	stamp string

	// linked reports that one link leads to all files, so that they are usually replaced
	// at once.
	linked bool

	// read reads the files.
	read func() (content, error)
}

// failedView returns the view of a source without an absolute path.
func failedView(err error) *view {
	return &view{read: func() (content, error) { return content{}, err }}
}

// stampOf returns the stamp of a view.
func stampOf(where, times string) string {
	sum := sha256.Sum256([]byte(where + times))
	return string(sum[:])
}

// A content is what was read. It has files or a tree.
type content struct {
	hash      string
	torn      bool // a file was written or replaced while it was read
	transient bool // a file in the tree has a transient error
	files     map[string][]byte
	tree      fs.FS
}

// transient reports whether err can end without an event of the files, as the lack of file
// descriptors does.
func transient(err error) bool {
	_, ok := errors.AsType[syscall.Errno](err)
	return ok && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.ENOTDIR)
}

// A paths is a source of files at absolute paths. The user gave them as names.
type paths struct {
	names, absolute []string
	limit           int
	err             error // of the way to an absolute path, or nil
}

func newPaths(names []string, limit int) *paths {
	p := &paths{names: names, limit: limit}
	for _, name := range names {
		path, err := absolute(name)
		if err != nil && p.err == nil {
			p.err = named(name, err)
		}
		p.absolute = append(p.absolute, path)
	}
	return p
}

func (p *paths) name() string { return strings.Join(p.names, ", ") }

func (p *paths) look() *view {
	if p.err != nil {
		return failedView(p.err)
	}
	rs := newResolver()
	chains := make([]chain, len(p.absolute))
	v := &view{dependencies: dependencies{}}
	var where, stamp strings.Builder
	for i, path := range p.absolute {
		chains[i] = rs.resolve(path)
		chains[i].where(&where)
		chains[i].stamp(&stamp)
		chains[i].dependencies(rs, v.dependencies)
	}
	v.where = where.String()
	v.stamp = stampOf(v.where, stamp.String())
	v.linked = linked(chains)
	v.read = func() (content, error) { return p.read(chains) }
	return v
}

// read reads the file at the end of each chain, not at the path, which may lead to another
// file by now.
func (p *paths) read(chains []chain) (c content, err error) {
	c.files = make(map[string][]byte, len(chains))
	left := p.limit
	for i, chain := range chains {
		name := p.names[i]
		if chain.err != nil {
			return c, named(name, chain.failure(p.absolute[i]))
		}
		data, torn, err := readFile(chain.final, chain.info, left)
		if err != nil {
			if left < p.limit && isTooLarge(err) {
				err = tooLarge(p.limit)
			}
			return c, named(name, withoutPath("", "", err))
		}
		left -= len(data)
		c.torn = c.torn || torn
		if c.files[name], err = text(data); err != nil {
			return c, named(name, err)
		}
	}
	c.hash = hashOf(c.files)
	return c, nil
}

// hashOf returns the hash of the contents. For one file it is the SHA-256 of the content.
func hashOf(files map[string][]byte) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if len(files) > 1 {
			h.Write([]byte(strconv.Quote(name) + " " + strconv.Itoa(len(files[name])) + "\n"))
		}
		h.Write(files[name])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// linked reports whether all chains lead through one link, and through no other link after
// it. A writer that replaces that link replaces all files at once.
func linked(chains []chain) bool {
	common := ""
	for i, c := range chains {
		last := ""
		for _, s := range c.steps {
			if s.found.target != "" {
				last = s.path()
			}
		}
		if i == 0 {
			common = last
		}
		if last == "" || last != common {
			return false
		}
	}
	return true
}
