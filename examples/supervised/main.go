// Supervised shows producers and consumers of an Event Value under supervisors.
// They crash at random and are restarted, thousands of times. No consumer
// misses the current value.
//
//	go -C examples run ./supervised [-rounds n]
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
)

func main() {
	rounds := flag.Int("rounds", 5000, "number of values that the producer sets")
	flag.Parse()
	for _, name := range names() {
		r, err := run(context.Background(), supervisors[name], *rounds, func() bool { return rand.IntN(5) == 0 })
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(1)
		}
		fmt.Printf("%-9s %s\n", name, r)
	}
}

func names() []string {
	var all []string
	for name := range supervisors {
		all = append(all, name)
	}
	slices.SortFunc(all, strings.Compare)
	return all
}
