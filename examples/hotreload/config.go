package main

import "fmt"

// A Config is one version of a configuration. Many goroutines share it.
// Invariant: a published Config is not modified.
type Config struct {
	Settings []Setting // sorted as the decoder has them; each key is there once

	// Version is the version of the file's value. It is not in the file.
	Version int

	// delivery measures the delivery of the Config. It is a field of the
	// Config, so that a worker needs no lock and no look-up that would distort
	// the measurement.
	delivery *Delivery
}

// A Setting is a key with its value.
type Setting struct {
	Key   string
	Value any // comparable by its text
}

// Changes lists the differences between old and c as text. old may be nil.
func (c *Config) Changes(old *Config) []string {
	if old == nil {
		return []string{"first load"}
	}
	before := map[string]string{}
	for _, s := range old.Settings {
		before[s.Key] = fmt.Sprint(s.Value)
	}
	var changes []string
	for _, s := range c.Settings {
		now := fmt.Sprint(s.Value)
		was, had := before[s.Key]
		delete(before, s.Key)
		switch {
		case !had:
			changes = append(changes, fmt.Sprintf("%s – → %s", s.Key, now))
		case was != now:
			changes = append(changes, fmt.Sprintf("%s %s → %s", s.Key, was, now))
		}
	}
	for _, s := range old.Settings {
		if was, gone := before[s.Key]; gone {
			changes = append(changes, fmt.Sprintf("%s %s → –", s.Key, was))
		}
	}
	if len(changes) == 0 {
		changes = []string{"no setting"}
	}
	return changes
}
