package explore

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

const module = "github.com/eventvalue/event"

// SmallConstants makes hand-offs, chains of several rows and sweeps happen with very few waiters. They are
// the only difference between what is explored and what is shipped.
var SmallConstants = map[string]string{"minSweep": "2", "Inline": "1", "rowLength": "2"}

// insides holds the files that are added to explored packages. They set the
// functions of package inspect.
//
//go:embed testdata/inside
var insides embed.FS

// A Program is the scenarios, built with the library as it is explored.
type Program struct {
	path, overlay string
}

// A packageInfo is what go list says.
type packageInfo struct {
	ImportPath, Export, Dir string
	GoFiles                 []string
	// Others would escape the rewriting.
	CgoFiles, SFiles, CFiles, IgnoredGoFiles []string
}

// Build builds the scenarios in dir, which the caller removes. Before it rewrites the library it
// hands each of its files to patch, unless that is nil: by its path within the module.
func Build(ctx context.Context, dir string, patch func(file string, text []byte) ([]byte, error)) (*Program, error) {
	packages, err := list()
	if err != nil {
		return nil, err
	}
	root := packages[module].Dir
	imports := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(packages[path].Export)
	})
	replace := map[string]string{}
	small := maps.Clone(SmallConstants)
	for _, path := range []string{module + "/notify", module} {
		p := packages[path]
		constants := small
		if path == module {
			constants = nil // They are notify's.
		}
		if err := overlay(dir, root, p, imports, patch, constants, replace); err != nil {
			return nil, err
		}
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
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

// overlay writes the files that stand in for those of p to dir and notes them in replace.
func overlay(dir, root string, p packageInfo, imports types.Importer, patch func(string, []byte) ([]byte, error),
	constants map[string]string, replace map[string]string,
) error {
	files := map[string][]byte{}
	for _, name := range p.GoFiles {
		full := filepath.Join(p.Dir, name)
		text, err := os.ReadFile(full)
		if err != nil {
			return err
		}
		if patch != nil {
			rel, err := filepath.Rel(root, full)
			if err != nil {
				return err
			}
			if text, err = patch(filepath.ToSlash(rel), text); err != nil {
				return err
			}
		}
		files[full] = text
	}
	texts, err := rewritePackage(p.ImportPath, files, imports, constants)
	if err != nil {
		return err
	}
	name := filepath.Base(p.ImportPath)
	inside, err := insides.ReadFile("testdata/inside/" + name + ".go")
	if err != nil {
		return err
	}
	texts[filepath.Join(p.Dir, "explore_inside.go")] = inside
	for full, text := range texts {
		to := filepath.Join(dir, name+"_"+filepath.Base(full))
		if err := os.WriteFile(to, text, 0o666); err != nil {
			return err
		}
		replace[full] = to
	}
	return nil
}

// list returns what go list says of the library's packages and all that they need.
var list = sync.OnceValues(func() (map[string]packageInfo, error) {
	explored := []string{module, module + "/notify"}
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
			return nil, fmt.Errorf("%s has files of which the explorer knows nothing: %v", path, others)
		}
	}
	return packages, nil
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
