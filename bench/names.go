package bench

import (
	"bufio"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	// gomaxprocs is what package testing appends to names.
	gomaxprocs = regexp.MustCompile(`-\d+$`)
	rawResults = regexp.MustCompile(`bench/results/[-\w]+\.txt`)
)

// Functions returns the names of those in a file.
func Functions(path string) (names []string, err error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		return nil, err
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			names = append(names, f.Name.Name)
		}
	}
	return names, nil
}

// Missing returns the sub-benchmarks of a package, given by its path's last part, that are in the results of which
// BENCHMARKS.md, in a directory, is made, and do not exist (any more) with these functions, of a file of that
// package, and these contenders, who are all of it.
func Missing(dir, pkg string, functions []string, contenders []Contender) (missing []string, err error) {
	report, err := os.ReadFile(filepath.Join(dir, "BENCHMARKS.md"))
	if err != nil {
		return nil, err
	}
	path := rawResults.Find(report)
	if path == nil {
		return nil, errors.New("BENCHMARKS.md does not say where its results are")
	}
	results, err := os.Open(filepath.Join(dir, filepath.FromSlash(string(path))))
	if err != nil {
		return nil, err
	}
	defer results.Close()
	cells := map[string]bool{}
	for _, c := range Cells(contenders) {
		name, _, _ := strings.Cut(c, " ")
		function, _, _ := strings.Cut(name, "/")
		cells[name] = slices.Contains(functions, function)
	}
	lines := bufio.NewScanner(results)
	elsewhere := false // in results of another package
	for lines.Scan() {
		if path, ok := strings.CutPrefix(lines.Text(), "pkg: "); ok {
			elsewhere = !strings.HasSuffix(path, "/"+pkg)
		}
		if elsewhere {
			continue
		}
		name, _, _ := strings.Cut(lines.Text(), " ")
		name = gomaxprocs.ReplaceAllString(strings.TrimSpace(name), "")
		if strings.HasPrefix(name, "Benchmark") && !cells[name] && !slices.Contains(missing, name) {
			missing = append(missing, name)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading results: %w", err)
	}
	return missing, nil
}
