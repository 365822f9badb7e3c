package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// module is a prefix of the file names in a profile. The files on disk are
// found without it.
const module = "github.com/eventvalue/event/"

// A block is a run of statements, as in a profile.
type block struct {
	file            string
	line, column    int
	endLine, endCol int
}

func (b block) String() string { return fmt.Sprintf("%s:%d", b.file, b.line) }

// A report is the outcome of a check.
type report struct {
	statements, ran int
	explained       []string
	wrong           []string
}

func (r report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d statements, %d blocks explained\n", r.ran, r.statements, len(r.explained))
	for _, s := range r.explained {
		fmt.Fprintln(&b, "  explained:", s)
	}
	for _, s := range r.wrong {
		fmt.Fprintln(&b, "  WRONG:", s)
	}
	return b.String()
}

// source returns the lines of a file.
func source(name string) ([]string, error) {
	text, err := os.ReadFile(name)
	return strings.Split(string(text), "\n"), err
}

// check checks a profile. The profile may contain a block several times.
func check(profile string, source func(name string) ([]string, error)) (r report, err error) {
	counts, sizes := make(map[block]int), make(map[block]int)
	for line := range strings.Lines(profile) {
		if strings.HasPrefix(line, "mode:") {
			continue
		}
		name, rest, _ := strings.Cut(line, ":")
		b := block{file: strings.TrimPrefix(name, module)}
		var statements, count int
		if _, err := fmt.Sscanf(rest, "%d.%d,%d.%d %d %d", &b.line, &b.column, &b.endLine, &b.endCol, &statements, &count); err != nil {
			return r, fmt.Errorf("not a profile: %q: %w", line, err)
		}
		counts[b] += count
		sizes[b] = statements
	}
	if len(counts) == 0 {
		return r, errors.New("the profile is empty")
	}
	byPosition := func(a, b block) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	}
	for _, b := range slices.SortedFunc(maps.Keys(counts), byPosition) {
		if sizes[b] == 0 {
			continue
		}
		lines, err := source(b.file)
		if err != nil {
			return r, err
		}
		r.statements += sizes[b]
		why, never := explanation(b, lines)
		switch {
		case counts[b] > 0 && never:
			r.wrong = append(r.wrong, fmt.Sprintf("%v: a test gets here, but: %s", b, why))
		case counts[b] > 0:
			r.ran += sizes[b]
		case why == "":
			r.wrong = append(r.wrong, fmt.Sprintf("%v: no test gets here: %s", b, strings.TrimSpace(lines[b.line-1])))
		default:
			r.explained = append(r.explained, fmt.Sprintf("%v: %s", b, why))
		}
	}
	return r, nil
}

// explanation returns the text of the comment that explains why b is not
// covered, or "". It reports true if the comment claims that b is never
// covered.
func explanation(b block, lines []string) (why string, never bool) {
	// A block begins at its first statement, at the brace that opens it, or
	// after the colon of a case.
	for n := b.line; n <= min(b.line+1, b.endLine); n++ {
		line := lines[n-1]
		if _, why, found := strings.Cut(line, "// uncovered: "); found {
			return why, true
		}
		if _, why, found := strings.Cut(line, "// by chance: "); found {
			return why, false
		}
	}
	return "", false
}
