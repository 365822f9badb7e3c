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
	// gomaxprocs matches the suffix that package testing appends to names.
	gomaxprocs = regexp.MustCompile(`-\d+$`)
	rawResults = regexp.MustCompile(`bench/results/[-\w]+\.txt`)
)

// Functions returns the names of the functions in a file.
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

// Missing returns the sub-benchmarks that are in the results of BENCHMARKS.md
// in dir, but do not exist. pkg is the last element of the path of a package,
// and Missing returns only sub-benchmarks of that package. A sub-benchmark
// exists if its function is among functions and its contender among contenders.
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
	elsewhere := false // the line is a result of another package
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
