package etcd_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var mutants = flag.Bool("mutants", false, "run TestSimulationFindsMutants")

// A mutant is a seeded bug that the simulation must find: a patch in
// testdata/mutants. Its first line describes the bug, and its second line has
// text of what the simulation must report.
type mutant struct {
	name, patch, found string
	files              []string // that it changes, from the root of the repository
}

var (
	foundLine   = regexp.MustCompile(`(?m)^Found as: (.+)$`)
	patchedLine = regexp.MustCompile(`(?m)^\+\+\+ b/(.+)$`)
)

func readMutants(t *testing.T) (all []mutant) {
	t.Helper()
	names, err := filepath.Glob("testdata/mutants/*.patch")
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no mutants: %v", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found := foundLine.FindStringSubmatch(string(text))
		if found == nil {
			t.Fatalf("%s does not say how it is found", name)
		}
		m := mutant{name: strings.TrimSuffix(filepath.Base(name), ".patch"), patch: string(text), found: found[1]}
		for _, file := range patchedLine.FindAllStringSubmatch(string(text), -1) {
			m.files = append(m.files, file[1])
		}
		all = append(all, m)
	}
	return all
}

// overlay applies m to a copy of its files, and returns the name of the overlay
// for the go command.
func (m mutant) overlay(t *testing.T) string {
	t.Helper()
	dir, replace := t.TempDir(), map[string]string{}
	for _, file := range m.files {
		original, err := filepath.Abs(filepath.Join("..", file))
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(original)
		if err != nil {
			t.Fatal(err)
		}
		replace[original] = filepath.Join(dir, file)
		write(t, replace[original], text)
	}
	apply := exec.Command("git", "apply")
	apply.Dir, apply.Stdin = dir, strings.NewReader(m.patch)
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("the patch does not apply any more: %v\n%s", err, out)
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "overlay.json")
	write(t, name, text)
	return name
}

func write(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestSimulationMutantsApply shows that each patch fits the code.
func TestSimulationMutantsApply(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip(err)
	}
	for _, m := range readMutants(t) {
		t.Run(m.name, func(t *testing.T) { m.overlay(t) })
	}
}

// TestSimulationFindsMutants runs the simulation over each mutant until a seed
// fails.
func TestSimulationFindsMutants(t *testing.T) {
	if !*mutants {
		t.Skip("builds a program for each mutant; make mutants does that")
	}
	for _, m := range readMutants(t) {
		t.Run(m.name, func(t *testing.T) {
			binary := filepath.Join(t.TempDir(), "test")
			build := exec.Command("go", "test", "-c", "-overlay", m.overlay(t), "-o", binary, ".")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			out, err := exec.Command(binary, "-test.run=^TestSimulation$", "-test.timeout=3m", "-seeds=3000", "-shrinks=0").CombinedOutput()
			switch {
			case err == nil:
				t.Error("no seed finds it")
			case !strings.Contains(string(out), m.found):
				t.Errorf("the simulation does not report %q, but:\n%.2000s", m.found, out)
			default:
				t.Log(strings.SplitN(string(out), "\n", 4)[1:3])
			}
		})
	}
}
