package explore

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

const module = "github.com/eventvalue/event"

// SmallConstants has constants of the explored packages and the values that
// they get. With these values, hand-offs, chains of several batches and sweeps
// happen with very few waiters, and a Combine of two relies on what is marked.
var SmallConstants = map[string]string{"minSweep": "2", "Inline": "1", "batchLength": "2", "scanMax": "1", "maxLoose": "1"}

// insides holds the files that are added to explored packages. They set the
// functions of package inspect.
//
//go:embed testdata/inside
var insides embed.FS

// insideName returns the name that the file in insides for a package has, if
// there is such a file.
func insideName(importPath string) string { return path.Base(importPath) + ".go" }

// A Program is the scenarios, built with the library as it is explored.
type Program struct {
	path, overlay string
}

// A packageInfo is a package in the output of go list.
type packageInfo struct {
	ImportPath, Export, Dir string
	GoFiles                 []string
	// The rewriter cannot read these files.
	CgoFiles, SFiles, CFiles, IgnoredGoFiles []string
}

// Build builds the scenarios in dir, which the caller removes. If patch is not
// nil, Build passes each file of the explored packages to it before the
// rewriting, with the path of the file within the module.
func Build(ctx context.Context, dir string, patch func(file string, text []byte) ([]byte, error)) (*Program, error) {
	packages, err := list()
	if err != nil {
		return nil, err
	}
	o := overlay{
		dir:  filepath.Join(dir, "source"),
		root: packages[module].Dir,
		imports: importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
			return os.Open(packages[path].Export)
		}),
		patch:     patch,
		constants: maps.Clone(SmallConstants),
		replace:   map[string]string{},
	}
	for _, path := range explored {
		if err := o.add(packages[path]); err != nil {
			return nil, err
		}
	}
	if len(o.constants) > 0 {
		return nil, fmt.Errorf("no explored package has the constants %q", slices.Sorted(maps.Keys(o.constants)))
	}
	b, err := json.Marshal(map[string]any{"Replace": o.replace})
	if err != nil {
		return nil, err
	}
	p := &Program{path: filepath.Join(dir, "scenarios"), overlay: filepath.Join(dir, "overlay.json")}
	if err := os.WriteFile(p.overlay, b, 0o666); err != nil {
		return nil, err
	}
	_, err = run(exec.CommandContext(ctx, "go", "build", "-overlay", p.overlay, "-o", p.path, module+"/internal/verify/explore/scenarios"))
	return p, err
}

// An overlay is a build overlay in the making.
type overlay struct {
	dir       string // where the files are written
	root      string // the directory of the module
	imports   types.Importer
	patch     func(file string, text []byte) ([]byte, error)
	constants map[string]string // the part of SmallConstants that was not found yet
	replace   map[string]string // the file in dir, by the file of the module
}

// add rewrites p.
func (o *overlay) add(p packageInfo) error {
	within, err := filepath.Rel(o.root, p.Dir)
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	for _, name := range p.GoFiles {
		text, err := os.ReadFile(filepath.Join(p.Dir, name))
		if err != nil {
			return err
		}
		if o.patch != nil {
			if text, err = o.patch(filepath.ToSlash(filepath.Join(within, name)), text); err != nil {
				return err
			}
		}
		files[filepath.Join(p.Dir, name)] = text
	}
	texts, err := rewritePackage(p.ImportPath, files, o.imports, o.constants)
	if err != nil {
		return err
	}
	switch inside, err := insides.ReadFile("testdata/inside/" + insideName(p.ImportPath)); {
	case err == nil:
		texts[filepath.Join(p.Dir, "explore_inside.go")] = inside
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	dir := filepath.Join(o.dir, within)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for full, text := range texts {
		to := filepath.Join(dir, filepath.Base(full))
		if err := os.WriteFile(to, text, 0o666); err != nil {
			return err
		}
		o.replace[full] = to
	}
	return nil
}

// list returns the explored packages and all packages that they need, by path.
var list = sync.OnceValues(func() (map[string]packageInfo, error) {
	args := []string{"list", "-export", "-deps", "-json=ImportPath,Export,Dir,GoFiles,CgoFiles,SFiles,CFiles,IgnoredGoFiles"}
	out, err := run(exec.Command("go", append(args, explored...)...))
	if err != nil {
		return nil, err
	}
	packages := map[string]packageInfo{}
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var p packageInfo
		if err := d.Decode(&p); err != nil {
			return nil, err
		}
		packages[p.ImportPath] = p
	}
	for _, path := range explored {
		if others := packages[path].others(); len(others) > 0 {
			return nil, fmt.Errorf("%s has files that the explorer cannot rewrite: %v", path, others)
		}
	}
	added, err := insides.ReadDir("testdata/inside")
	for _, file := range added {
		if !slices.ContainsFunc(explored, func(path string) bool { return insideName(path) == file.Name() }) {
			return nil, fmt.Errorf("testdata/inside/%s belongs to no explored package", file.Name())
		}
	}
	return packages, err
})

// others returns the files of p that are not rewritten.
func (p packageInfo) others() []string {
	isTest := func(name string) bool { return strings.HasSuffix(name, "_test.go") }
	return slices.DeleteFunc(slices.Concat(p.CgoFiles, p.SFiles, p.CFiles, p.IgnoredGoFiles), isTest)
}

func run(c *exec.Cmd) ([]byte, error) {
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(c.Args, " "), err, stderr.Bytes())
	}
	return out, nil
}
