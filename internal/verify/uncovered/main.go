// Uncovered fails if a coverage profile has a statement that no test ran and no
// comment explains.
//
//	go run ./internal/verify/uncovered cover.out
//
// A comment explains a block that is not covered. It stands in the line that
// opens the block, or in the next line:
//
//	// uncovered: why no test gets here
//	// by chance: which schedule it takes
//
// If a test runs a block that has the first comment, Uncovered fails too.
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: uncovered cover.out")
		os.Exit(2)
	}
	profile, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	r, err := check(string(profile), source)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	fmt.Print(r)
	if len(r.wrong) > 0 {
		os.Exit(1)
	}
}
