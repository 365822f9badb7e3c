package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// costs writes the table of the intended costs of this library.
func (w *writer) costs() {
	w.line("%s", "## Intended costs")
	w.line("")
	w.line("%s", "The limits that this library sets for itself, and the lower figures that it aims at. All are ratios except the last, which is a count. A question mark follows a verdict that the interval leaves open.")
	w.line("")
	w.header("what", "against", "reach", "aim", "measured", "interval", "verdict")
	var missed []string
	for _, c := range costs {
		s, ok := w.r.cost(c)
		measured, interval, verdict := "?", "", "not measured"
		if ok {
			measured, interval, verdict = number(s.Center), s.interval(), c.verdict(s)
		} else {
			w.missCost(c)
		}
		w.row(c.what, c.against, fmt.Sprint(c.reach), fmt.Sprint(c.aim), measured, interval, verdict)
		if strings.HasPrefix(verdict, missedIt) && c.missed != "" {
			missed = append(missed, fmt.Sprintf("- **%s.** %s", c.what, c.missed))
		}
	}
	if len(missed) > 0 {
		w.line("")
		w.line("%s", "The reasons for the missed limits:")
		w.line("")
	}
	for _, m := range missed {
		w.line("%s", m)
	}
}

// missCost records the missing figures of a cost.
func (w *writer) missCost(c cost) {
	for _, f := range []figure{c.num, c.den} {
		if _, ok := w.r.value(f); !ok && f != (figure{}) {
			w.miss(f)
		}
	}
}

const missedIt = "**missed**"

// cost summarizes the measurements of a cost.
func (r *results) cost(c cost) (summary, bool) {
	if c.den == (figure{}) {
		return r.value(c.num)
	}
	return r.ratio(c.num, c.den)
}

// verdict returns the verdict on a measured cost.
func (c cost) verdict(s summary) string {
	// The report shows the rounded number, so the verdict is on that number.
	center := mustParse(number(s.Center))
	verdict, limit := missedIt, c.reach
	switch {
	case center <= c.aim:
		verdict, limit = "aim reached", c.aim
	case center <= c.reach:
		verdict = "reached"
	}
	if s.Lo <= limit && limit < s.Hi {
		verdict += "?"
	}
	if s.noise {
		verdict += " *(noise)*"
	}
	return verdict
}

// noise writes the ratios that are not reliable.
func (w *writer) noise() {
	w.line("%s", "## Noise")
	w.line("")
	w.line("%s", w.r.machine())
	w.line("")
	ratios, noisy := w.ratios, slices.Clone(w.noisy)
	for _, c := range costs {
		if c.den.rival != "event" {
			continue // It is in a table above, or it is a count.
		}
		if s, ok := w.r.cost(c); ok {
			ratios++
			if s.noise {
				noisy = append(noisy, c.what+", against "+c.against)
			}
		}
	}
	w.line("Of %d ratios, %d are marked as noise. They include the ratios of this library to itself in the intended costs, but no ratio to a figure of 0. By chance, one ratio in twenty differs between the two halves of a run.", ratios, len(noisy))
	w.line("")
	for _, n := range noisy {
		w.line("- %s", n)
	}
	if len(noisy) == 0 {
		w.line("- none")
	}
	w.line("")
}

// The limits of a quiet machine. See the package's documentation.
const (
	tooLong     = 1.05 // duration of a calibration, relative to the median
	tooOften    = 0.1  // share of the calibrations that take too long
	tooMuchLoad = 0.5  // load average above one for each processor
	tooWide     = 0.1  // half the width of an interval, relative to its median
)

// machine returns the verdict on the machine: quiet, noisy or unknown.
func (r *results) machine() string {
	signs, noisy := r.signs()
	text := strings.Join(signs, "; ") + "."
	if noisy {
		return "**The machine was noisy**, by the signs in bold: " + text + " Therefore trust only the ratios and their intervals."
	}
	if _, known := r.width(); !known {
		return "This was too little to know whether the machine was quiet: " + text
	}
	return "The machine was quiet: " + text
}

// signs returns the measurements by which the machine was quiet or noisy. Signs
// of noise are bold.
func (r *results) signs() (signs []string, noisy bool) {
	sign := func(tooMuch bool, format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		if tooMuch {
			noisy = true
			text = "**" + text + "**"
		}
		signs = append(signs, text)
	}
	for _, unit := range []string{"sec/one", "sec/all"} {
		values := r.arithmetic[unit]
		if len(values) == 0 {
			continue
		}
		late, limit := 0, tooLong*center(sample(values))
		for _, v := range values {
			if v > limit {
				late++
			}
		}
		on := map[string]string{"sec/one": "one processor", "sec/all": "all processors"}[unit]
		sign(float64(late) > tooOften*float64(len(values)), "the same arithmetic on %s took more than %.0f %% longer than its median %d times of %d",
			on, 100*(tooLong-1), late, len(values))
	}
	if width, ok := r.width(); ok {
		sign(width > tooWide, "a Set or a Get with something new is known to ±%.0f %% (the median of all contenders)", 100*width)
	}
	if len(r.loads) > 0 {
		procs, _ := strconv.ParseFloat(r.config["gomaxprocs"], 64)
		load := slices.Max(r.loads)
		sign(load > procs+tooMuchLoad, "the load average was at most %.1f", load)
	}
	return signs, noisy
}

// width returns a typical width of the intervals of Set and Get, the workloads
// without waiting. It is the median of half the widths, each relative to its
// median. The calibration cannot detect another thread on the same core,
// because its instructions depend on each other and leave parts of the core
// unused.
func (r *results) width() (share float64, ok bool) {
	var widths []float64
	for f, values := range r.values {
		if f.unit != perOp || f.bench != "Set" && f.bench != "Get" {
			continue
		}
		if s, ok := summarize(values); ok && s.bounded() {
			widths = append(widths, (s.Hi-s.Lo)/2/s.Center)
		}
	}
	if len(widths) == 0 {
		return 0, false
	}
	return center(sample(widths)), true
}
